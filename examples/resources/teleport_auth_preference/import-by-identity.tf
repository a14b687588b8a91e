import {
  to = teleport_auth_preference.this
  identity = {
    name = "cluster-auth-preference"
  }
}

# For one in a workload cluster, the identity has the domain of the cluster.
import {
  to = teleport_auth_preference.this_in_child
  identity = {
    cluster = "child.teleport.sh"
    name    = "cluster-auth-preference"
  }
}
