//! Terraform's ideas in plain Rust: no input or output, no gRPC.
