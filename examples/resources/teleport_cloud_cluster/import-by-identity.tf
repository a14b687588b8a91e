import {
  to = teleport_cloud_cluster.acme_preview
  identity = {
    name = "acme-preview"
  }
}
