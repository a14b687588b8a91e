# The id is the cluster's name.
terraform import teleport_cloud_cluster.acme_preview acme-preview
