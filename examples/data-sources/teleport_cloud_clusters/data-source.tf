data "teleport_cloud_clusters" "all" {}

output "domains" {
  value = {
    for cluster in data.teleport_cloud_clusters.all.clusters :
    cluster.metadata.name => cluster.status.domain
  }
}
