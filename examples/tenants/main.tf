# Many tenants with one provider block: a workload cluster for each, with a role, the people and their invites in it.
#
# Provider blocks cannot be made with for_each, so what is in a tenant's cluster names that cluster instead (cluster = ...).

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

  # How to get into the tenants' clusters: as the bot that each of them has, by this machine's AWS credentials.
  workload_clusters = {
    join_method = "iam"
  }

  # The bots may not delete users and roles. Whoever leaves loses every right, and stays as a name.
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
