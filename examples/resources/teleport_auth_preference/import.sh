# There is one in each cluster, so any id will do.
terraform import teleport_auth_preference.this cluster-auth-preference

# In a workload cluster that the resource names (cluster = ...), that comes before it.
terraform import teleport_auth_preference.this child.teleport.sh/cluster-auth-preference
