import {
  to = teleport_role.developer
  id = "developer"
}

# For one in a workload cluster, the id begins with the domain of the cluster.
import {
  to = teleport_role.developer_in_child
  id = "child.teleport.sh/developer"
}
