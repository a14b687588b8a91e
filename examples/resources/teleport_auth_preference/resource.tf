resource "teleport_auth_preference" "this" {
  version = "v2"
  spec = {
    second_factor       = "on"
    webauthn            = { rp_id = "example.teleport.sh" }
    default_session_ttl = "8h"
    message_of_the_day  = "Authorized use only."
  }
}
