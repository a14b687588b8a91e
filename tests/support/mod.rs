//! What the test programs share.
#![allow(
    dead_code,
    reason = "each test program compiles this folder and uses its part of it"
)]
#![allow(clippy::print_stderr, reason = "a test program reports there")]

pub(crate) mod complete;
pub(crate) mod environment;
pub(crate) mod guide;
pub(crate) mod installation;
pub(crate) mod matrix;
pub(crate) mod outcome;
pub(crate) mod process;
pub(crate) mod programs;
pub(crate) mod state;
pub(crate) mod zip;
