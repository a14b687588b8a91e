import {
  to = teleport_role.developer
  identity = {
    name = "developer"
  }
}

# For one in a workload cluster, the identity has the domain of the cluster.
import {
  to = teleport_role.developer_in_child
  identity = {
    cluster = "child.teleport.sh"
    name    = "developer"
  }
}
