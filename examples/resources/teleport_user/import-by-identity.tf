import {
  to = teleport_user.alice
  identity = {
    name = "alice"
  }
}

# For one in a workload cluster, the identity has the domain of the cluster.
import {
  to = teleport_user.alice_in_child
  identity = {
    cluster = "child.teleport.sh"
    name    = "alice"
  }
}
