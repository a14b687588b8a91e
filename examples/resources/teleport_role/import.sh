# The id is the name of the role.
terraform import teleport_role.developer developer

# For an object in a workload cluster (cluster = ...), the id is CLUSTER/NAME.
terraform import teleport_role.developer child.teleport.sh/developer
