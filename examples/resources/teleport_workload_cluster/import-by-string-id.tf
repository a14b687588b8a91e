import {
  to = teleport_workload_cluster.acme_dev
  id = "acme-dev"
}

# In what `terraform plan -generate-config-out=FILE` writes, the lines with `status` and `revision` may be deleted.
