data "teleport_role" "access" {
  name = "access"
}

output "logins" {
  value = data.teleport_role.access.spec.allow.logins
}
