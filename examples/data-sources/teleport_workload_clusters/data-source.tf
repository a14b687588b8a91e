data "teleport_workload_clusters" "all" {}

output "domains" {
  value = {
    for cluster in data.teleport_workload_clusters.all.clusters :
    cluster.metadata.name => cluster.status.domain
  }
}
