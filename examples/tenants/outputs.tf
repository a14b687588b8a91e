output "domains" {
  description = "Domains of the clusters, by tenant."
  value       = { for name, tenant in module.tenant : name => tenant.domain }
}

output "invite_urls" {
  description = "The links with which users set a password and an MFA device, by tenant. Whoever has a link can become the user."
  value       = { for name, tenant in module.tenant : name => tenant.invite_urls }
  sensitive   = true
}
