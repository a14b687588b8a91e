resource "teleport_user_invite" "alice" {
  user = teleport_user.alice.metadata.name
  ttl  = "24h"
  # Another value makes another link.
  keepers = {
    asked_for = "2026-01-01"
  }
}

output "invite" {
  value     = teleport_user_invite.alice.url
  sensitive = true
}
