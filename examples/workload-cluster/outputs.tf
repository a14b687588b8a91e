output "state" {
  description = "State of the cluster: active once it can be used."
  value       = teleport_workload_cluster.this.status.state
}

output "domain" {
  description = "Where the cluster answers."
  value       = teleport_workload_cluster.this.status.domain
}
