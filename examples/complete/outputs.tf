output "state" {
  description = "State of the cluster: active when it can be used."
  value       = teleport_workload_cluster.this.status.state
}

output "domain" {
  description = "Domain of the cluster."
  value       = teleport_workload_cluster.this.status.domain
}

output "invite_url" {
  description = "The link with which the user sets a password and an MFA device. Whoever has it can become the user."
  value       = teleport_user_invite.example.url
  sensitive   = true
}
