//! The journal: which calls came in, from whom, and what was answered.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::SystemTime,
};

use serde::{Serialize, Serializer};
use tonic::Code;

use crate::faults::codes;

/// One call of the gRPC API.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Call {
    /// Name of the workload cluster whose child was called, or `parent`.
    pub cluster: String,
    /// Name of the RPC without its service, such as `CreateWorkloadCluster`.
    pub rpc: String,
    /// Name of the resource in the request, where it has one.
    pub name: Option<String>,
    /// User in the caller's certificate, empty where a join needs none.
    pub caller: String,
    /// When it came in.
    #[serde(serialize_with = "rfc3339")]
    pub time: SystemTime,
    /// What was answered. `None` while there is no answer, and when the connection was dropped.
    #[serde(serialize_with = "code_name")]
    pub code: Option<Code>,
}

/// The last calls. When it is full the oldest makes room.
#[derive(Debug)]
pub(crate) struct Journal {
    // A std mutex: it is never held across an await.
    state: Mutex<State>,
    capacity: usize,
}

#[derive(Debug, Default)]
struct State {
    calls: VecDeque<Entry>,
    next: u64,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    call: Call,
    note: CallNote,
}

/// Travels with a request, for the service to say what the request is about.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallNote(Arc<Note>);

#[derive(Debug, Default)]
struct Note {
    name: OnceLock<String>,
    code: OnceLock<Code>,
}

impl CallNote {
    /// Says which resource the request is about.
    pub(crate) fn name(&self, name: &str) {
        let short = name.chars().take(MAX_NAME_CHARS).collect();
        // Of two names the first one stays: a request is about one resource.
        let _ = self.0.name.set(short);
    }

    /// Says how a call has ended whose answer is a stream.
    pub(crate) fn ended(&self, code: Code) {
        // A call ends once.
        let _ = self.0.code.set(code);
    }
}

impl Default for Journal {
    fn default() -> Self {
        Self::with_capacity(CAPACITY)
    }
}

impl Journal {
    fn with_capacity(capacity: usize) -> Self {
        Self {
            state: Mutex::default(),
            capacity,
        }
    }

    /// Writes down a call that came in. The number is for [`answered`](Self::answered).
    pub(crate) fn began(&self, cluster: &str, rpc: &str, caller: &str, note: CallNote) -> u64 {
        let mut state = self.lock();
        let number = state.next;
        state.next += 1;
        if state.calls.len() >= self.capacity {
            state.calls.pop_front();
        }
        let call = Call {
            cluster: cluster.to_owned(),
            rpc: rpc.to_owned(),
            name: None,
            caller: caller.to_owned(),
            time: SystemTime::now(),
            code: None,
        };
        state.calls.push_back(Entry { number, call, note });
        number
    }

    /// Writes down what a call was answered.
    pub(crate) fn answered(&self, number: u64, code: Code) {
        let mut state = self.lock();
        // Numbers ascend, so the entry is near the end.
        if let Some(entry) = state
            .calls
            .iter_mut()
            .rev()
            .find(|entry| entry.number == number)
        {
            entry.call.code = Some(code);
        }
    }

    /// The calls, oldest first.
    pub(crate) fn calls(&self) -> Vec<Call> {
        let state = self.lock();
        let call = |entry: &Entry| Call {
            name: entry.note.0.name.get().cloned(),
            code: entry.call.code.or_else(|| entry.note.0.code.get().copied()),
            ..entry.call.clone()
        };
        state.calls.iter().map(call).collect()
    }

    /// Forgets every call.
    pub(crate) fn clear(&self) {
        self.lock().calls.clear();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn rfc3339<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_rfc3339_millis(*time))
}

fn code_name<S: Serializer>(code: &Option<Code>, serializer: S) -> Result<S::Ok, S::Error> {
    code.map(codes::name).serialize(serializer)
}

const CAPACITY: usize = 10_000;
const MAX_NAME_CHARS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_there_before_its_answer() {
        let journal = Journal::default();
        let note = CallNote::default();
        let number = journal.began("parent", "GetWorkloadCluster", "bot-a", note.clone());
        assert_eq!(journal.calls()[0].code, None);
        note.name("team-a");
        journal.answered(number, Code::NotFound);
        let json = serde_json::to_value(&journal.calls()[0]).unwrap();
        assert_eq!(json["rpc"], "GetWorkloadCluster");
        assert_eq!(json["name"], "team-a");
        assert_eq!(json["caller"], "bot-a");
        assert_eq!(json["code"], "not_found");
        assert!(json["time"].as_str().unwrap().ends_with('Z'));
    }

    #[test]
    fn the_oldest_call_makes_room() {
        let journal = Journal::with_capacity(2);
        for rpc in ["One", "Two", "Three"] {
            journal.began("parent", rpc, "bot-a", CallNote::default());
        }
        journal.answered(0, Code::Ok);
        let rpcs: Vec<String> = journal.calls().into_iter().map(|call| call.rpc).collect();
        assert_eq!(rpcs, ["Two", "Three"]);
        journal.clear();
        assert!(journal.calls().is_empty());
    }
}
