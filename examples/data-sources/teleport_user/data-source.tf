data "teleport_user" "alice" {
  name = "alice"
}

output "has_password" {
  value = data.teleport_user.alice.status.password_state == 2
}
