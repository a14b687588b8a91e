output "domain" {
  description = "Domain of the cluster."
  value       = teleport_workload_cluster.this.status.domain
}

output "invite_urls" {
  description = "The links with which users set a password and an MFA device, by user."
  value       = { for name, invite in teleport_user_invite.member : name => invite.url }
  sensitive   = true
}
