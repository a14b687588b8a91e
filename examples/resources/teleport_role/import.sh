# The id is the name of the role.
terraform import teleport_role.developer developer
