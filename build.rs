//! Compiles `proto/**/*.proto` with protox (no `protoc` binary needed) to message types, gRPC clients and servers, and a
//! descriptor set that keeps the comments: they become the descriptions in the Terraform schemas.

use std::{env, error::Error, fs, path::Path};

use prost::Message;
use protox::{
    Compiler,
    file::{ChainFileResolver, GoogleFileResolver, IncludeFileResolver},
};

const INCLUDE: &str = "proto";

const FILES: [&str; 5] = [
    "terraform/tfplugin6.proto",
    "terraform/go_plugin.proto",
    "teleport/legacy/client/proto/authservice.proto",
    "teleport/workloadcluster/v1/workloadcluster.proto",
    "teleport/workloadcluster/v1/workloadcluster_service.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={INCLUDE}");
    let mut resolver = ChainFileResolver::new();
    resolver.add(IncludeFileResolver::new(INCLUDE.into()));
    resolver.add(GoogleFileResolver::new());
    let mut compiler = Compiler::with_file_resolver(resolver);
    compiler
        .include_imports(true)
        .include_source_info(true)
        .open_files(FILES)?;
    let descriptors = compiler.file_descriptor_set();

    let out = env::var("OUT_DIR")?;
    fs::write(
        Path::new(&out).join("descriptors.bin"),
        descriptors.encode_to_vec(),
    )?;
    tonic_prost_build::configure()
        .build_transport(false)
        .compile_fds(descriptors)?;
    Ok(())
}
