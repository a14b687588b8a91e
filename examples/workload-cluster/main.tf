# A workload cluster: a child Teleport Cloud cluster of a parent cluster, with a bot that can set it up.

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
}

resource "teleport_workload_cluster" "this" {
  version = "v1"

  metadata = {
    name = var.name
  }

  spec = {
    regions = [for region in var.regions : { name = region }]

    bot = {
      name = var.bot_name
    }
    token = {
      join_method = "iam"
      allow = [{
        aws_account = var.aws_account
        aws_arn     = var.aws_arn
      }]
    }
  }

  timeouts = {
    create = "20m"
  }
}
