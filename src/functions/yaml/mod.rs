//! YAML as loosely typed values, both ways.

mod read;
mod write;

pub(super) use read::read;
pub(super) use write::{quoted, write};
