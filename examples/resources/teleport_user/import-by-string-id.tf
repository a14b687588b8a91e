import {
  to = teleport_user.alice
  id = "alice"
}

# For one in a workload cluster, the id begins with the domain of the cluster.
import {
  to = teleport_user.alice_in_child
  id = "child.teleport.sh/alice"
}
