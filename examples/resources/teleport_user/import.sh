# The id is the name of the user.
terraform import teleport_user.alice alice
