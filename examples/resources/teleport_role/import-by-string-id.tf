import {
  to = teleport_role.developer
  id = "developer"
}

# In what `terraform plan -generate-config-out=FILE` writes, the lines with `revision` may be deleted.
