//! Making a workload cluster, and going on with one that is not finished.
//!
//! From the moment the cluster may exist, every way out answers with what is known of it. What the person reads decides
//! what core does next: with warnings alone the object is not tainted, and the next apply is an update that goes on waiting;
//! with an error the object of a creation is tainted, and the destroy half of its replacement is refused.

use std::time::Duration;

use prost_reflect::DynamicMessage;
use teleport_client::{Client, Error, ErrorKind, WorkloadClusters};
use tfplugin::{Applied, Call, Create, Diagnostics, Path, Private, StopReason, Update, Value};
use tokio::time::Instant;

use super::{
    existing,
    object::{self, Objects, READY},
    wait::{End, Waited, until_active},
};
use crate::{
    clusters::{ProviderData, provider_data::client},
    engine::{
        private_state::{PrivateState, Write},
        read::{WAITS, is_not_found},
        run::{End as Ended, Run, retry},
        shapes::without_unknown,
        timeouts::timeout as timeout_of,
    },
    errors::{self, Summary, call_failed, chain},
};

/// Creates the cluster, and waits until it is active.
pub(super) async fn create(
    objects: &Objects,
    call: &Call<ProviderData>,
    request: Create,
) -> Applied {
    let mut diags = Diagnostics::new();
    let run = Run::apply(call);
    let Some(client) = client(&run, &mut diags) else {
        return nothing(diags);
    };
    let deadline = Instant::now() + timeout_of(&request.planned, "create", DEFAULT_TIMEOUT);
    let mut work = Work {
        objects,
        run: &run,
        clusters: client.workload_clusters(),
        client: client.clone(),
        name: object::name(&request.planned).unwrap_or_default(),
        deadline,
        replaces: PrivateState::read(&request.private)
            .planned
            .is_some_and(|planned| planned.changed.is_some()),
        private: Private::new(),
        planned: request.planned,
        creating: true,
        diags,
    };
    match work.begin().await {
        Begun::Nothing => nothing(work.diags),
        Begun::InDoubt(reason) => work.stopped(reason, None).await,
        Begun::Exists(cluster) => work.finish(cluster).await,
    }
}

/// Goes on waiting for a cluster that is not finished. Otherwise nothing is done: only the provider's own arguments can be
/// updated.
pub(super) async fn update(
    objects: &Objects,
    call: &Call<ProviderData>,
    request: Update,
) -> Applied {
    let Update {
        prior,
        planned,
        private,
        ..
    } = request;
    if !planned.field(READY).is_unknown() {
        return Applied {
            state: planned,
            private,
            diagnostics: Diagnostics::new(),
        };
    }
    let mut diags = Diagnostics::new();
    let run = Run::apply(call);
    let Some(client) = client(&run, &mut diags) else {
        return Applied {
            state: prior,
            private,
            diagnostics: diags,
        };
    };
    let work = Work {
        objects,
        run: &run,
        clusters: client.workload_clusters(),
        client: client.clone(),
        name: object::name(&planned).unwrap_or_default(),
        deadline: Instant::now() + timeout_of(&planned, "create", DEFAULT_TIMEOUT),
        replaces: false,
        private,
        planned,
        creating: false,
        diags,
    };
    work.finish(None).await
}

struct Work<'a> {
    objects: &'a Objects,
    run: &'a Run,
    clusters: WorkloadClusters,
    client: Client,
    name: String,
    deadline: Instant,
    planned: Value,
    private: Private,
    /// Whether it is planned in the place of another cluster.
    replaces: bool,
    /// Whether it is a creation, whose object an error taints.
    creating: bool,
    diags: Diagnostics,
}

/// How far the creation came.
enum Begun {
    /// There is no cluster of ours.
    Nothing,
    /// There may be one: the work was stopped while the call was under way.
    InDoubt(StopReason),
    /// There is one, as far as it is known.
    Exists(Option<DynamicMessage>),
}

impl Work<'_> {
    async fn begin(&mut self) -> Begun {
        let message = match self.objects.message(&self.planned) {
            Ok(message) => message,
            Err(problems) => {
                self.diags.append(problems);
                return Begun::Nothing;
            }
        };
        // The call goes on in a task of its own: if it was dropped halfway, nothing would be known of its outcome.
        let clusters = self.clusters.clone();
        let create = async { tokio::spawn(async move { clusters.create(message).await }).await };
        let answer = match self.run.finish(create).await {
            Ok(answer) => answer,
            Err(Ended::Stopped(reason)) => return Begun::InDoubt(reason),
            Err(end @ (Ended::NotBegun(_) | Ended::Deadline)) => {
                let doing = format!("creating the workload cluster {:?}", self.name);
                end.explain(&doing).add(&mut self.diags);
                return Begun::Nothing;
            }
        };
        match answer {
            Ok(Ok(cluster)) => Begun::Exists(Some(cluster)),
            Ok(Err(error)) if error.may_have_been_carried_out() => self.look_again(error).await,
            Ok(Err(error)) => {
                self.refused(&error).await;
                Begun::Nothing
            }
            Err(panicked) => {
                errors::error(Summary::CreationFailed)
                    .detail(format!("The call ended unexpectedly: {panicked}."))
                    .add(&mut self.diags);
                Begun::InDoubt(StopReason::Signal)
            }
        }
    }

    /// No answer came. If it is there now, and is what was asked for, it is ours.
    async fn look_again(&mut self, error: Error) -> Begun {
        tracing::warn!(cluster = self.name, %error, "no answer to the creation; looking whether it was carried out");
        let name = self.name.clone();
        let found = match self.run.finish(find(&self.clusters, &name)).await {
            Ok(found) => found,
            Err(Ended::NotBegun(reason) | Ended::Stopped(reason)) => return Begun::InDoubt(reason),
            Err(Ended::Deadline) => return Begun::Exists(None),
        };
        match found {
            Ok(found) if self.objects.same(&found, &self.planned) => Begun::Exists(Some(found)),
            Ok(found) => {
                existing::refuse(&self.name, &found, self.replaces, &mut self.diags);
                Begun::Nothing
            }
            Err(look) if look.kind() == ErrorKind::NotFound => {
                self.refused(&error).await;
                Begun::Nothing
            }
            Err(look) => {
                // It may exist: with a state the next run looks after it, and finds out.
                call_failed(
                    &error,
                    &format!("creating the workload cluster {:?}", self.name),
                    &mut self.diags,
                );
                call_failed(
                    &look,
                    "looking whether it was created all the same",
                    &mut self.diags,
                );
                Begun::Exists(None)
            }
        }
    }

    /// Waits, and answers with the cluster as it then is.
    async fn finish(mut self, cluster: Option<DynamicMessage>) -> Applied {
        if self.diags.has_errors() {
            return self.answer(cluster.as_ref(), false).await;
        }
        let read = || self.clusters.get(&self.name);
        let run = self.run.clone().until(self.deadline);
        let Waited { end, last } = until_active(read, &self.name, cluster, &run).await;
        match end {
            End::Active(cluster) => return self.answer(Some(&cluster), true).await,
            End::Stopped(reason) => return self.stopped(reason, last).await,
            End::Gone => {
                // It stays in the state: the next refresh looks again, and removes it if it is gone.
                errors::error(Summary::WorkloadClusterGone).detail(format!(
                        "The workload cluster {:?} was there and is not found any more: somebody deleted it while the apply \
                         waited for it. The next plan shows it.",
                        self.name
                    )).add(&mut self.diags);
            }
            End::Failed(state) => self.unfinished(
                Summary::WorkloadClusterFailed,
                format!(
                    "Teleport Cloud reports the state {state:?} for the workload cluster {:?}. Ask Teleport's support about \
                     it.",
                    self.name
                ),
            ),
            End::TimedOut(error) => {
                let seen = last.as_ref().and_then(object::state);
                let seen = seen.map_or_else(|| "it has no state yet".to_owned(), |state| format!("its state is {state:?}"));
                let error = error.map(|error| format!(" The last look failed: {}.", chain(&error))).unwrap_or_default();
                let text = format!(
                    "The workload cluster {:?} was not active within the time of timeouts.create; {seen}.{error}",
                    self.name
                );
                self.unfinished(Summary::WorkloadClusterNotActiveInTime, text);
            }
            End::Broken(error) => {
                call_failed(&error, &format!("waiting for the workload cluster {:?}", self.name), &mut self.diags);
                self.unfinished(
                    Summary::WorkloadClusterNotFinished,
                    format!("The workload cluster {:?} exists, but could not be followed until it is active.", self.name),
                );
            }
        }
        self.answer(last.as_ref(), false).await
    }

    fn unfinished(&mut self, summary: Summary, text: String) {
        let next = if self.creating {
            "It was not deleted, and is in the state as tainted, so the next plan shows a replacement, which is refused. To \
             go on waiting:\n\n  terraform untaint ADDRESS\n  terraform apply"
        } else {
            "It was not deleted. The next apply goes on waiting."
        };
        errors::error(summary)
            .detail(format!("{text}\n\n{next}"))
            .add(&mut self.diags);
    }

    async fn stopped(mut self, reason: StopReason, last: Option<DynamicMessage>) -> Applied {
        let what = format!(
            "The run ended before the workload cluster {:?} was active. It was not deleted.",
            self.name
        );
        if reason == StopReason::StopProvider {
            errors::warning(Summary::WorkloadClusterNotFinished)
                .detail(format!("{what} The next apply goes on waiting for it."))
                .add(&mut self.diags);
        } else {
            // Core does not know of the interruption and would go on to what depends on the cluster.
            self.unfinished(Summary::WorkloadClusterNotFinished, what);
        }
        self.answer(last.as_ref(), false).await
    }

    async fn answer(mut self, cluster: Option<&DynamicMessage>, ready: bool) -> Applied {
        let mut state = match cluster {
            Some(cluster) => self.objects.value(cluster, &self.planned),
            None => without_unknown(self.planned),
        };
        state.set_field(READY, ready.into());
        state.set_field("id", self.name.into());
        // The connection is there already, so this asks nobody. An interrupted run does without it.
        let parent = self.run.briefly(self.client.cluster_name()).await;
        let parent = parent.and_then(Result::ok).flatten();
        let creating = self.creating;
        PrivateState::change(&mut self.private, |memory| {
            memory.cluster = parent.or(memory.cluster.take());
            memory.planned = None;
            if creating {
                memory.write = Some(Write::now(String::new()));
            }
        });
        Applied {
            state,
            private: self.private,
            diagnostics: self.diags,
        }
    }

    async fn refused(&mut self, error: &Error) {
        let name = self.name.clone();
        if error.kind() != ErrorKind::AlreadyExists {
            return call_failed(
                error,
                &format!("creating the workload cluster {name:?}"),
                &mut self.diags,
            );
        }
        // Either it can be seen, and imported; or the name is held, or somebody else's.
        let look = self.run.briefly(self.clusters.get(&name)).await;
        if let Some(Ok(found)) = look {
            return existing::refuse(&name, &found, self.replaces, &mut self.diags);
        }
        errors::error(Summary::WorkloadClusterNameNotAvailable).at(Path::attributes(&["metadata", "name"])).detail(format!(
                "No workload cluster {name:?} can be seen, but the name cannot be used: {}.\n\nTeleport Cloud holds the name of a \
                 deleted cluster for 14 days; its support can restore the cluster or release the name. The name may also belong \
                 to another customer. Use another metadata.name.",
                chain(error),
            )).add(&mut self.diags);
    }
}

/// Reads a cluster that may have just been created. The server's cache may not have it yet.
async fn find(clusters: &WorkloadClusters, name: &str) -> Result<DynamicMessage, Error> {
    retry(WAITS, || clusters.get(name), is_not_found).await
}

fn nothing(diagnostics: Diagnostics) -> Applied {
    Applied {
        diagnostics,
        ..Applied::default()
    }
}

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(15 * 60);
