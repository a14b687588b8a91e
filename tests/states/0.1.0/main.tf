resource "teleport_auth_preference" "this" {
  version = "v2"
  spec = {
    second_factor       = "on"
    webauthn            = { rp_id = "example.teleport.sh" }
    default_session_ttl = "8h"
    message_of_the_day  = "Authorized use only."
  }
}
resource "teleport_bot" "deploy" {
  metadata = {
    name   = "deploy"
    labels = { team = "web" }
  }
  spec = {
    roles           = [teleport_role.developer.metadata.name]
    traits          = { logins = ["deploy"] }
    max_session_ttl = "1h"
  }
}
resource "teleport_cloud_cluster" "acme_preview" {
  version = "v1"

  metadata = {
    name = "acme-preview" # becomes acme-preview.teleport.sh
  }

  spec = {
    auth_region = "us-west-2"

    # The bot that joins the new cluster to set it up, and who may join as the bot.
    bot = {
      name = "terraform"
    }
    token = {
      join_method = "iam"
      allow = [{
        aws_account = "123456789012"
        aws_arn     = "arn:aws:sts::123456789012:assumed-role/terraform/*"
      }]
    }
  }

  timeouts = {
    create = "20m"
  }
}
# GitHub Actions of one repository join as the bot. The name is not a secret, because GitHub identifies who joins.
resource "teleport_provision_token" "deploy" {
  version = "v2"
  metadata = {
    name = "deploy"
  }
  spec = {
    roles       = ["Bot"]
    bot_name    = teleport_bot.deploy.metadata.name
    join_method = "github"
    github = {
      allow = [{ repository = "acme/web", environment = "production" }]
    }
  }
}

# Whoever knows the name of this token can join as an agent, for an hour. The provider generates the name.
resource "teleport_provision_token" "agent" {
  version = "v2"
  metadata = {
    expires = timeadd(plantimestamp(), "1h")
  }
  spec = {
    roles = ["Node"]
  }
  lifecycle {
    ignore_changes = [metadata.expires]
  }
}
resource "teleport_role" "developer" {
  version = "v8"
  metadata = {
    name        = "developer"
    description = "Servers and databases of the development environment."
    labels = {
      team = "engineering"
    }
  }
  spec = {
    options = {
      max_session_ttl     = "8h"
      client_idle_timeout = "30m"
      ssh_file_copy       = false
    }
    allow = {
      logins      = ["ubuntu", "{{internal.logins}}"]
      node_labels = { env = ["dev", "staging"] }
      rules = [{
        resources = ["session"]
        verbs     = ["list", "read"]
      }]
    }
    deny = {
      node_labels = { secret = ["true"] }
    }
  }
}
resource "teleport_user" "alice" {
  metadata = {
    name        = "alice"
    description = "On call for the databases."
  }
  spec = {
    # With the reference, Terraform creates the role before the user, and destroys it after the user.
    roles = [teleport_role.developer.metadata.name]
    traits = {
      logins   = ["alice"]
      db_users = ["reader"]
    }
  }
}
resource "teleport_user_invite" "alice" {
  user = teleport_user.alice.metadata.name
  ttl  = "24h"
  # A change creates a new link.
  keepers = {
    asked_for = "2026-01-01"
  }
}

output "invite" {
  value     = teleport_user_invite.alice.url
  sensitive = true
}
resource "teleport_workload_cluster" "acme_dev" {
  version = "v1"

  metadata = {
    name = "acme-dev" # becomes acme-dev.teleport.sh
  }

  spec = {
    regions = [{ name = "us-west-2" }]

    # The bot that joins the new cluster to set it up, and who may join as the bot.
    bot = {
      name = "terraform"
    }
    token = {
      join_method = "iam"
      allow = [{
        aws_account = "123456789012"
        aws_arn     = "arn:aws:sts::123456789012:assumed-role/terraform/*"
      }]
    }
  }

  timeouts = {
    create = "20m"
  }
}

output "domain" {
  value = teleport_workload_cluster.acme_dev.status.domain
}

resource "teleport_role" "child" {
  cluster  = teleport_workload_cluster.acme_dev.status.domain
  version  = "v7"
  metadata = { name = "deployer" }
  spec     = { allow = { logins = ["ubuntu"] } }

  deletion_policy = "revoke"
}
