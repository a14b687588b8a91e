//! Measures the provider as Terraform sees it: `make bench`. A table goes to standard error, and JSON to standard output.
//!
//! The provider's program runs as Terraform runs it, against the simulator, which shares this process: what is said of the
//! provider's processor time and memory is its own.

#[cfg(target_os = "linux")]
#[path = "provider/mod.rs"]
mod measure;

#[cfg(target_os = "linux")]
fn main() {
    measure::main();
}

#[cfg(not(target_os = "linux"))]
fn main() {
    panic!("what a process uses is read from /proc, which only Linux has");
}
