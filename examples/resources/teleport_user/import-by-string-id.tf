import {
  to = teleport_user.alice
  id = "alice"
}

# In what `terraform plan -generate-config-out=FILE` writes, the lines with `revision` may be deleted.
