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
