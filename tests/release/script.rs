//! `tools/release` and `tools/pack-zip`, in a repository of a few lines.

use std::{
    env, fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;

use super::{Outcome, Test, dist, passed, skipped};

pub(crate) const TESTS: &[Test] = &[
    (
        "script::another_version_than_that_of_cargo_is_refused",
        another_version_than_that_of_cargo_is_refused,
    ),
    (
        "script::the_unreleased_changes_become_those_of_the_release",
        the_unreleased_changes_become_those_of_the_release,
    ),
    (
        "script::a_zip_depends_on_names_and_contents_alone",
        a_zip_depends_on_names_and_contents_alone,
    ),
    (
        "script::a_build_that_depends_on_its_folder_is_found_out",
        a_build_that_depends_on_its_folder_is_found_out,
    ),
    (
        "script::the_key_of_the_environment_signs_the_checksums",
        the_key_of_the_environment_signs_the_checksums,
    ),
];

fn another_version_than_that_of_cargo_is_refused() -> Outcome {
    let repository = Repository::new();
    for what in ["all", "zips", "files", "sign", "notes"] {
        let output = repository.release(&[what, "0.2.0"]).output().unwrap();
        let text = failed(&output);
        assert!(
            text.contains("Cargo.toml says 0.1.0, not 0.2.0"),
            "{what}: {text}"
        );
    }
    passed()
}

fn the_unreleased_changes_become_those_of_the_release() -> Outcome {
    let repository = Repository::new();
    let output = repository.release(&["notes"]).output().unwrap();
    assert!(failed(&output).contains("CHANGELOG.md has nothing about 0.1.0"));

    for wrong in ["v0.2.0", "0.2", ""] {
        failed(&repository.release(&["prepare", wrong]).output().unwrap());
    }
    succeeded(&mut repository.release(&["prepare", "0.2.0"]));
    let manifest = fs::read_to_string(repository.path("Cargo.toml")).unwrap();
    assert!(manifest.contains("version = \"0.2.0\""), "{manifest}");
    assert!(manifest.contains("other = \"0.1.0\""), "{manifest}");
    let lock = fs::read_to_string(repository.path("Cargo.lock")).unwrap();
    assert!(lock.contains("version = \"0.2.0\""), "{lock}");
    let changelog = fs::read_to_string(repository.path("CHANGELOG.md")).unwrap();
    let (start, rest) = changelog.split_once("## 0.2.0 (").unwrap();
    assert_eq!(start, "# Changelog\n\n## Unreleased\n\n");
    assert!(rest.contains(")\n\nFEATURES:\n\n- a new thing\n"), "{rest}");
    assert_eq!(
        succeeded(&mut repository.release(&["notes", "0.2.0"])),
        "FEATURES:\n\n- a new thing\n"
    );

    let output = repository.release(&["prepare", "0.2.0"]).output().unwrap();
    assert!(failed(&output).contains("CHANGELOG.md has 0.2.0 already"));
    passed()
}

fn a_zip_depends_on_names_and_contents_alone() -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let pack = |name: &str, epoch: &str, entries: [String; 2]| {
        let archive = folder.path().join(name);
        let mut command = Command::new(tool("pack-zip"));
        succeeded(command.arg(&archive).arg(epoch).args(entries));
        fs::read(archive).unwrap()
    };
    let write = |name: &str, text: &str, mode: u32| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path.display().to_string()
    };
    let (a, b) = (write("a", "one", 0o644), write("b", "two", 0o644));
    let (again_a, again_b) = (write("c", "one", 0o700), write("d", "two", 0o600));
    let first = pack("1.zip", "1700000000", [format!("x={a}"), format!("y={b}")]);
    let same = pack(
        "2.zip",
        "1700000000",
        [format!("y={again_b}"), format!("x={again_a}")],
    );
    assert_eq!(first, same);
    let other = pack("3.zip", "1700000000", [format!("x={b}"), format!("y={a}")]);
    assert_ne!(first, other);
    passed()
}

fn a_build_that_depends_on_its_folder_is_found_out() -> Outcome {
    if let Err(reason) = dist::tool(&["git"]) {
        return skipped(reason);
    }
    for (program, same) in [("the same", true), ("built in $PWD", false)] {
        let repository = Repository::new();
        repository.commit();
        let target = "target/x86_64-unknown-linux-musl/release";
        let build =
            format!("mkdir -p {target}; echo \"{program}\" >{target}/terraform-provider-teleport");
        repository.program("build/zig/bin/cargo-zigbuild", &build);
        repository.program("bin/rustup", "exit 0");
        let path = format!(
            "{}:{}",
            repository.path("bin").display(),
            env::var("PATH").unwrap()
        );
        let release = |arguments: &[&str]| {
            let mut command = repository.release(arguments);
            command.env("PATH", &path).env_remove("CARGO_TARGET_DIR");
            command
        };
        succeeded(&mut release(&["zips", "0.1.0", "linux_amd64"]));
        let mut again = release(&["reproduce", "linux_amd64"]);
        if same {
            let text = succeeded(&mut again);
            assert!(text.contains("linux_amd64 is the same"), "{text}");
        } else {
            let text = failed(&again.output().unwrap());
            assert!(text.contains("linux_amd64 cannot be reproduced"), "{text}");
        }
    }
    passed()
}

fn the_key_of_the_environment_signs_the_checksums() -> Outcome {
    if let Err(reason) = dist::tool(&["gpg"]) {
        return skipped(reason);
    }
    let repository = Repository::new();
    let zip = "terraform-provider-teleport_0.1.0_linux_amd64.zip";
    fs::create_dir(repository.path("dist")).unwrap();
    fs::write(repository.path("dist").join(zip), "a zip").unwrap();

    succeeded(&mut repository.release(&["files"]));
    let output = succeeded(&mut repository.release(&["sign"]));
    assert!(
        output.contains("skipped: signature (GPG_PRIVATE_KEY is not set)"),
        "{output}"
    );
    let sums = repository.path("dist/terraform-provider-teleport_0.1.0_SHA256SUMS");
    let signature = sums.with_extension("0_SHA256SUMS.sig");
    assert!(!signature.exists());
    let text = fs::read_to_string(&sums).unwrap();
    let names: Vec<_> = text
        .lines()
        .filter_map(|line| line.split("  ").nth(1))
        .collect();
    assert_eq!(
        names,
        [
            zip,
            "terraform-provider-teleport_0.1.0_manifest.json",
            "terraform-provider-teleport_0.1.0_sbom.cdx.json"
        ]
    );

    let home = tempfile::tempdir().unwrap();
    let gpg = |arguments: &[&str]| {
        let mut command = Command::new("gpg");
        command
            .arg("--homedir")
            .arg(home.path())
            .args([
                "--batch",
                "--pinentry-mode",
                "loopback",
                "--passphrase",
                "open",
            ])
            .args(arguments);
        succeeded(&mut command)
    };
    gpg(&[
        "--quick-gen-key",
        "Release <release@example.com>",
        "ed25519",
        "sign",
    ]);
    let key = gpg(&["--armor", "--export-secret-keys"]);
    let signing = |passphrase: &str| {
        let mut command = repository.release(&["sign"]);
        command
            .env("GPG_PRIVATE_KEY", &key)
            .env("GPG_PASSPHRASE", passphrase);
        command
    };
    failed(&signing("wrong").output().unwrap());
    succeeded(&mut signing("open"));
    gpg(&[
        "--verify",
        signature.to_str().unwrap(),
        sums.to_str().unwrap(),
    ]);
    let _ = Command::new("gpgconf")
        .arg("--homedir")
        .arg(home.path())
        .args(["--kill", "all"])
        .status();
    passed()
}

/// A repository that has what the script reads.
struct Repository(TempDir);

impl Repository {
    fn new() -> Self {
        let repository = Self(tempfile::tempdir().unwrap());
        for folder in ["tools", "src"] {
            fs::create_dir_all(repository.path(folder)).unwrap();
        }
        for name in ["release", "pack-zip"] {
            fs::copy(tool(name), repository.path("tools").join(name)).unwrap();
        }
        let manifest = "[package]\nname = \"terraform-provider-teleport\"\nversion = \"0.1.0\"\n\n\
                        [package.metadata]\nother = \"0.1.0\"\n";
        let files = [
            ("Cargo.toml", manifest),
            ("src/lib.rs", ""),
            (
                "CHANGELOG.md",
                "# Changelog\n\n## Unreleased\n\nFEATURES:\n\n- a new thing\n",
            ),
            ("terraform-registry-manifest.json", "{}\n"),
            ("LICENSE", "a licence"),
        ];
        for (name, text) in files {
            fs::write(repository.path(name), text).unwrap();
        }
        // The real one is built for minutes.
        repository.program(
            "build/cyclonedx/bin/cargo-cyclonedx",
            "echo '{}' >sbom.tmp.json",
        );
        repository
    }

    /// Writes a shell script that takes the place of a program.
    fn program(&self, relative: &str, script: &str) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Commits what a release is made of.
    fn commit(&self) {
        let git = |arguments: &[&str]| {
            let mut command = Command::new("git");
            command
                .current_dir(self.path("."))
                .args([
                    "-c",
                    "user.name=Release",
                    "-c",
                    "user.email=release@example.com",
                ])
                .args(arguments);
            succeeded(&mut command);
        };
        git(&["init", "--quiet"]);
        git(&[
            "add",
            "tools",
            "src",
            "Cargo.toml",
            "CHANGELOG.md",
            "LICENSE",
        ]);
        git(&["commit", "--quiet", "--no-gpg-sign", "--message", "All"]);
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.0.path().join(relative)
    }

    fn release(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.path("tools/release"));
        command
            .args(arguments)
            .env_remove("DIST")
            .env_remove("GPG_PRIVATE_KEY")
            .env_remove("GPG_PASSPHRASE")
            .env("SOURCE_DATE_EPOCH", "1700000000");
        command
    }
}

fn tool(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tools")
        .join(name)
}

/// What a command wrote on stdout, if it succeeded.
fn succeeded(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{command:?}\n{stdout}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    stdout
}

/// What a command wrote on stderr, if it failed.
fn failed(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{stderr}");
    stderr
}
