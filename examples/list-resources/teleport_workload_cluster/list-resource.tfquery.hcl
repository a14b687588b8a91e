list "teleport_workload_cluster" "all" {
  provider = teleport
  config {
    name = "acme-*"
  }
}
