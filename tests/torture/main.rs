//! Faults at the worst moments: what an interruption, a kill or a lost connection leaves behind, and what heals it.
//!
//! A cell of the matrix is an operation, the moment of a call of it, and what happens then. Each cell runs on a program with
//! a simulated Teleport Cloud of its own. What is checked afterwards is read from the simulator's contents and its journal,
//! from the state file and from the process table, so nothing of the provider judges itself.
//!
//! `make torture` runs all of it and writes the table in `docs/guides/reliability.md`. `TORTURE_CELLS` bounds the number of
//! cells; without it a sample runs.

// The exception for tests covers test functions, not what they share.
#![allow(clippy::unwrap_used)]

mod aftermath;
mod cells;
mod events;
mod operations;
mod report;
#[path = "../support/mod.rs"]
mod support;

use std::{collections::BTreeSet, process::ExitCode};

use libtest_mimic::{Arguments, Trial};

use self::{cells::Cell, report::Report};
use crate::support::{
    matrix,
    programs::{NotFound, Program, Search},
};

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    matrix::wait_more_than_compute(&mut arguments);
    let report = Report::default();
    let (mut cells, mut skipped) = (Vec::new(), BTreeSet::new());
    for (kind, found) in matrix::columns(&Search::from_process()) {
        match found {
            Ok(program) => cells::all().for_each(|cell| match cell.missing(&program) {
                None => cells.push((format!("{}::{cell}", program.name()), program.clone(), cell)),
                Some(missing) => _ = skipped.insert(missing),
            }),
            Err(NotFound::Skipped(reason)) => _ = skipped.insert(format!("{kind}: {reason}")),
            Err(NotFound::Broken(reason)) => panic!("{kind}: {reason}"),
        }
    }
    cells::sample(&mut cells, |(name, ..)| name);
    let run = |(name, program, cell): (String, Program, Cell)| {
        let report = report.clone();
        Trial::test(name, move || {
            report.add(&program, &cell, cell.run(&program));
            Ok(())
        })
    };
    let skip = |reason: String| Trial::test(reason, || Ok(())).with_ignored_flag(true);
    let trials = cells.into_iter().map(run);
    let trials = trials.chain(skipped.into_iter().map(skip)).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    if !conclusion.has_failed() && !arguments.list {
        report.write();
    }
    conclusion.exit_code()
}
