data "teleport_provision_token" "deploy" {
  name = "deploy"
}

output "join_method" {
  value = data.teleport_provision_token.deploy.spec.join_method
}
