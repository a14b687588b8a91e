# The id is the name of the user.
terraform import teleport_user.alice alice

# For an object in a workload cluster (cluster = ...), the id is CLUSTER/NAME.
terraform import teleport_user.alice child.teleport.sh/alice
