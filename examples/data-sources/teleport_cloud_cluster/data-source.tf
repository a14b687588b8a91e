data "teleport_cloud_cluster" "acme_preview" {
  metadata = {
    name = "acme-preview"
  }
}

output "state" {
  value = data.teleport_cloud_cluster.acme_preview.status.state
}
