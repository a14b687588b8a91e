output "domains" {
  description = "Where the tenants' clusters answer."
  value       = { for name, tenant in module.tenant : name => tenant.domain }
}

output "invite_urls" {
  description = "The links by which the users set password and MFA device, by tenant. Whoever has one can become the user."
  value       = { for name, tenant in module.tenant : name => tenant.invite_urls }
  sensitive   = true
}
