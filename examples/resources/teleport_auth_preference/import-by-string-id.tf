import {
  to = teleport_auth_preference.this
  id = "cluster-auth-preference"
}
