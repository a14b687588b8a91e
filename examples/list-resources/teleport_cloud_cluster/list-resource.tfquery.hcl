list "teleport_cloud_cluster" "all" {
  provider = teleport
  config {
    name = "acme-*"
  }
}
