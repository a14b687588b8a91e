//! `terraform-provider-teleport`: Terraform and OpenTofu start it, people do not.

fn main() {}
