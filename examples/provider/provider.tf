terraform {
  required_providers {
    teleport = {
      source  = "teleport-community/teleport"
      version = "~> 0.1"
    }
  }
}

# The parent cluster, as the bot or user whose identity file this is (`tctl auth sign`, or `tbot`).
provider "teleport" {
  addr               = "parent.teleport.sh:443"
  identity_file_path = "terraform-identity"
}
