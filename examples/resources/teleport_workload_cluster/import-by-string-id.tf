import {
  to = teleport_workload_cluster.acme_dev
  id = "acme-dev"
}

# If `terraform plan -generate-config-out=FILE` writes `status`, remove it: it is read-only.
