//! The programs of other platforms, run by what stands in for them: they start, and shake hands as Terraform expects.

use std::{path::Path, process::Command};

use super::{
    Outcome, Test, dist,
    dist::{Unpacked, VERSION, own_platform},
    host::{Launch, Process},
    passed, skipped,
    support::environment::runtime,
};

pub(crate) const TESTS: &[Test] = &[
    (
        "platforms::the_linux_arm64_program_shakes_hands",
        the_linux_arm64_program_shakes_hands,
    ),
    (
        "platforms::the_windows_program_shakes_hands",
        the_windows_program_shakes_hands,
    ),
];

fn the_linux_arm64_program_shakes_hands() -> Outcome {
    let found = Unpacked::of("linux_arm64").and_then(|unpacked| {
        Ok((
            unpacked,
            dist::tool(&["qemu-aarch64-static", "qemu-aarch64"])?,
        ))
    });
    let (unpacked, emulator) = match found {
        Ok(found) => found,
        Err(reason) => return skipped(reason),
    };
    if own_platform() == "linux_arm64" {
        return skipped("this machine runs it itself");
    }
    let program = unpacked.program();
    version_is_right(Command::new(&emulator).arg(&program));
    let fields = handshake(Launch::program(emulator).argument(program.to_str().unwrap()));
    assert_eq!(fields[..3], ["1", "6", "unix"]);
    passed()
}

fn the_windows_program_shakes_hands() -> Outcome {
    let found = Unpacked::of("windows_amd64").and_then(|unpacked| {
        let compiler = dist::tool(&["x86_64-w64-mingw32-gcc"])?;
        Ok((unpacked, dist::tool(&["wine64", "wine"])?, compiler))
    });
    let (unpacked, wine, compiler) = match found {
        Ok(found) => found,
        Err(reason) => return skipped(reason),
    };
    let compiled = Command::new(compiler)
        .args(["-shared", "-o"])
        .arg(unpacked.program().with_file_name("bcryptprimitives.dll"))
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/release/bcryptprimitives.c"
        ))
        .arg("-ladvapi32")
        .status()
        .unwrap();
    assert!(compiled.success());
    let home = tempfile::tempdir().unwrap();
    let variables = wine_variables(home.path());
    let program = unpacked.program();
    // It sets up its folder first, which takes its time.
    version_is_right(Command::new(&wine).arg(&program).envs(variables.clone()));
    let mut launch = Launch::program(wine).argument(program.to_str().unwrap());
    for (name, value) in &variables {
        launch = launch.variable(name, value);
    }
    let fields = handshake(launch);
    assert_eq!(fields[..3], ["1", "6", "tcp"]);
    assert!(fields[3].starts_with("127.0.0.1:"), "{fields:?}");
    if let Ok(server) = dist::tool(&["wineserver", "wineserver64"]) {
        let _ = Command::new(server).arg("-k").envs(variables).status();
    }
    passed()
}

fn wine_variables(home: &Path) -> [(&'static str, String); 4] {
    let home = home.to_str().unwrap().to_owned();
    [
        ("HOME", home.clone()),
        ("PATH", std::env::var("PATH").unwrap()),
        ("WINEDEBUG", "-all".to_owned()),
        ("WINEPREFIX", format!("{home}/wine")),
    ]
}

fn version_is_right(command: &mut Command) {
    let output = command.arg("--version").output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        stdout.trim(),
        format!("terraform-provider-teleport {VERSION}"),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The fields of the handshake line.
fn handshake(launch: Launch) -> Vec<String> {
    runtime().block_on(async {
        let mut process: Process = launch.spawn();
        let line = process.line().await.expect("there must be a handshake");
        let fields: Vec<_> = line.trim().split('|').map(str::to_owned).collect();
        assert_eq!(fields[4], "grpc", "{line}");
        assert!(fields[5].len() > 50, "a certificate: {line}");
        fields
    })
}
