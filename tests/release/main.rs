//! The release: `tools/release` itself, and what `make release` left in `dist/`.
//!
//! A test of a file that was not built, or with a program that is missing, is shown as `ignored` with the reason.

// The exception for tests covers test functions, not what they share.
#![allow(clippy::unwrap_used)]

mod dist;
mod files;
#[allow(dead_code, reason = "the protocol's tests use more of it")]
#[path = "../protocol/host/mod.rs"]
mod host;
mod platforms;
mod programs;
mod script;
#[path = "../support/mod.rs"]
mod support;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use support::{
    matrix,
    programs::{NotFound, Program, Search},
};

/// What became of a test that did not panic.
type Outcome = Result<Completion, Failed>;

/// A test, and its name.
type Test = (&'static str, fn() -> Outcome);

/// A test that runs on each program.
type ProgramTest = (&'static str, fn(&Program) -> Outcome);

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // A program that was just written cannot be started while another thread starts one: that has the file open for writing for a
    // moment.
    arguments.test_threads = Some(1);
    let tests = [script::TESTS, files::TESTS, platforms::TESTS].concat();
    let mut trials: Vec<_> = tests
        .into_iter()
        .map(|(name, test)| Trial::ignorable_test(name, test))
        .collect();
    for (kind, found) in matrix::columns(&Search::from_process()) {
        for &(name, test) in programs::TESTS {
            let found = found.clone();
            let program = found
                .as_ref()
                .map_or_else(|_| kind.name().to_owned(), Program::name);
            let run = move || match &found {
                Ok(program) => test(program),
                Err(NotFound::Skipped(reason)) => skipped(reason),
                Err(NotFound::Broken(reason)) => Err(Failed::from(reason)),
            };
            trials.push(Trial::ignorable_test(format!("{program}::{name}"), run));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// The outcome of a test that has what it needs.
#[allow(clippy::unnecessary_wraps, reason = "it ends a test")]
fn passed() -> Outcome {
    Ok(Completion::Completed)
}

/// The outcome of a test that lacks something.
fn skipped(reason: impl Into<String>) -> Outcome {
    Ok(Completion::ignored_with(reason.into()))
}
