//! The Teleport provider.
