import {
  to = teleport_workload_cluster.acme_dev
  identity = {
    name = "acme-dev"
  }
}
