# The id is the cluster's name.
terraform import teleport_workload_cluster.acme_dev acme-dev
