data "teleport_auth_preference" "this" {}

output "second_factor" {
  value = data.teleport_auth_preference.this.spec.second_factor
}
