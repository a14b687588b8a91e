//! A cluster to join.
