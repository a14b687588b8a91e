//! Compiles the repository's `proto/**/*.proto` with protox (no `protoc` binary needed) to message types, gRPC clients and servers, and a
//! descriptor set that keeps the comments: they become the descriptions in the Terraform schemas.

use std::{env, error::Error, fs, path::Path};

use prost::Message;
use protox::{
    Compiler,
    file::{ChainFileResolver, GoogleFileResolver, IncludeFileResolver},
    prost_reflect::prost_types::FileDescriptorSet,
};

const INCLUDE: &str = "../../proto";

const FILES: [&str; 12] = [
    "teleport/cloudcluster/v1/cloudcluster.proto",
    "teleport/cloudcluster/v1/cloudcluster_service.proto",
    "teleport/clusterconfig/v1/clusterconfig_service.proto",
    "teleport/join/v1/joinservice.proto",
    "teleport/legacy/client/proto/authservice.proto",
    "teleport/legacy/client/proto/joinservice.proto",
    "teleport/machineid/v1/bot_service.proto",
    "teleport/presence/v1/service.proto",
    "teleport/trust/v1/trust_service.proto",
    "teleport/users/v1/users_service.proto",
    "teleport/workloadcluster/v1/workloadcluster.proto",
    "teleport/workloadcluster/v1/workloadcluster_service.proto",
];

/// Messages that hold secrets. `src/secrets.rs` says how they are printed.
const SECRET: [&str; 15] = [
    ".proto.GetResetPasswordTokenRequest",
    ".proto.RegisterUsingIAMMethodRequest",
    ".teleport.join.v1.BoundKeypairInit",
    ".teleport.join.v1.IAMChallengeSolution",
    ".teleport.join.v1.OIDCInit",
    ".types.LocalAuthSecrets",
    ".types.ProvisionTokenSpecV2BoundKeypair.OnboardingSpec",
    ".types.ProvisionTokenStatusV2BoundKeypair",
    ".types.ProvisionTokenV2",
    ".types.RegisterUsingTokenRequest",
    ".types.ResourceRequest",
    ".types.SSHKeyPair",
    ".types.TLSKeyPair",
    ".types.UserTokenSpecV3",
    ".types.UserTokenV3",
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
        for_reflection(descriptors.clone()).encode_to_vec(),
    )?;
    // Of the calls that a server leaves out it says that it does not implement them, as older Teleport servers do.
    tonic_prost_build::configure()
        .build_transport(false)
        .generate_default_stubs(true)
        .skip_debug(SECRET)
        .compile_fds(descriptors)?;
    Ok(())
}

/// What the program looks at when it runs: the files, and in them the places that have comments. The provider decodes it at
/// every start and keeps it.
fn for_reflection(mut descriptors: FileDescriptorSet) -> FileDescriptorSet {
    for file in &mut descriptors.file {
        if let Some(info) = &mut file.source_code_info {
            info.location
                .retain(|location| location.leading_comments.is_some());
            for location in &mut info.location {
                location.leading_detached_comments.clear();
            }
        }
    }
    descriptors
}
