# The id is the name of the user.
terraform import teleport_user.alice alice

# In a workload cluster that the resource names (cluster = ...), that comes before it.
terraform import teleport_user.alice child.teleport.sh/alice
