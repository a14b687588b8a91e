import {
  to = teleport_bot.deploy
  id = "deploy"
}

# For one in a workload cluster, the id begins with the domain of the cluster.
import {
  to = teleport_bot.deploy_in_child
  id = "child.teleport.sh/deploy"
}
