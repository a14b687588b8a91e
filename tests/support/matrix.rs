//! The acceptance matrix: every scenario runs on every program, which is one version of `terraform` or `tofu`.
//!
//! A harness of its own, since libtest cannot skip a test at run time: a scenario whose program is missing is shown as
//! `ignored` with the reason, under the program's name, and the run closes with one line per program.

use std::{fs, path::Path, process::ExitCode, thread};

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use super::programs::{Kind, NotFound, Program, Search};

/// A test that runs once on each program. It fails by panicking.
#[derive(Clone, Copy)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&Program),
    /// What the program must have.
    pub(crate) needs: Option<Feature>,
}

/// Something that not every version of the programs has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Feature {
    pub(crate) name: &'static str,
    /// The first minor version of 1 that has it, of each program.
    pub(crate) since: [(Kind, u32); 2],
}

/// Ephemeral resources.
pub(crate) const EPHEMERAL_RESOURCES: Feature = Feature {
    name: "ephemeral resources",
    since: [(Kind::Terraform, 10), (Kind::OpenTofu, 11)],
};

/// Functions of providers.
pub(crate) const PROVIDER_FUNCTIONS: Feature = Feature {
    name: "functions of providers",
    since: [(Kind::Terraform, 8), (Kind::OpenTofu, 7)],
};

/// Import by identity.
pub(crate) const IDENTITIES: Feature = Feature {
    name: "resource identity",
    since: [(Kind::Terraform, 12), (Kind::OpenTofu, 12)],
};

/// Configurations of imported objects that the provider writes. Others make them of the schema.
pub(crate) const GENERATED_BY_PROVIDER: Feature = Feature {
    name: "configurations that the provider generates",
    since: [(Kind::Terraform, 14), (Kind::OpenTofu, u32::MAX)],
};

/// `terraform query`.
pub(crate) const QUERY: Feature = Feature {
    name: "queries",
    since: [(Kind::Terraform, 14), (Kind::OpenTofu, u32::MAX)],
};

#[allow(unused_macros, reason = "as for dead code")]
/// The scenarios of a module, by the names of its functions: `fn(&Program)`. After a name and a colon, what it needs.
macro_rules! scenarios {
    ($($function:ident $(: $needs:expr)?),* $(,)?) => {
        &[$($crate::support::matrix::Scenario {
            name: concat!(module_path!(), "::", stringify!($function)),
            run: $function,
            needs: [$($needs,)?].first().copied(),
        }),*]
    };
}
#[allow(unused_imports, reason = "as for dead code")]
pub(crate) use scenarios;

/// A column of the matrix: a program, or why there is none of its kind.
pub(crate) type Column = (Kind, Result<Program, NotFound>);

/// Runs the scenarios on every program, as a test program's `main`.
pub(crate) fn run(scenarios: &[&[Scenario]]) -> ExitCode {
    let mut arguments = Arguments::from_args();
    wait_more_than_compute(&mut arguments);
    let columns = columns(&Search::from_process());
    let scenarios = scenarios.concat();
    let share = std::env::var(SHARE).ok();
    let share = share.map(|share| {
        share
            .parse()
            .unwrap_or_else(|_| panic!("{SHARE} must be a number"))
    });
    let share = share.unwrap_or(1).max(1);
    let conclusion = libtest_mimic::run(&arguments, trials(&columns, &scenarios, share));
    if !arguments.list {
        let mut summary = summary(&columns, scenarios.len());
        if share > 1 {
            summary += &format!(
                "matrix: programs after the first ran one of {share} scenarios ({SHARE})\n"
            );
        }
        eprint!("{summary}");
        // `make test` prints it again at its very end.
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("matrix.txt");
        if let Err(error) = fs::write(&path, summary) {
            eprintln!("{}: {error}", path.display());
        }
    }
    conclusion.exit_code()
}

/// Runs more tests at once than there are cores: these wait more than they compute.
pub(crate) fn wait_more_than_compute(arguments: &mut Arguments) {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    arguments.test_threads.get_or_insert(3 * cores);
}

/// A column for each program that is found, and one for each kind of which none is.
pub(crate) fn columns(search: &Search<'_>) -> Vec<Column> {
    Kind::ALL
        .into_iter()
        .flat_map(|kind| {
            let found = match search.find(kind) {
                Ok(programs) => programs.into_iter().map(Ok).collect(),
                Err(reason) => vec![Err(reason)],
            };
            found.into_iter().map(move |found| (kind, found))
        })
        .collect()
}

/// One trial per program and scenario, named `PROGRAM::MODULE::SCENARIO`. A program after the first runs every scenario that the
/// first one cannot run, and one of `share` of the others, each program another one.
fn trials(columns: &[Column], scenarios: &[Scenario], share: usize) -> Vec<Trial> {
    let mut trials = Vec::new();
    for (index, column) in columns.iter().enumerate() {
        let mut before = columns[..index].iter();
        let first = before.find_map(|(_, found)| found.as_ref().ok());
        for (number, &scenario) in scenarios.iter().enumerate() {
            let runs = |program| scenario.needs.is_none_or(|feature| feature.is_in(program));
            if first.is_some_and(runs) && number % share != index % share {
                continue;
            }
            let (_, found) = column.clone();
            trials.push(Trial::ignorable_test(
                trial_name(column, scenario),
                move || attempt(&found, scenario),
            ));
        }
    }
    trials
}

/// The scenario's name without the test program's, under the name of the program that it drives.
pub(crate) fn trial_name((kind, found): &Column, scenario: Scenario) -> String {
    let program = found
        .as_ref()
        .map_or_else(|_| kind.name().to_owned(), Program::name);
    let name = scenario
        .name
        .split_once("::")
        .map_or(scenario.name, |(_, name)| name);
    format!("{program}::{name}")
}

/// Runs the scenario if its program is there.
pub(crate) fn attempt(
    found: &Result<Program, NotFound>,
    scenario: Scenario,
) -> Result<Completion, Failed> {
    match found {
        Ok(program) => {
            if let Some(feature) = scenario.needs.filter(|feature| !feature.is_in(program)) {
                let reason = format!(
                    "{} {} has no {}",
                    program.kind, program.version, feature.name
                );
                return Ok(Completion::ignored_with(reason));
            }
            (scenario.run)(program);
            Ok(Completion::Completed)
        }
        Err(NotFound::Skipped(reason)) => Ok(Completion::ignored_with(reason)),
        Err(NotFound::Broken(reason)) => Err(Failed::from(reason)),
    }
}

impl Feature {
    /// Whether the program is new enough. One whose version cannot be read is taken to be.
    pub(crate) fn is_in(self, program: &Program) -> bool {
        let mut numbers = program.version.split('.').map(str::parse::<u32>);
        let (Some(Ok(1)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else {
            return true;
        };
        let since = self.since.iter().find(|(kind, _)| *kind == program.kind);
        since.is_none_or(|(_, since)| minor >= *since)
    }
}

/// The environment variable that says which share of the scenarios runs on programs after the first.
const SHARE: &str = "ACCEPTANCE_SHARE";

/// A line per program: which one was used, or why it was skipped.
pub(crate) fn summary(columns: &[Column], scenarios: usize) -> String {
    columns
        .iter()
        .map(|(kind, found)| match found {
            Ok(program) => format!("matrix: {program}\n"),
            Err(NotFound::Skipped(reason)) => {
                format!("matrix: skipped: {kind} ({reason}), scenarios: {scenarios}\n")
            }
            Err(NotFound::Broken(reason)) => format!("matrix: broken: {kind} ({reason})\n"),
        })
        .collect()
}
