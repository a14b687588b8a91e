# tbot start -c tbot.yaml joins the workload cluster, and writes the identity file ./tbot-output/identity.
resource "local_file" "tbot" {
  filename = "tbot.yaml"
  content  = provider::teleport::tbot_config(teleport_workload_cluster.acme_dev)
}

# The same for another folder.
output "tbot_config" {
  value = provider::teleport::tbot_config(teleport_workload_cluster.acme_dev, "/var/lib/tbot/acme-dev")
}
