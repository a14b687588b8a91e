resource "teleport_bot" "deploy" {
  metadata = {
    name   = "deploy"
    labels = { team = "web" }
  }
  spec = {
    roles           = [teleport_role.developer.metadata.name]
    traits          = { logins = ["deploy"] }
    max_session_ttl = "1h"
  }
}
