# The bot that Teleport Cloud created in the workload cluster, for the length of a run.
ephemeral "teleport_identity" "dev" {
  address = teleport_workload_cluster.acme_dev.status.domain
}

# For tctl, which manages what this provider does not. The file is deleted when the command ends.
resource "terraform_data" "connector" {
  triggers_replace = filesha256("${path.module}/connector.yaml")

  provisioner "local-exec" {
    command = <<-SHELL
      umask 077
      identity=$(mktemp)
      trap 'rm -f "$identity"' EXIT
      printenv IDENTITY >"$identity"
      tctl --auth-server "$ADDRESS" --identity "$identity" create -f connector.yaml
    SHELL
    environment = {
      ADDRESS  = "${teleport_workload_cluster.acme_dev.status.domain}:443"
      IDENTITY = ephemeral.teleport_identity.dev.identity_file
    }
  }
}

# For a provider that takes an identity file.
provider "teleport" {
  alias         = "dev"
  addr          = teleport_workload_cluster.acme_dev.status.domain
  identity_file = ephemeral.teleport_identity.dev.identity_file
}

# A cluster that is not a workload cluster of the parent. The join token says as which bot to join.
ephemeral "teleport_identity" "staging" {
  address    = "staging.example.com:443"
  join_token = "terraform"
  ttl        = "30m"
}
