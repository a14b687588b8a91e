# Without Teleport, without network and without credentials: Terraform makes up what a cluster would answer. What is written here
# is what the module needs of it.

mock_provider "teleport" {
  # Made-up text is not a domain, and the resources in the cluster check that cluster is one.
  mock_resource "teleport_workload_cluster" {
    defaults = {
      status = { state = "active", domain = "acme.teleport.sh" }
    }
  }
}

variables {
  addr               = "parent.teleport.sh:443"
  identity_file_path = "not-read"
  aws_account        = "123456789012"
  aws_arn            = "arn:aws:sts::123456789012:assumed-role/terraform/*"
  tenants = {
    acme = { regions = ["us-west-2"], users = ["alice", "bob"] }
  }
}

run "every_user_gets_a_link" {
  assert {
    condition     = toset(keys(output.invite_urls["acme"])) == toset(["alice", "bob"])
    error_message = "Each user of a tenant needs an invite."
  }
}

run "the_domain_is_an_output" {
  command = plan

  assert {
    condition     = output.domains["acme"] == "acme.teleport.sh"
    error_message = "The domain of each tenant must be an output."
  }
}
