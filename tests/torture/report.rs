//! The table in the guide about reliability.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    fmt::Write,
    fs,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{aftermath::Healed, cells::Cell, events::Event, support::programs::Program};

/// What came of the cells.
#[derive(Clone, Default)]
pub(crate) struct Report(Arc<Mutex<Results>>);

#[derive(Default)]
struct Results {
    programs: BTreeSet<String>,
    events: BTreeMap<Event, BTreeMap<Healed, usize>>,
}

impl Report {
    /// Adds a cell that came to a good end.
    pub(crate) fn add(&self, program: &Program, cell: &Cell, healed: Healed) {
        let mut results = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        results.programs.insert(program.name());
        let ends = results.events.entry(cell.event).or_default();
        *ends.entry(healed).or_default() += 1;
    }

    /// Writes the table where `TORTURE_REPORT` says so. A table that was written has no cell that failed.
    pub(crate) fn write(&self) {
        let Some(file) = env::var_os("TORTURE_REPORT") else {
            return;
        };
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let guide = fs::read_to_string(&path).unwrap();
        let (head, rest) = guide.split_once(BEGIN).unwrap();
        let (_, tail) = rest.split_once(END).unwrap();
        let table = self.table();
        fs::write(&path, format!("{head}{BEGIN}\n{table}{END}{tail}")).unwrap();
    }

    fn table(&self) -> String {
        let results = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Results { programs, events } = &*results;
        let programs: Vec<_> = programs.iter().map(String::as_str).collect();
        let total: usize = events.values().flat_map(BTreeMap::values).sum();
        let mut text = format!("{total} cells, on {}.\n\n", programs.join(", "));
        text += "| event | injected | the run succeeded | the next run healed | what the error said healed | lost |\n";
        text += "| --- | ---: | ---: | ---: | ---: | ---: |\n";
        for (event, ends) in events {
            let count = |healed| ends.get(&healed).copied().unwrap_or_default();
            writeln!(
                text,
                "| {} | {} | {} | {} | {} | 0 |",
                event.describe(),
                ends.values().sum::<usize>(),
                count(Healed::SameRun),
                count(Healed::NextRun),
                count(Healed::NamedCommand)
            )
            .unwrap();
        }
        text
    }
}

const BEGIN: &str = "<!-- begin: written by make torture -->";
const END: &str = "<!-- end -->";
