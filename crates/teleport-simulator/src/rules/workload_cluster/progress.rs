//! How the state of a workload cluster moves on: by time, or by the number of reads.

use std::time::Duration;

use tokio::time::Instant;

/// The state of a workload cluster, now and later.
///
/// By time, it is `creating` until a moment and `active` from then on; reads change nothing. By script, each read moves on to
/// the next entry and stays at the last one, and everything between two reads shows what the last read saw. The control API
/// replaces one by the other.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    way: Way,
    reads: u64,
}

#[derive(Debug, Clone)]
enum Way {
    /// `creating` until then, `active` from then on. `None` is never.
    Timed(Option<Instant>),
    /// What successive reads see; the last one stays.
    Scripted {
        states: Vec<String>,
        next: usize,
    },
    Fixed(String),
}

impl Progress {
    /// `creating` for the time `provisioning`, then `active`.
    pub(crate) fn timed(provisioning: Duration) -> Self {
        Self::new(Way::Timed(Instant::now().checked_add(provisioning)))
    }

    /// One entry of `states` for each read; the last one stays. Before the first read it is the first entry.
    pub(crate) fn scripted(states: Vec<String>) -> Self {
        Self::new(Way::Scripted { states, next: 0 })
    }

    /// Always `state`.
    pub(crate) fn fixed(state: String) -> Self {
        Self::new(Way::Fixed(state))
    }

    fn new(way: Way) -> Self {
        Self { way, reads: 0 }
    }

    /// Counts a read.
    pub(super) fn read(&mut self) {
        if let Way::Scripted { states, next } = &mut self.way {
            *next = (*next + 1).min(states.len());
        }
        self.reads = self.reads.saturating_add(1);
    }

    /// The state as the last read saw it, or as of now where time moves it on.
    pub(crate) fn state(&self) -> &str {
        match &self.way {
            Way::Timed(Some(active)) if *active <= Instant::now() => ACTIVE,
            Way::Timed(_) => CREATING,
            Way::Scripted { states, next } => states
                .get(next.saturating_sub(1))
                .map_or("", String::as_str),
            Way::Fixed(state) => state,
        }
    }

    /// How many reads there were.
    pub(crate) fn reads(&self) -> u64 {
        self.reads
    }

    /// Whether reads move it on. In a script an empty text stands for an answer without status.
    pub(super) fn is_scripted(&self) -> bool {
        matches!(self.way, Way::Scripted { .. })
    }
}

/// The state of a new workload cluster.
pub(crate) const CREATING: &str = "creating";
/// The state of a workload cluster that can be used.
pub(crate) const ACTIVE: &str = "active";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_gives_each_read_its_entry_and_keeps_the_last() {
        let states = ["creating", "", "active"].map(str::to_owned);
        let mut progress = Progress::scripted(states.to_vec());
        assert_eq!(progress.state(), "creating");
        let mut seen = Vec::new();
        for _ in 0..4 {
            progress.read();
            seen.push(progress.state().to_owned());
        }
        assert_eq!(seen, ["creating", "", "active", "active"]);
        assert_eq!(progress.reads(), 4);
    }

    #[test]
    fn without_provisioning_time_it_is_active_at_once() {
        assert_eq!(Progress::timed(Duration::ZERO).state(), "active");
    }

    #[test]
    fn a_time_beyond_the_clock_never_comes() {
        assert_eq!(Progress::timed(Duration::MAX).state(), "creating");
    }

    #[test]
    fn a_fixed_state_stays() {
        let mut progress = Progress::fixed("error".to_owned());
        progress.read();
        assert_eq!(progress.state(), "error");
    }
}
