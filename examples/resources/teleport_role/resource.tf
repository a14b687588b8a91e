resource "teleport_role" "developer" {
  version = "v8"
  metadata = {
    name        = "developer"
    description = "Servers and databases of the development environment."
    labels = {
      team = "engineering"
    }
  }
  spec = {
    options = {
      max_session_ttl     = "8h"
      client_idle_timeout = "30m"
      ssh_file_copy       = false
    }
    allow = {
      logins      = ["ubuntu", "{{internal.logins}}"]
      node_labels = { env = ["dev", "staging"] }
      rules = [{
        resources = ["session"]
        verbs     = ["list", "read"]
      }]
    }
    deny = {
      node_labels = { secret = ["true"] }
    }
  }
}
