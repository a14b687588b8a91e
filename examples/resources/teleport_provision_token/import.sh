# The id is the name of the join token.
terraform import teleport_provision_token.deploy deploy

# For an object in a workload cluster (cluster = ...), the id is CLUSTER/NAME.
terraform import teleport_provision_token.deploy child.teleport.sh/deploy
