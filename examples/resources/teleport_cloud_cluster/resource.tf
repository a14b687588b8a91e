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
