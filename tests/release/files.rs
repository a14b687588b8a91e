//! The files of a release.

use std::{collections::BTreeSet, env, fs, path::PathBuf, process::Command};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    Outcome, Test, dist,
    dist::{PLATFORMS, Unpacked, VERSION},
    passed, skipped,
};

pub(crate) const TESTS: &[Test] = &[
    (
        "files::the_checksums_are_those_of_every_file",
        the_checksums_are_those_of_every_file,
    ),
    (
        "files::the_bill_of_materials_names_what_the_provider_is_built_of",
        the_bill_of_materials_names_what_the_provider_is_built_of,
    ),
    (
        "files::a_zip_has_the_program_and_the_licence",
        a_zip_has_the_program_and_the_licence,
    ),
    (
        "files::no_program_has_a_path_of_the_machine_that_built_it",
        no_program_has_a_path_of_the_machine_that_built_it,
    ),
    (
        "files::the_linux_programs_are_static",
        the_linux_programs_are_static,
    ),
    (
        "files::a_second_build_in_another_folder_gives_the_same_zip",
        a_second_build_in_another_folder_gives_the_same_zip,
    ),
];

fn the_checksums_are_those_of_every_file() -> Outcome {
    let sums = match dist::file("SHA256SUMS") {
        Ok(sums) => fs::read_to_string(sums).unwrap(),
        Err(reason) => return skipped(reason),
    };
    let mut named = BTreeSet::new();
    for line in sums.lines() {
        let (sum, name) = line.split_once("  ").unwrap();
        let content = fs::read(dist::folder().join(name)).unwrap();
        let digest = Sha256::digest(content);
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, sum, "{name}");
        named.insert(name.to_owned());
    }
    let start = format!("terraform-provider-teleport_{VERSION}_");
    let there: BTreeSet<_> = fs::read_dir(dist::folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(&start) && !name.contains("SHA256SUMS"))
        .collect();
    assert_eq!(named, there);
    let manifest = fs::read_to_string(dist::file("manifest.json").unwrap()).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(manifest["metadata"]["protocol_versions"][0], "6.0");
    passed()
}

fn the_bill_of_materials_names_what_the_provider_is_built_of() -> Outcome {
    let bill = match dist::file("sbom.cdx.json") {
        Ok(bill) => fs::read_to_string(bill).unwrap(),
        Err(reason) => return skipped(reason),
    };
    assert!(!bill.contains(env!("CARGO_MANIFEST_DIR")));
    let bill: Value = serde_json::from_str(&bill).unwrap();
    assert_eq!(bill["bomFormat"], "CycloneDX");
    let subject = &bill["metadata"]["component"];
    assert_eq!(subject["name"], "terraform-provider-teleport");
    assert_eq!(subject["version"], VERSION);
    let components = bill["components"].as_array().unwrap();
    let component = |name: &str| components.iter().find(|found| found["name"] == name);
    for name in [
        "aws-lc-sys",
        "mimalloc",
        "rustls",
        "teleport-client",
        "tonic",
    ] {
        let found = component(name).unwrap_or_else(|| panic!("{name} must be in it"));
        assert!(found["licenses"].is_array(), "{found}");
    }
    for name in ["libtest-mimic", "proptest", "teleport-simulator"] {
        assert_eq!(component(name), None, "only tests use it");
    }
    passed()
}

fn a_zip_has_the_program_and_the_licence() -> Outcome {
    for_each_program(|platform, unpacked| {
        let program = unpacked.program();
        let program = program.file_name().unwrap().to_str().unwrap();
        assert_eq!(unpacked.names(), ["LICENSE", program], "{platform}");
    })
}

fn no_program_has_a_path_of_the_machine_that_built_it() -> Outcome {
    let cargo = env::var_os("CARGO_HOME").map_or_else(
        || PathBuf::from(env::var_os("HOME").unwrap()).join(".cargo"),
        PathBuf::from,
    );
    let paths = [env!("CARGO_MANIFEST_DIR"), cargo.to_str().unwrap()];
    for_each_program(|platform, unpacked| {
        let program = fs::read(unpacked.program()).unwrap();
        for path in paths {
            let found = program
                .windows(path.len())
                .position(|bytes| bytes == path.as_bytes());
            let shown = found.map(|at| {
                String::from_utf8_lossy(&program[at..program.len().min(at + 120)]).into_owned()
            });
            assert_eq!(shown, None, "{platform}");
        }
    })
}

fn the_linux_programs_are_static() -> Outcome {
    for_each_program(|platform, unpacked| {
        if platform.starts_with("linux") {
            let program = fs::read(unpacked.program()).unwrap();
            assert!(dist::is_static(&program), "{platform}");
            // Rust has no static program for arm64 with musl that can be loaded anywhere.
            assert_eq!(
                dist::is_position_independent(&program),
                platform == "linux_amd64",
                "{platform}"
            );
        }
    })
}

fn a_second_build_in_another_folder_gives_the_same_zip() -> Outcome {
    let Some(platform) = env::var_os("REPRODUCE") else {
        return skipped("it takes as long as the first build: REPRODUCE=linux_amd64");
    };
    if let Err(reason) = dist::zip(platform.to_str().unwrap()) {
        return skipped(reason);
    }
    let status = Command::new("tools/release")
        .arg("reproduce")
        .arg(platform)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
    passed()
}

/// Does this with the program of every zip that was built.
fn for_each_program(check: impl Fn(&str, &Unpacked)) -> Outcome {
    let mut checked = 0;
    for platform in PLATFORMS {
        if let Ok(unpacked) = Unpacked::of(platform) {
            check(platform, &unpacked);
            checked += 1;
        }
    }
    if checked == 0 {
        return skipped("no zip of this version in dist/: make release");
    }
    passed()
}
