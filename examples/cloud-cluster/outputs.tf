output "state" {
  description = "State of the cluster: active when it can be used."
  value       = teleport_cloud_cluster.this.status.state
}

output "domain" {
  description = "Domain of the cluster."
  value       = teleport_cloud_cluster.this.status.domain
}
