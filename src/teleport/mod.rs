//! The Teleport client.
