# Each cluster has exactly one, so any id works.
terraform import teleport_auth_preference.this cluster-auth-preference

# For a workload cluster (cluster = ...), the id begins with its domain.
terraform import teleport_auth_preference.this child.teleport.sh/cluster-auth-preference
