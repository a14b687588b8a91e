//! Changing an object: read, compare, change, write under the revision that was read.
//!
//! Somebody else may write at the same time. What they wrote is never overwritten unseen: if it is nothing that this
//! resource manages, the change is made again on top of it; otherwise a new plan has to show it.
//!
//! | what the read shows | what follows |
//! | --- | --- |
//! | the prior state | the write |
//! | the planned state, after a write in doubt | done |
//! | something else | repeated as long as the read may be stale, then "Changed by Somebody Else" |
//! | nothing, and the prior object has expired | a creation |
//! | nothing | repeated as long as the read may be stale, then "Not Found" |

use std::time::Duration;

use prost_reflect::DynamicMessage;
use teleport_client::{Error, ErrorKind, Objects};
use tfplugin::{Applied, Call, Diagnostics, Path, Update, Value};

use super::{
    Followed, Shape,
    create::{Written, read_back, refused},
    differences::{comparable, differences, list},
    private_state::PrivateState,
    read::{settled_read, shows},
    secrets::with_write_only,
};
use crate::{
    clusters::{
        ProviderData,
        guard::{self, Checked},
        target::Target,
    },
    engine::run::Run,
    errors::{self, Summary, call_failed},
    kinds::metadata::has_expired,
};

/// Updates the object.
pub(super) async fn update(shape: &Shape, call: &Call<ProviderData>, request: Update) -> Applied {
    let Update {
        config,
        prior,
        planned,
        private,
    } = request;
    let mut diags = Diagnostics::new();
    if shape.is_as_before(&planned, &prior) {
        return Applied {
            state: planned,
            private,
            diagnostics: diags,
        };
    }
    let run = Run::apply(call);
    let memory = PrivateState::read(&private);
    let kept = |diags| Applied {
        state: prior.clone(),
        private: private.clone(),
        diagnostics: diags,
    };
    let Some(target) = Target::of(&planned, &run, &mut diags) else {
        return kept(diags);
    };
    let name = shape.name(&planned).unwrap_or_default();
    let work = Work {
        shape,
        config: &config,
        run: &run,
        objects: target.client().objects(shape.kind.rpcs),
        target: &target,
        name: &name,
        what: shape.what(&name),
        memory: &memory,
    };
    let home = match guard::check(&target, &memory, &work.what, &mut diags).await {
        Checked::Here(home) => home,
        Checked::Gone => {
            target
                .missing(&format!("updating the {}", work.what), &mut diags)
                .await;
            return kept(diags);
        }
        Checked::Refused => return kept(diags),
    };
    match work.change(&prior, &planned, &mut diags).await {
        Some(object) => {
            let written = Written {
                shape,
                provider: run.provider(),
                config: &config,
                planned: &planned,
                followed: Followed {
                    object,
                    is_ready: true,
                },
            };
            written.answer(Some(home), private, diags)
        }
        None => kept(diags),
    }
}

struct Work<'a> {
    shape: &'a Shape,
    config: &'a Value,
    run: &'a Run,
    target: &'a Target,
    objects: Objects,
    name: &'a str,
    what: String,
    memory: &'a PrivateState,
}

impl Work<'_> {
    /// The object as it is after the change; None within where the server does not show it. None if it failed.
    async fn change(
        &self,
        prior: &Value,
        planned: &Value,
        diags: &mut Diagnostics,
    ) -> Option<Option<DynamicMessage>> {
        let doing = format!("updating the {}", self.what);
        let mut doubt: Option<Error> = None;
        for wait in WAITS {
            self.run.pause(&doing, diags, wait).await?;
            let Some(stored) = self.read(prior, diags).await? else {
                return self.create(planned, diags).await;
            };
            if doubt.is_some() && shows(self.shape, &stored, planned) {
                return Some(Some(stored));
            }
            if !shows(self.shape, &stored, prior) && !shows(self.shape, &stored, planned) {
                // After a write in doubt, the read may be from before it.
                if doubt.is_some() && wait < LAST_WAIT {
                    continue;
                }
                self.changed_by_others(&stored, prior, diags);
                return None;
            }
            let reported = self.shape.reported(&stored);
            let before = Some((prior, &reported));
            let wanted = with_write_only(&self.shape.kind, self.config, planned, before);
            let message = match self.shape.changed(&stored, &wanted) {
                Ok(message) => message,
                Err(problems) => {
                    diags.append(problems);
                    return None;
                }
            };
            if message == stored {
                return Some(Some(stored));
            }
            // The state stays as it is if this is interrupted.
            let written = self.write(message, prior, planned);
            match self.run.write(&doing, PLAN_AGAIN, diags, written).await? {
                Ok(object) => return Some(object),
                Err(error) if error.kind() == ErrorKind::Conflict => doubt = Some(error),
                Err(error) if error.may_have_been_carried_out() => doubt = Some(error),
                Err(error) => {
                    refused(self.shape, &error, &doing, diags);
                    return None;
                }
            }
        }
        if let Some(error) = doubt {
            call_failed(&error, &doing, diags);
        }
        None
    }

    /// The call that makes the change: with a mask where one can name all of it.
    async fn write(
        &self,
        message: DynamicMessage,
        prior: &Value,
        planned: &Value,
    ) -> Result<Option<DynamicMessage>, Error> {
        let masked = self.shape.kind.rpcs.masked.as_ref();
        let paths = masked.and_then(|masked| {
            let changed = |path: &&&str| {
                let names: Vec<_> = path.split('.').collect();
                planned.at(&names) != prior.at(&names)
            };
            let paths: Vec<_> = masked.paths.iter().filter(changed).copied().collect();
            // What the server fills in again cannot be said with a mask.
            let is_known = |path: &&str| {
                let names: Vec<_> = path.split('.').collect();
                planned.at(&names).is_wholly_known()
            };
            if paths.is_empty() || !paths.iter().all(is_known) {
                return None;
            }
            let mut rest = (
                comparable(self.shape, planned),
                comparable(self.shape, prior),
            );
            for path in &paths {
                let names: Vec<_> = path.split('.').collect();
                rest.0.set_at(&names, Value::Null);
                rest.1.set_at(&names, Value::Null);
            }
            self.shape.same(&rest.0, &rest.1).then_some((masked, paths))
        });
        let answer = match paths {
            Some((masked, paths)) => self.objects.update_fields(masked, message, &paths).await?,
            None => self.objects.update(message).await?,
        };
        match answer {
            Some(object) => Ok(Some(object)),
            None => Ok(read_back(self.shape, &self.objects, self.name, planned).await),
        }
    }

    /// The object as it is. None within if it expired and is to be created; None if that is an error.
    async fn read(&self, prior: &Value, diags: &mut Diagnostics) -> Option<Option<DynamicMessage>> {
        let doing = format!("reading the {}", self.what);
        let read = settled_read(
            self.shape,
            &self.objects,
            self.name,
            prior,
            self.memory.write.as_ref(),
        );
        match self.run.call(&doing, diags, read).await? {
            Ok(stored) => Some(Some(stored)),
            Err(error) if error.kind() == ErrorKind::NotFound && has_expired(prior) => Some(None),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                errors::error(Summary::NotFound).detail(format!(
                        "The {} was deleted after the plan was made, or its cluster was recreated. Nothing was changed. Plan again: \
                         the plan will show that it is created.",
                        self.what
                    )).add(diags);
                None
            }
            Err(error) => {
                if self
                    .target
                    .is_gone(&error, &doing, self.memory, diags)
                    .await
                {
                    self.target.missing(&doing, diags).await;
                }
                None
            }
        }
    }

    /// Creates the object again after it expired.
    async fn create(
        &self,
        planned: &Value,
        diags: &mut Diagnostics,
    ) -> Option<Option<DynamicMessage>> {
        let doing = format!("creating the {}", self.what);
        let wanted = with_write_only(&self.shape.kind, self.config, planned, None);
        let message = match self.shape.request(&wanted) {
            Ok(message) => message,
            Err(problems) => {
                diags.append(problems);
                return None;
            }
        };
        let created = self.objects.create(message);
        match self.run.write(&doing, PLAN_AGAIN, diags, created).await? {
            Ok(Some(object)) => Some(Some(object)),
            Ok(None) => Some(read_back(self.shape, &self.objects, self.name, planned).await),
            Err(error) => {
                refused(self.shape, &error, &doing, diags);
                None
            }
        }
    }

    fn changed_by_others(&self, stored: &DynamicMessage, prior: &Value, diags: &mut Diagnostics) {
        let found = self.shape.value(stored, prior);
        let paths = differences(
            &comparable(self.shape, prior),
            &comparable(self.shape, &found),
        );
        errors::error(Summary::ChangedBySomebodyElse).at(paths.first().cloned().unwrap_or_else(Path::root)).detail(format!(
                "The {} was changed by somebody else after the plan was made, in: {}. Nothing was written. Plan again to see \
                 what would become of that change.",
                self.what,
                list(&paths)
            )).add(diags);
    }
}

const PLAN_AGAIN: &str = "The state was not changed. Plan again: the plan shows what is there now.";

/// How long to wait before each try.
const WAITS: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_millis(100),
    Duration::from_millis(300),
    Duration::from_millis(700),
    LAST_WAIT,
];

const LAST_WAIT: Duration = Duration::from_millis(1500);
