import {
  to = teleport_cloud_cluster.acme_preview
  id = "acme-preview"
}

# If `terraform plan -generate-config-out=FILE` writes `status`, remove it: it is read-only.
