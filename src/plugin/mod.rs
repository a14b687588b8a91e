//! Terraform's plugin protocol 6 as a server.
