import {
  to = teleport_bot.deploy
  identity = {
    name = "deploy"
  }
}

# For one in a workload cluster, the identity has the domain of the cluster.
import {
  to = teleport_bot.deploy_in_child
  identity = {
    cluster = "child.teleport.sh"
    name    = "deploy"
  }
}
