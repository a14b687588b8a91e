resource "teleport_user_invite" "alice" {
  user = teleport_user.alice.metadata.name
  ttl  = "24h"
  # A change creates a new link.
  keepers = {
    asked_for = "2026-01-01"
  }
}

output "invite" {
  value     = teleport_user_invite.alice.url
  sensitive = true
}
