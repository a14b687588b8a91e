# On teleport-simulator, which must be running. addr and identity_file_path come from the environment: TF_VAR_addr and
# TF_VAR_identity_file_path.

variables {
  aws_account = "123456789012"
  aws_arn     = "arn:aws:sts::123456789012:assumed-role/terraform/*"
  tenants = {
    acme = { regions = ["us-west-2"], users = ["alice", "bob"] }
  }
}

run "one_apply_creates_a_tenant" {
  assert {
    condition     = startswith(output.domains["acme"], "acme.")
    error_message = "The domain begins with the name of the tenant."
  }
  assert {
    condition     = startswith(output.invite_urls["acme"]["bob"], "https://acme.")
    error_message = "The link of a user leads to the tenant's cluster."
  }
}

run "a_user_leaves" {
  variables {
    tenants = {
      acme = { regions = ["us-west-2"], users = ["alice"] }
    }
  }

  assert {
    condition     = keys(output.invite_urls["acme"]) == ["alice"]
    error_message = "Only the users who stay have links."
  }
}
