//! Creating an object.
//!
//! Nothing looks for an object of the same name first: a read is answered from a cache, which may still have the one that was
//! just deleted. The server's own "already exists" decides.
//!
//! | the call | what follows |
//! | --- | --- |
//! | answers with the object | that is the state |
//! | answers with nothing | reads until the object is what was sent |
//! | "already exists" | an error with the import block |
//! | "already exists", after the client repeated the call | a look: the same object is ours |
//! | an error after which it may have been carried out | a look: the same object is ours, another one exists already |
//! | is interrupted | the object may exist: it stays in the state if its kind has hooks, else an error says how to import it |

use prost_reflect::DynamicMessage;
use teleport_client::{Error, ErrorKind, Objects};
use tfplugin::{Applied, Call, Create, Diagnostics, Path, Private, StopReason, Value};

use super::{
    Shape,
    differences::{asked_for, comparable, differences, list},
    existing,
    kind::Name,
    lifecycle::{self, Followed, Pending, READY},
    plan::{configured_paths, settled},
    private_state::{PrivateState, Write},
    read::{WAITS, is_not_found, shows},
    secrets::with_write_only,
    shapes::without_unknown,
};
use crate::{
    clusters::{
        ProviderData,
        guard::Home,
        target::{CLUSTER, Target, import_id},
    },
    engine::run::{End, Run, retry},
    errors::{self, Summary, call_failed, chain},
};

/// Creates the object.
pub(super) async fn create(shape: &Shape, call: &Call<ProviderData>, request: Create) -> Applied {
    let mut diags = Diagnostics::new();
    let Create {
        config,
        mut planned,
        ..
    } = request;
    if let Name::Generated(generate) = shape.kind.name
        && shape.name(&planned).is_none()
    {
        planned.set_at(&["metadata", "name"], generate().into());
    }
    let name = shape.name(&planned).unwrap_or_default();
    let run = Run::apply(call);
    let work = Work {
        shape,
        run: &run,
        name: &name,
    };
    let Some(created) = work.create(&config, &planned, &mut diags).await else {
        return Applied {
            diagnostics: diags,
            ..Applied::default()
        };
    };
    let pending = Pending {
        shape,
        run: &run,
        objects: created.target.client().objects(shape.kind.rpcs),
        name: &name,
        planned: &planned,
        seen: created.object,
        is_new: true,
        stopped: created.stopped,
    };
    let followed = lifecycle::follow(shape, pending, &mut diags).await;
    let written = Written {
        shape,
        provider: run.provider(),
        config: &config,
        planned: &planned,
        followed,
    };
    written.answer(created.target.home().await, Private::new(), diags)
}

struct Work<'a> {
    shape: &'a Shape,
    run: &'a Run,
    name: &'a str,
}

/// An object that exists, or may exist and must not be forgotten.
struct Created {
    target: Target,
    /// None if it was not seen.
    object: Option<DynamicMessage>,
    /// Why the run ended before the call was answered.
    stopped: Option<StopReason>,
}

impl Work<'_> {
    /// Makes the call. None if there is no object of ours.
    async fn create(
        &self,
        config: &Value,
        planned: &Value,
        diags: &mut Diagnostics,
    ) -> Option<Created> {
        let wanted = with_write_only(&self.shape.kind, config, planned, None);
        let message = match self.shape.request(&wanted) {
            Ok(message) => message,
            Err(problems) => {
                diags.append(problems);
                return None;
            }
        };
        let target = Target::of(planned, self.run, diags)?;
        let objects = target.client().objects(self.shape.kind.rpcs);
        let doing = format!("creating the {}", self.shape.what(self.name));
        // This waits until the cluster lets the provider in. Nothing was sent before that, so an interruption leaves nothing.
        let connecting = target.client().cluster_name();
        if let Err(error) = self.run.call(&doing, diags, connecting).await? {
            self.failed(&target, &error, &doing, diags).await;
            return None;
        }
        let object = match self.run.finish(objects.create(message)).await {
            Ok(Ok(Some(object))) => Some(object),
            Ok(Ok(None)) => {
                let back = read_back(self.shape, &objects, self.name, planned);
                self.run.call(&doing, diags, back).await.flatten()
            }
            Ok(Err(error)) if error.may_have_been_carried_out() => {
                self.look(&objects, planned, &error, diags).await?
            }
            Ok(Err(error)) => match self.of_earlier_try(&objects, planned, &error).await {
                Some(object) => Some(object),
                None => {
                    self.refused(&target, &objects, planned, &error, diags)
                        .await;
                    return None;
                }
            },
            Err(end) => return self.unanswered(target, planned, end, diags).await,
        };
        Some(Created {
            target,
            object,
            stopped: None,
        })
    }

    /// The run ended before there was an answer. An object of a kind that is never forgotten stays in the state.
    async fn unanswered(
        &self,
        target: Target,
        planned: &Value,
        end: End,
        diags: &mut Diagnostics,
    ) -> Option<Created> {
        let doing = format!("creating the {}", self.shape.what(self.name));
        if matches!(end, End::NotBegun(_)) {
            end.explain(&doing).add(diags);
            return None;
        }
        let objects = target.client().objects(self.shape.kind.rpcs);
        let found = self.run.briefly(find(&objects, self.name)).await;
        let found = found.and_then(Result::ok);
        let object = found.filter(|object| shows(self.shape, object, planned));
        if object.is_none() && self.shape.kind.lifecycle.is_none() {
            end.explain(&doing)
                .detail(self.may_exist(planned))
                .add(diags);
            return None;
        }
        Some(Created {
            target,
            object,
            stopped: end.reason(),
        })
    }

    /// The object that exists already, if it is what was asked for and an earlier try of the call may have created it.
    async fn of_earlier_try(
        &self,
        objects: &Objects,
        planned: &Value,
        error: &Error,
    ) -> Option<DynamicMessage> {
        if error.kind() != ErrorKind::AlreadyExists || !error.is_repetition() {
            return None;
        }
        let found = self.run.briefly(find(objects, self.name)).await?.ok()?;
        shows(self.shape, &found, planned).then_some(found)
    }

    /// The server refused, and there is no object of ours.
    async fn refused(
        &self,
        target: &Target,
        objects: &Objects,
        planned: &Value,
        error: &Error,
        diags: &mut Diagnostics,
    ) {
        let doing = format!("creating the {}", self.shape.what(self.name));
        if let Some(left) = (self.shape.kind.left_behind)(error, self.name) {
            errors::error(Summary::CreatedInPart)
                .detail(format!("While {doing}: {}.", chain(error)))
                .detail(left)
                .add(diags);
        } else if error.kind() == ErrorKind::AlreadyExists {
            match self.shape.kind.lifecycle {
                Some(lifecycle) if !self.is_seen(objects).await => {
                    lifecycle
                        .name_refused(&self.shape.kind, self.name, error)
                        .add(diags);
                }
                _ => self.exists(planned, diags),
            }
        } else {
            self.failed(target, error, &doing, diags).await;
        }
    }

    /// Adds the error of a creation that was not carried out.
    async fn failed(&self, target: &Target, error: &Error, doing: &str, diags: &mut Diagnostics) {
        if !(target.is_named() && error.is_connect()) {
            refused(self.shape, error, doing, diags);
            return;
        }
        let memory = PrivateState::default();
        if target.is_gone(error, doing, &memory, diags).await {
            target.missing(doing, diags).await;
        }
    }

    async fn is_seen(&self, objects: &Objects) -> bool {
        let seen = self.run.briefly(objects.get(self.name)).await;
        matches!(seen, Some(Ok(_)))
    }

    /// After a creation whose outcome is in doubt: an object that is what was asked for is ours. None if there is none; None
    /// within if it must not be forgotten, and is not seen.
    async fn look(
        &self,
        objects: &Objects,
        planned: &Value,
        error: &Error,
        diags: &mut Diagnostics,
    ) -> Option<Option<DynamicMessage>> {
        let doing = format!("creating the {}", self.shape.what(self.name));
        tracing::warn!(%error, "no answer to the creation; looking whether it was carried out");
        let is_kept = self.shape.kind.lifecycle.is_some();
        let look = find(objects, self.name);
        let found = match self.run.finish(look).await {
            Ok(found) => found,
            Err(end) => {
                end.explain(&doing).add(diags);
                return is_kept.then_some(None);
            }
        };
        match found {
            Ok(object) if shows(self.shape, &object, planned) => return Some(Some(object)),
            Ok(_) if self.shape.is_singleton() => call_failed(error, &doing, diags),
            Ok(_) => self.exists(planned, diags),
            Err(look) if look.kind() == ErrorKind::NotFound => call_failed(error, &doing, diags),
            Err(look) => {
                call_failed(error, &doing, diags);
                call_failed(&look, "looking whether it was created all the same", diags);
                if is_kept {
                    return Some(None);
                }
                errors::warning(Summary::MayExist)
                    .detail(self.may_exist(planned))
                    .add(diags);
            }
        }
        None
    }

    fn exists(&self, planned: &Value, diags: &mut Diagnostics) {
        let (kind, id) = (&self.shape.kind, self.import_id(planned));
        errors::error(Summary::AlreadyExists)
            .at(Path::attributes(&["metadata", "name"]))
            .detail(existing::what_to_do(kind, self.name, &id))
            .add(diags);
    }

    fn may_exist(&self, planned: &Value) -> String {
        format!(
            "The {} may exist now, and is not in the state. If the next apply says that it exists already, import it:\n\n  import {{\n    \
             to = ADDRESS\n    id = {:?}\n  }}",
            self.shape.what(self.name),
            self.import_id(planned)
        )
    }

    fn import_id(&self, planned: &Value) -> String {
        let name = if self.shape.kind.name_is_secret {
            "NAME"
        } else {
            self.name
        };
        import_id(planned.field(CLUSTER).as_str(), name)
    }
}

/// Reads an object that may have just been created. The server's cache may not have it yet.
async fn find(objects: &Objects, name: &str) -> Result<DynamicMessage, Error> {
    retry(WAITS, || objects.get(name), is_not_found).await
}

/// Reads an object after a write whose answer was empty, until it is what was sent. None if it is not found.
pub(super) async fn read_back(
    shape: &Shape,
    objects: &Objects,
    name: &str,
    planned: &Value,
) -> Option<DynamicMessage> {
    let is_stale = |read: &Result<DynamicMessage, Error>| match read {
        Ok(object) => !shows(shape, object, planned),
        Err(_) => true,
    };
    let found = retry(WAITS, || objects.get(name), is_stale).await;
    found
        .inspect_err(|error| tracing::debug!(%error, "the write is not seen"))
        .ok()
}

/// A write that was carried out.
pub(super) struct Written<'a> {
    pub(super) shape: &'a Shape,
    /// Where the write is noted for the readers of this run.
    pub(super) provider: Option<&'a ProviderData>,
    pub(super) config: &'a Value,
    pub(super) planned: &'a Value,
    /// The object as the server stored it.
    pub(super) followed: Followed,
}

impl Written<'_> {
    /// The answer of an apply: what was planned, and what the server says where the plan did not know.
    pub(super) fn answer(
        &self,
        home: Option<Home>,
        mut private: Private,
        mut diags: Diagnostics,
    ) -> Applied {
        let object = self.followed.object.as_ref();
        let mut answer = match object {
            Some(object) => self.shape.value(object, self.planned),
            None => without_unknown(self.planned.clone()),
        };
        if self.shape.kind.lifecycle.is_some() {
            answer.set_field(READY, self.followed.is_ready.into());
        }
        let mut state = settled(self.planned, &answer);
        // The server's form of what was asked for is an error, and then the truth is the state.
        if self.stored_otherwise(&answer, &mut diags) {
            state = answer;
        }
        // A write that was not seen has no revision, which is that of no read.
        let revision = object.map(|object| self.shape.revision(object));
        let write = Write::now(revision.unwrap_or_default());
        if let (Some(home), Some(provider)) = (&home, self.provider) {
            let name = self.shape.name(&state).unwrap_or_default();
            let writes = provider.own_writes();
            writes.add(&home.cluster, self.shape.kind.noun, &name, write.clone());
        }
        PrivateState::change(&mut private, |memory| {
            if let Some(home) = home {
                memory.place(home);
            }
            memory.configured = configured_paths(self.config);
            memory.write = Some(write);
            memory.planned = None;
        });
        Applied {
            state,
            private,
            diagnostics: diags,
        }
    }

    /// Whether the server stored something else than what was configured, which is an error.
    fn stored_otherwise(&self, answer: &Value, diags: &mut Diagnostics) -> bool {
        let asked = asked_for(self.config, self.planned);
        let paths = differences(
            &comparable(self.shape, &asked),
            &comparable(self.shape, answer),
        );
        let Some(first) = paths.first() else {
            return false;
        };
        let what = self
            .shape
            .what(&self.shape.name(answer).unwrap_or_default());
        let version = Path::attribute("version");
        if paths.contains(&version) {
            let (asked, stored) = (self.planned.field("version"), answer.field("version"));
            errors::error(Summary::VersionNotKnownToCluster).at(version).detail(format!(
                    "The configuration asks for version {} of the {what}, and the cluster stored version {}: it does not know \
                     the other one. Set version = {1:?}. {UNTAINT}",
                    asked.as_str().unwrap_or_default(),
                    stored.as_str().unwrap_or_default(),
                )).add(diags);
        } else {
            errors::error(Summary::StoredOtherwise).at(first.clone()).detail(format!(
                    "The cluster stored the {what}, but not as configured, in: {}. Write what the cluster stored (terraform show \
                     has it), or leave it out. {UNTAINT}",
                    list(&paths)
                )).add(diags);
        }
        true
    }
}

/// Adds a refusal of the server, with the attribute that it is about.
pub(super) fn refused(shape: &Shape, error: &Error, doing: &str, diags: &mut Diagnostics) {
    match (shape.kind.blame)(error) {
        Some(path) => {
            let text = format!(
                "While {doing}: {}.\n\nThe attribute is {path}.",
                chain(error)
            );
            errors::error(Summary::RefusedByTeleport)
                .at(path)
                .detail(text)
                .add(diags);
        }
        None => call_failed(error, doing, diags),
    }
}

const UNTAINT: &str = "If the next plan shows a replacement, because this error tainted the resource: terraform untaint ADDRESS.";
