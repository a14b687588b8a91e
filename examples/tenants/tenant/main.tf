# One tenant. The provider block of the caller is used: the parent of the tenant's cluster.

terraform {
  required_providers {
    teleport = {
      source  = "teleport-community/teleport"
      version = "~> 0.1"
    }
  }
}

resource "teleport_workload_cluster" "this" {
  metadata = {
    name = var.name
  }
  spec = {
    regions = [for region in var.regions : { name = region }]

    bot = {
      name = "terraform"
    }
    token = {
      join_method = "iam"
      allow = [{
        aws_account = var.aws_account
        aws_arn     = var.aws_arn
      }]
    }
  }
}

resource "teleport_role" "member" {
  cluster = teleport_workload_cluster.this.status.domain

  version = "v7"
  metadata = {
    name = "member"
  }
  spec = {
    allow = {
      logins      = var.logins
      node_labels = { "*" = ["*"] }
    }
  }
}

resource "teleport_user" "member" {
  for_each = var.users
  cluster  = teleport_workload_cluster.this.status.domain

  metadata = {
    name = each.key
  }
  spec = {
    roles = [teleport_role.member.metadata.name]
  }
}

resource "teleport_user_invite" "member" {
  for_each = var.users
  cluster  = teleport_workload_cluster.this.status.domain

  user = teleport_user.member[each.key].metadata.name
  ttl  = "24h"
}
