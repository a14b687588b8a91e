import {
  to = teleport_role.developer
  id = "developer"
}
