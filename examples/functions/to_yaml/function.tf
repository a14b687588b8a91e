# tctl create -f developer.yaml
resource "local_file" "developer" {
  filename = "developer.yaml"
  content  = provider::teleport::to_yaml(teleport_role.developer)
}
