# One apply creates a workload cluster, and in it a role, a user who has the role, and the link that invites the user. The
# parent cluster creates the child. The bot that Teleport Cloud creates in the child does the rest.

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

# The child, as its bot. It needs only the AWS credentials of this machine. The provider connects when the first object in
# the child is created, and by then the cluster is active.
provider "teleport" {
  alias       = "child"
  addr        = teleport_workload_cluster.this.status.domain
  join_method = "iam"
  join_token  = teleport_workload_cluster.this.spec.bot.name

  # The bot may not delete users and roles. They are destroyed with the cluster.
  deletion_policy = "abandon"
}

# A role for others in the parent who manage workload clusters. The identity of this run already has these rights.
resource "teleport_role" "editor" {
  version = "v7"
  metadata = {
    name        = "workload-cluster-manager"
    description = "Edit workload clusters"
  }
  spec = {
    allow = {
      rules = [{
        resources = ["workload_cluster"]
        verbs     = ["list", "create", "read", "update", "delete"]
      }]
    }
  }
}

resource "teleport_workload_cluster" "this" {
  metadata = {
    name = var.name
  }
  spec = {
    regions = [for region in var.regions : { name = region }]

    # The bot, and the rules by which AWS identities may join as it.
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
  provider = teleport.child

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
  provider = teleport.child

  metadata = {
    name = var.user
  }
  spec = {
    roles  = [teleport_role.example.metadata.name]
    traits = { logins = ["ubuntu"] }
  }
}

resource "teleport_user_invite" "example" {
  provider = teleport.child

  user = teleport_user.example.metadata.name
  ttl  = "2h"
}
