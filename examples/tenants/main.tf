# Many tenants with one provider block: a workload cluster for each, with a role, users and their invites in it.
#
# Provider blocks have no for_each, so the resources in a tenant's cluster name that cluster instead (cluster = ...).

terraform {
  required_providers {
    teleport = {
      source  = "teleport-community/teleport"
      version = "~> 0.1"
    }
  }
}

provider "teleport" {
  addr               = var.addr
  identity_file_path = var.identity_file_path

  # How to join the tenants' clusters: as the bot of each of them, with the AWS credentials of this machine.
  workload_clusters = {
    join_method = "iam"
  }

  # The bots may not delete users and roles. A user who leaves loses all rights, and only the name stays.
  deletion_policy = "revoke"
}

module "tenant" {
  source   = "./tenant"
  for_each = var.tenants

  name        = each.key
  regions     = each.value.regions
  logins      = each.value.logins
  users       = each.value.users
  aws_account = var.aws_account
  aws_arn     = var.aws_arn
}
