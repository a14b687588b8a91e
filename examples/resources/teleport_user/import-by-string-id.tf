import {
  to = teleport_user.alice
  id = "alice"
}
