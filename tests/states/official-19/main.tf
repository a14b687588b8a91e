resource "teleport_role" "developer" {
  version = "v8"
  metadata = {
    name        = "developer"
    description = "Servers of the development environment."
    labels = {
      team = "red"
    }
  }

  spec = {
    options = {
      max_session_ttl     = "8h"
      client_idle_timeout = "30m"
      forward_agent       = false
      request_access      = "optional"
    }

    allow = {
      logins = ["ubuntu", "{{internal.logins}}"]

      rules = [{
        resources = ["session"]
        verbs     = ["list", "read"]
      }]

      request = {
        roles = ["access"]
        claims_to_roles = [{
          claim = "group"
          value = "red"
          roles = ["access"]
        }]
      }

      node_labels = {
        env = ["dev", "staging"]
      }
    }

    deny = {
      logins = ["root"]
    }
  }
}

# Without options, the provider stores the defaults.
resource "teleport_role" "viewer" {
  version = "v8"
  metadata = {
    name = "viewer"
  }

  spec = {
    allow = {
      rules = [{
        resources = ["event"]
        verbs     = ["list", "read"]
      }]
    }
  }
}

resource "teleport_user" "carol" {
  version = "v2"
  metadata = {
    name = "carol"
    labels = {
      team = "red"
    }
  }

  spec = {
    roles = [teleport_role.viewer.metadata.name, teleport_role.developer.metadata.name]

    traits = {
      logins = ["carol"]
    }

    saml_identities = [{
      connector_id = "okta"
      username     = "carol"
    }]
  }
}

resource "teleport_provision_token" "iam" {
  version = "v2"
  metadata = {
    name = "ci-iam"
  }

  spec = {
    roles       = ["Bot"]
    bot_name    = "ci"
    join_method = "iam"
    allow = [{
      aws_account = "123456789012"
    }]
  }
}

resource "teleport_provision_token" "github" {
  version = "v2"
  metadata = {
    name        = "ci-github"
    description = "GitHub Actions"
    labels = {
      team = "red"
    }
  }

  spec = {
    roles       = ["Bot"]
    bot_name    = "ci"
    join_method = "github"
    github = {
      allow = [{
        repository  = "acme/web"
        environment = "production"
      }]
    }
  }
}

# The provider has generated the name.
resource "teleport_provision_token" "agent" {
  version = "v2"
  metadata = {
    expires = "2099-01-01T00:00:00Z"
  }

  spec = {
    roles = ["Node"]
  }
}

resource "teleport_auth_preference" "this" {
  version = "v2"

  spec = {
    second_factor           = "on"
    disconnect_expired_cert = true
    message_of_the_day      = "Authorized use only."
    webauthn = {
      rp_id = "example.teleport.sh"
    }
  }
}

# The form of a bot before 18.4.
resource "teleport_bot" "ci" {
  name  = "ci"
  roles = ["access"]
  traits = {
    logins = ["ci"]
  }
}

resource "teleport_bot" "deploy" {
  metadata = {
    name = "deploy"
    labels = {
      team = "red"
    }
  }

  spec = {
    roles = ["access"]
    traits = {
      logins = ["deploy"]
    }
    max_session_ttl = "1h"
  }
}

resource "teleport_workload_cluster" "acme_dev" {
  version = "v1"
  metadata = {
    name = "acme-dev"
  }

  spec = {
    regions = [{
      name = "us-west-2"
    }]
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

  status = {}
}
