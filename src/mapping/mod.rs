//! A protobuf message descriptor seen as a Terraform schema.
