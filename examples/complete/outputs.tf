output "state" {
  description = "State of the cluster: active once it can be used."
  value       = teleport_workload_cluster.this.status.state
}

output "domain" {
  description = "Where the cluster answers."
  value       = teleport_workload_cluster.this.status.domain
}

output "invite_url" {
  description = "The link by which the user sets password and MFA device. Whoever has it can become the user."
  value       = teleport_user_invite.example.url
  sensitive   = true
}
