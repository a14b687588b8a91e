# A join token has no identity, because its name can be a secret.
import {
  to = teleport_provision_token.deploy
  id = "deploy"
}

# For one in a workload cluster, the id begins with the domain of the cluster.
import {
  to = teleport_provision_token.deploy_in_child
  id = "child.teleport.sh/deploy"
}
