# What the preview of workload clusters does by hand, in one apply: a role in the parent, a cloud cluster with its bot and join
# token, and in the new cluster a role and a user, as the bot that joins it. Cloud clusters are workload clusters by their old name:
# where the parent has the kind workload_cluster, use examples/complete.

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

  # The bot may not delete users and roles. They are gone with the cluster.
  deletion_policy = "abandon"
}

# A role for others in the parent who manage cloud clusters. The identity of this run already has these rights.
resource "teleport_role" "editor" {
  # It is deleted, although the default in the provider block is another.
  deletion_policy = "delete"

  version = "v7"
  metadata = {
    name        = "cloud-cluster-manager"
    description = "Edit cloud clusters"
  }
  spec = {
    allow = {
      rules = [{
        resources = ["cloud_cluster"]
        verbs     = ["list", "create", "read", "update", "delete"]
      }]
    }
  }
}

resource "teleport_cloud_cluster" "this" {
  metadata = {
    name = var.name
  }
  spec = {
    auth_region = var.auth_region

    # Teleport Cloud creates a bot, a role and a join token of this name in the new cluster. The rules say which AWS identities
    # may join as the bot. This machine needs AWS credentials of one.
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

  # The role is created before the cluster, and destroyed after it.
  depends_on = [teleport_role.editor]
}

resource "teleport_role" "example" {
  cluster = teleport_cloud_cluster.this.status.domain

  version = "v7"
  metadata = {
    name = "example"
  }
  spec = {
    allow = {
      logins      = ["{{internal.logins}}"]
      node_labels = { env = ["dev"] }
      rules = [{
        resources = ["session"]
        verbs     = ["list", "read"]
      }]
    }
  }
}

resource "teleport_user" "example" {
  cluster = teleport_cloud_cluster.this.status.domain

  metadata = {
    name = var.user
  }
  spec = {
    roles  = [teleport_role.example.metadata.name]
    traits = { logins = ["ubuntu"] }
  }
}
