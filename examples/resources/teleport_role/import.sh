# The id is the name of the role.
terraform import teleport_role.developer developer

# In a workload cluster that the resource names (cluster = ...), that comes before it.
terraform import teleport_role.developer child.teleport.sh/developer
