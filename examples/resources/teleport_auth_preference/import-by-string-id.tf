import {
  to = teleport_auth_preference.this
  id = "cluster-auth-preference"
}

# For one in a workload cluster, the id begins with the domain of the cluster.
import {
  to = teleport_auth_preference.this_in_child
  id = "child.teleport.sh/cluster-auth-preference"
}
