data "teleport_bot" "deploy" {
  name = "deploy"
}

output "roles_of_deploy" {
  value = data.teleport_bot.deploy.spec.roles
}
