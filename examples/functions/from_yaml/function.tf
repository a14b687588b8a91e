# tctl get role/developer > developer.yaml
locals {
  developer = provider::teleport::from_yaml(file("${path.module}/developer.yaml"))
}

resource "teleport_role" "developer" {
  version  = local.developer.version
  metadata = local.developer.metadata
  spec     = local.developer.spec
}
