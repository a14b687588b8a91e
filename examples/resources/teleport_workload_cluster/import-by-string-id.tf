import {
  to = teleport_workload_cluster.acme_dev
  id = "acme-dev"
}
