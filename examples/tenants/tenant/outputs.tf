output "domain" {
  description = "Where the cluster answers."
  value       = teleport_workload_cluster.this.status.domain
}

output "invite_urls" {
  description = "The links by which the users set password and MFA device, by user."
  value       = { for name, invite in teleport_user_invite.member : name => invite.url }
  sensitive   = true
}
