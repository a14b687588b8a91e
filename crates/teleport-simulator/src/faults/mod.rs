//! Faults: calls that go wrong on purpose.

pub(crate) mod codes;
pub(crate) mod journal;

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tonic::Code;

/// A fault: something that goes wrong with the next calls of an RPC.
///
/// ```
/// use teleport_simulator::Fault;
///
/// let lost_answer = Fault::drop_after("CreateWorkloadCluster");
/// let busy = Fault::code("GetWorkloadCluster", tonic::Code::Unavailable).after(1).times(3);
/// # let _ = (lost_answer, busy);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Written", try_from = "Written")]
pub struct Fault {
    rpc: String,
    cluster: Option<String>,
    action: Action,
    delay: Duration,
    carried_out: bool,
    times: u32,
    after: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Action {
    None,
    Code { code: Code, message: String },
    Drop,
}

/// What happens to one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Effect {
    /// Whether the call is carried out before the rest happens.
    pub(crate) carried_out: bool,
    pub(crate) delay: Duration,
    pub(crate) end: End,
}

/// How a call ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// As without the fault.
    Usual,
    /// With an error.
    Code(Code, String),
    /// The connection is closed, and with it all other calls on it.
    Drop,
}

/// The faults that have not happened yet.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<Fault>>);

/// The limit of faults is reached.
#[derive(Debug, thiserror::Error)]
#[error("limit of {MAX_FAULTS} faults is reached")]
pub struct TooManyFaults;

impl Fault {
    /// Answers with an error instead of carrying the call out. `rpc` is the RPC's name without its service, or `*`.
    #[must_use]
    pub fn code(rpc: &str, code: Code) -> Self {
        let message = MESSAGE.to_owned();
        Self::new(rpc, Action::Code { code, message })
    }

    /// Closes the connection before the call is carried out.
    #[must_use]
    pub fn drop_before(rpc: &str) -> Self {
        Self::new(rpc, Action::Drop)
    }

    /// Carries the call out and closes the connection instead of answering.
    #[must_use]
    pub fn drop_after(rpc: &str) -> Self {
        Self::new(rpc, Action::Drop).carried_out()
    }

    /// Waits before the call is carried out.
    #[must_use]
    pub fn delay(rpc: &str, delay: Duration) -> Self {
        let mut fault = Self::new(rpc, Action::None);
        fault.delay = delay.min(MAX_DELAY);
        fault
    }

    /// Refuses every join, through both join services, as a cluster does while its token does not exist yet.
    #[must_use]
    pub fn join_refused() -> Self {
        Self::code(JOIN, Code::PermissionDenied).message(NO_TOKEN)
    }

    /// Closes connections that are made by host name before anything is answered, as if the name could not be resolved.
    #[must_use]
    pub fn unreachable() -> Self {
        Self::new(CONNECT, Action::Drop)
    }

    /// Limits the fault to the child of the workload cluster `name`, or to the parent, whose name is `parent`. By default it
    /// hits every cluster.
    #[must_use]
    pub fn cluster(mut self, name: &str) -> Self {
        self.cluster = Some(name.to_owned());
        self
    }

    /// Carries the call out first. The delay, the error or the drop follows.
    #[must_use]
    pub fn carried_out(mut self) -> Self {
        self.carried_out = true;
        self
    }

    /// Text of the error.
    #[must_use]
    pub fn message(mut self, text: &str) -> Self {
        if let Action::Code { message, .. } = &mut self.action {
            text.clone_into(message);
        }
        self
    }

    /// How many calls it hits. Default: 1.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times.max(1);
        self
    }

    /// How many calls pass before it hits.
    #[must_use]
    pub fn after(mut self, calls: u32) -> Self {
        self.after = calls;
        self
    }

    fn new(rpc: &str, action: Action) -> Self {
        Self {
            rpc: rpc.to_owned(),
            cluster: None,
            action,
            delay: Duration::ZERO,
            carried_out: false,
            times: 1,
            after: 0,
        }
    }

    /// Whether it is about the RPC `rpc` of `cluster`; [`CONNECT`] is none.
    fn matches(&self, cluster: &str, rpc: &str) -> bool {
        let here = self.cluster.as_deref().is_none_or(|name| name == cluster);
        let this = match self.rpc.as_str() {
            EVERY => rpc != CONNECT,
            JOIN => is_join(rpc),
            name => name == rpc,
        };
        here && this
    }

    fn effect(&self) -> Effect {
        Effect {
            carried_out: self.carried_out,
            delay: self.delay,
            end: match &self.action {
                Action::None => End::Usual,
                Action::Code { code, message } => End::Code(*code, message.clone()),
                Action::Drop => End::Drop,
            },
        }
    }
}

impl Faults {
    /// Adds one after the others.
    pub(crate) fn add(&self, fault: Fault) -> Result<(), TooManyFaults> {
        let mut faults = self.lock();
        if faults.len() >= MAX_FAULTS {
            return Err(TooManyFaults);
        }
        faults.push(fault);
        Ok(())
    }

    /// The faults that have not happened yet, in the order in which they were added.
    pub(crate) fn list(&self) -> Vec<Fault> {
        self.lock().clone()
    }

    /// Forgets them all.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    /// What happens to a connection that is made to `cluster` by name.
    pub(crate) fn strike_connection(&self, cluster: &str) -> Option<Effect> {
        self.next_effect(cluster, CONNECT)
    }

    /// What happens to a call of `rpc` in `cluster`: the first fault that is due hits it, and for every other one it is a
    /// call that passed.
    pub(crate) fn next_effect(&self, cluster: &str, rpc: &str) -> Option<Effect> {
        let mut faults = self.lock();
        let due = faults
            .iter()
            .position(|fault| fault.matches(cluster, rpc) && fault.after == 0);
        for fault in faults.iter_mut() {
            if fault.matches(cluster, rpc) {
                fault.after = fault.after.saturating_sub(1);
            }
        }
        let index = due?;
        let fault = faults.get_mut(index)?;
        let effect = fault.effect();
        fault.times -= 1;
        if fault.times == 0 {
            faults.remove(index);
        }
        Some(effect)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A fault as scenario files and the control API write it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    rpc: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cluster: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<CodeText>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    drop: Option<DropWhen>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    delay_ms: Option<u64>,
    #[serde(default)]
    carried_out: bool,
    #[serde(default = "once")]
    times: u32,
    #[serde(default)]
    after: u32,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum CodeText {
    Number(i32),
    Name(String),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum DropWhen {
    Before,
    After,
}

impl TryFrom<Written> for Fault {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let special = [EVERY, JOIN, CONNECT].contains(&written.rpc.as_str());
        if !special && !rpcs().any(|rpc| rpc == written.rpc) {
            let known: Vec<String> = rpcs().collect();
            return Err(format!(
                "rpc: {:?} is not known, expected one of *, {JOIN}, {CONNECT}, {}",
                written.rpc,
                known.join(", ")
            ));
        }
        let dropped_after = matches!(written.drop, Some(DropWhen::After));
        let action = match (written.code, written.drop) {
            (Some(_), Some(_)) => {
                return Err("code: cannot be combined with drop".to_owned());
            }
            (Some(code), None) => Action::Code {
                code: code.parse()?,
                message: written
                    .message
                    .clone()
                    .unwrap_or_else(|| MESSAGE.to_owned()),
            },
            (None, Some(_)) => Action::Drop,
            (None, None) if written.delay_ms.is_some() => Action::None,
            (None, None) => {
                return Err("code: one of code, drop and delay_ms is required".to_owned());
            }
        };
        if written.rpc == CONNECT && (written.carried_out || matches!(action, Action::Code { .. }))
        {
            return Err("rpc: connect can only be dropped or delayed".to_owned());
        }
        if written.message.is_some() && !matches!(action, Action::Code { .. }) {
            return Err("message: requires code".to_owned());
        }
        if written
            .message
            .is_some_and(|text| text.len() > MAX_MESSAGE_BYTES)
        {
            return Err(format!("message: is longer than {MAX_MESSAGE_BYTES} bytes"));
        }
        if written.times == 0 {
            return Err("times: must be at least 1".to_owned());
        }
        let delay = Duration::from_millis(written.delay_ms.unwrap_or_default());
        if delay > MAX_DELAY {
            return Err(format!(
                "delay_ms: must be at most {}",
                MAX_DELAY.as_millis()
            ));
        }
        Ok(Self {
            rpc: written.rpc,
            cluster: written.cluster,
            action,
            delay,
            carried_out: written.carried_out || dropped_after,
            times: written.times,
            after: written.after,
        })
    }
}

impl From<Fault> for Written {
    fn from(fault: Fault) -> Self {
        let (code, message, drop) = match fault.action {
            Action::None => (None, None, None),
            Action::Code { code, message } => {
                let name = CodeText::Name(codes::name(code).to_owned());
                (Some(name), Some(message), None)
            }
            Action::Drop if fault.carried_out => (None, None, Some(DropWhen::After)),
            Action::Drop => (None, None, Some(DropWhen::Before)),
        };
        let delay = u64::try_from(fault.delay.as_millis()).unwrap_or(u64::MAX);
        Self {
            rpc: fault.rpc,
            cluster: fault.cluster,
            code,
            message,
            drop,
            delay_ms: (delay > 0).then_some(delay),
            carried_out: fault.carried_out,
            times: fault.times,
            after: fault.after,
        }
    }
}

impl CodeText {
    fn parse(&self) -> Result<Code, String> {
        let text = match self {
            Self::Number(number) => number.to_string(),
            Self::Name(name) => name.clone(),
        };
        codes::parse(&text)
            .filter(|code| *code != Code::Ok)
            .ok_or_else(|| {
                let names = codes::names();
                format!("code: {text:?} is not an error code, expected a number from 1 to 16 or one of {names}")
            })
    }
}

/// The RPCs of Teleport's API that are compiled in.
fn rpcs() -> impl Iterator<Item = String> {
    teleport_proto::descriptors()
        .services()
        .filter(|service| {
            let name = service.full_name();
            name.starts_with("proto.") || name.starts_with("teleport.")
        })
        .flat_map(|service| {
            let names: Vec<String> = service.methods().map(|rpc| rpc.name().to_owned()).collect();
            names
        })
}

/// Whether an RPC is one of the two that join.
pub(crate) fn is_join(rpc: &str) -> bool {
    rpc == "Join" || rpc == "RegisterUsingIAMMethod"
}

fn once() -> u32 {
    1
}

const EVERY: &str = "*";
/// Stands for the RPCs of both join services.
const JOIN: &str = "join";
/// Stands for connections that are made by name.
const CONNECT: &str = "connect";
/// The answer of a cluster without the token.
const NO_TOKEN: &str = "\"\" can not join the cluster with role Bot, token expired or not found";
const MESSAGE: &str = "fault injected by the simulator";
const MAX_DELAY: Duration = Duration::from_secs(3600);
const MAX_FAULTS: usize = 1_000;
const MAX_MESSAGE_BYTES: usize = 1_000;

#[cfg(test)]
mod tests;
