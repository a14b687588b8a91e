//! The matrix: operation x moment x event.

use std::{env, fmt, thread, time::Duration};

use sha2::{Digest, Sha256};
use teleport_simulator::Fault;

use crate::{
    aftermath::{self, Healed},
    events::Event,
    operations::{OPERATIONS, Operation, World},
    support::{environment::TestEnv, programs::Program},
};

/// One cell.
#[derive(Clone, Copy)]
pub(crate) struct Cell {
    pub(crate) operation: &'static Operation,
    pub(crate) moment: Moment,
    pub(crate) event: Event,
}

/// When the event comes, in the life of the call that [`Operation::rpc`] names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// From the start of the run on.
    Start,
    /// The server has the request, and never carries it out.
    Before,
    /// The server has carried it out, and never answers.
    Unanswered,
    /// The server has just answered.
    Answered,
    /// The provider polls a cluster that is not active yet.
    Polling,
}

/// Every cell that means something.
pub(crate) fn all() -> impl Iterator<Item = Cell> {
    let moments = |operation: &'static Operation| {
        // A cluster that is waited for becomes active after the event, and at the start there is none.
        let polls = operation.moments.contains(&Moment::Polling);
        let start = (!polls).then_some(Moment::Start);
        let moments = operation.moments.iter().copied().chain(start);
        moments.map(move |moment| (operation, moment))
    };
    OPERATIONS
        .iter()
        .flat_map(moments)
        .flat_map(|(operation, moment)| {
            let events = Event::ALL.into_iter();
            let fitting = events.filter(move |event| event.fits(moment));
            fitting.map(move |event| Cell {
                operation,
                moment,
                event,
            })
        })
}

/// Leaves as many as `TORTURE_CELLS` says, spread over all of them. The choice is the same in every run.
pub(crate) fn sample<T>(cells: &mut Vec<T>, name: impl Fn(&T) -> &str) {
    let count = match env::var("TORTURE_CELLS") {
        Ok(text) if text == "all" => return,
        Ok(text) => text
            .parse()
            .expect("TORTURE_CELLS must be a number, or all"),
        Err(_) => SAMPLE,
    };
    cells.sort_by_cached_key(|cell| Sha256::digest(name(cell)));
    cells.truncate(count);
}

impl Cell {
    /// What this machine or program lacks for it.
    pub(crate) fn missing(&self, program: &Program) -> Option<String> {
        let feature = self
            .operation
            .needs
            .filter(|feature| !feature.is_in(program));
        match feature {
            Some(feature) => Some(format!("{} has no {}", program.name(), feature.name)),
            None => self.event.missing().map(str::to_owned),
        }
    }

    /// Runs it, and panics if anything is lost, done twice or left behind.
    pub(crate) fn run(&self, program: &Program) -> Healed {
        let mut world = (self.operation.world)(program);
        let temporary = world.env.path("tmp");
        std::fs::create_dir(&temporary).unwrap();
        world.env.set("TMPDIR", &temporary.to_string_lossy());
        self.event.prepare(&mut world.env);
        let fault = match self.moment {
            Moment::Before => Some(Fault::delay(self.operation.rpc, NEVER)),
            Moment::Unanswered => Some(Fault::delay(self.operation.rpc, NEVER).carried_out()),
            Moment::Start | Moment::Answered | Moment::Polling => None,
        };
        if let Some(fault) = fault {
            world.env.simulator.add_fault(fault).unwrap();
        }
        let before = world.env.calls(self.operation.rpc);
        let mut running = self.event.start(&world);
        if self.moment != Moment::Start {
            let what = format!("{self}");
            running.until(&what, |_| self.has_come(&world, before));
            self.event.happen(&world.env, &running);
        }
        world.settle(self.moment);
        let group = running.id();
        let outcome = running.wait_within(LONGEST);
        world.env.simulator.clear_faults();
        aftermath::nothing_is_left(self, group, &temporary);
        self.event.repair(&mut world.env);
        aftermath::heal(self, &world, &outcome)
    }

    fn has_come(&self, world: &World, before: usize) -> bool {
        let rpc = self.operation.rpc;
        let calls: Vec<_> = (world.env.simulator.calls().into_iter())
            .filter(|call| call.rpc == rpc)
            .skip(before)
            .collect();
        match self.moment {
            Moment::Start => true,
            Moment::Before => !calls.is_empty(),
            Moment::Unanswered => {
                // It is carried out right after it came in.
                let came = !calls.is_empty();
                if came {
                    thread::sleep(CARRIED_OUT);
                }
                came
            }
            Moment::Answered => calls.iter().any(|call| call.code.is_some()),
            Moment::Polling => calls.len() >= POLLS && is_pending(&world.env),
        }
    }
}

fn is_pending(env: &TestEnv) -> bool {
    let clusters = env.simulator.clusters();
    clusters.iter().any(|cluster| cluster.state != "active")
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (operation, moment) = (self.operation.name, format!("{:?}", self.moment));
        let event = format!("{:?}", self.event);
        write!(f, "{operation}::{}::{}", words(&moment), words(&event))
    }
}

/// `LikeThis` as `like_this`.
fn words(name: &str) -> String {
    let mut text = String::new();
    for char in name.chars() {
        if char.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(char.to_ascii_lowercase());
    }
    text
}

/// How many cells run without `TORTURE_CELLS`.
const SAMPLE: usize = 40;
/// A call has 30 seconds, a join more.
const LONGEST: Duration = Duration::from_secs(180);
/// Longer than any run.
const NEVER: Duration = Duration::from_secs(600);
const CARRIED_OUT: Duration = Duration::from_millis(100);
/// The look before the create, and two reads of the new cluster.
const POLLS: usize = 3;
