//! `teleport-simulator`: a simulated Teleport Cloud, as a process.

fn main() {}
