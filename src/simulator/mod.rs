//! An in-memory Teleport Cloud over the real wire.
