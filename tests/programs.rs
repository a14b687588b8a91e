//! The search for `terraform` and `tofu`, and the matrix that is made of what it finds.

mod support;

use std::{ffi::OsString, fs, os::unix::fs::symlink, path::PathBuf};

use libtest_mimic::Completion;
use support::{
    matrix::{self, Scenario},
    programs::{Kind, NotFound, Program, Search},
};
use tempfile::TempDir;

#[test]
fn the_variable_goes_before_the_path() {
    let folder = Folder::new();
    let named = folder.program("named/one", "2.0.0");
    folder.program("bin/terraform", "1.0.0");
    let found = folder.find(
        Kind::Terraform,
        &[("TERRAFORM_PATH", "named/one"), ("PATH", "bin")],
    );
    assert_eq!(found, Ok(program(Kind::Terraform, named, "2.0.0")));
}

#[test]
fn the_path_goes_before_the_build_folder() {
    let folder = Folder::new();
    let on_path = folder.program("bin/tofu", "1.0.0");
    folder.program("build/tofu", "1.12.6");
    let found = folder.find(Kind::OpenTofu, &[("PATH", "bin")]);
    assert_eq!(found, Ok(program(Kind::OpenTofu, on_path, "1.0.0")));
}

#[test]
fn the_build_folder_is_enough() {
    let folder = Folder::new();
    let built = folder.program("build/tofu", "1.12.6");
    assert_eq!(
        folder.find(Kind::OpenTofu, &[]),
        Ok(program(Kind::OpenTofu, built, "1.12.6"))
    );
}

#[test]
fn a_file_on_the_path_that_does_not_run_is_passed_over() {
    let folder = Folder::new();
    fs::create_dir_all(folder.path("bin")).unwrap();
    fs::write(folder.path("bin/tofu"), "no program").unwrap();
    let built = folder.program("build/tofu", "1.12.6");
    let found = folder.find(Kind::OpenTofu, &[("PATH", "bin")]);
    assert_eq!(found, Ok(program(Kind::OpenTofu, built, "1.12.6")));
}

#[test]
fn a_missing_program_is_skipped_and_the_reason_says_where_it_was_looked_for() {
    let folder = Folder::new();
    let Err(NotFound::Skipped(reason)) = folder.find(Kind::OpenTofu, &[("PATH", "bin")]) else {
        panic!("tofu must be skipped");
    };
    for part in ["TOFU_PATH", "PATH", "build/tofu"] {
        assert!(reason.contains(part), "{reason:?} must contain {part:?}");
    }
}

#[test]
fn an_empty_variable_leaves_a_program_out_on_purpose() {
    let folder = Folder::new();
    folder.program("bin/tofu", "1.12.6");
    let found = folder.find(Kind::OpenTofu, &[("TOFU_PATH", ""), ("PATH", "bin")]);
    assert_eq!(found, Err(NotFound::Skipped("TOFU_PATH is empty".into())));
}

#[test]
fn a_variable_that_names_nothing_is_an_error_and_not_a_skip() {
    let folder = Folder::new();
    folder.program("bin/terraform", "1.0.0");
    let found = folder.find(
        Kind::Terraform,
        &[("TERRAFORM_PATH", "nowhere"), ("PATH", "bin")],
    );
    assert!(
        matches!(&found, Err(NotFound::Broken(reason)) if reason.contains("TERRAFORM_PATH")),
        "{found:?}"
    );
}

#[test]
fn a_scenario_runs_only_on_a_program_that_is_there() {
    let scenario = Scenario {
        name: "acceptance::create::works",
        run: |_| (),
        needs: None,
    };
    assert_eq!(
        matrix::trial_name(Kind::OpenTofu, scenario),
        "tofu::create::works"
    );

    let there = Ok(program(Kind::Terraform, "/x/terraform".into(), "1.11.4"));
    assert!(matches!(
        matrix::attempt(&there, scenario),
        Ok(Completion::Completed)
    ));

    let skipped = Err(NotFound::Skipped("no build/tofu".into()));
    assert!(matches!(
        matrix::attempt(&skipped, scenario),
        Ok(Completion::Ignored { reason: Some(reason) }) if reason == "no build/tofu"
    ));

    let broken = Err(NotFound::Broken("does not run".into()));
    assert!(matches!(
        matrix::attempt(&broken, scenario),
        Err(failed) if failed.message() == Some("does not run")
    ));
}

#[test]
fn a_scenario_runs_only_on_a_program_that_has_what_it_needs() {
    let scenario = Scenario {
        name: "acceptance::identities::works",
        run: |_| (),
        needs: Some(matrix::EPHEMERAL_RESOURCES),
    };
    for (kind, version, runs) in [
        (Kind::Terraform, "1.9.8", false),
        (Kind::Terraform, "1.10.0", true),
        (Kind::Terraform, "1.15.0-rc1", true),
        (Kind::OpenTofu, "1.10.6", false),
        (Kind::OpenTofu, "1.11.0", true),
        (Kind::OpenTofu, "2.0.0", true),
    ] {
        let there = Ok(program(kind, "/x/it".into(), version));
        match matrix::attempt(&there, scenario) {
            Ok(Completion::Completed) => assert!(runs, "{kind} {version}"),
            Ok(Completion::Ignored {
                reason: Some(reason),
            }) => {
                assert!(!runs, "{reason}");
                assert_eq!(
                    reason,
                    format!("{kind} {version} has no ephemeral resources")
                );
            }
            _ => panic!("{kind} {version} neither runs nor is skipped"),
        }
    }
}

#[test]
fn the_summary_names_each_program_and_why_one_is_skipped() {
    let there = program(Kind::Terraform, "/x/terraform".into(), "1.11.4");
    let columns = [
        (Kind::Terraform, Ok(there)),
        (
            Kind::OpenTofu,
            Err(NotFound::Skipped("no build/tofu".into())),
        ),
    ];
    assert_eq!(
        matrix::summary(&columns, 12),
        "matrix: terraform 1.11.4 (/x/terraform)\nmatrix: skipped: tofu (no build/tofu), scenarios: 12\n"
    );
}

const STAND_IN: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/support/reports-version.sh"
);

/// A folder of made-up programs.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder must be creatable"))
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.0.path().join(relative)
    }

    /// Writes a program that tells `version`.
    fn program(&self, relative: &str, version: &str) -> PathBuf {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().expect("a program must be in a folder"))
            .expect("the folder must be creatable");
        // A link, since a program that this process has just written may still be open for writing in a child that
        // another test forked, and then does not run.
        symlink(STAND_IN, &path).expect("the link must be creatable");
        let answer = format!("{{\"terraform_version\":\"{version}\"}}");
        fs::write(format!("{}.version", path.display()), answer)
            .expect("the answer must be writable");
        path
    }

    /// Searches with `variables`, whose values are relative to the folder, and with nothing else.
    fn find(&self, kind: Kind, variables: &[(&str, &str)]) -> Result<Program, NotFound> {
        let variable = |name: &str| {
            let (_, value) = variables.iter().find(|(variable, _)| *variable == name)?;
            Some(if value.is_empty() {
                OsString::new()
            } else {
                self.path(value).into_os_string()
            })
        };
        Search {
            variable: &variable,
            build: self.path("build"),
        }
        .find(kind)
    }
}

fn program(kind: Kind, path: PathBuf, version: &str) -> Program {
    Program {
        kind,
        path,
        version: version.into(),
    }
}
