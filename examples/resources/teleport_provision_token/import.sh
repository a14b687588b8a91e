# The id is the name of the join token.
terraform import teleport_provision_token.deploy deploy

# In a workload cluster that the resource names (cluster = ...), that comes before it.
terraform import teleport_provision_token.deploy child.teleport.sh/deploy
