data "teleport_workload_cluster" "acme_dev" {
  metadata = {
    name = "acme-dev"
  }
}

output "state" {
  value = data.teleport_workload_cluster.acme_dev.status.state
}
