//! Reading an object, and telling a stale answer from drift.
//!
//! Teleport answers reads from a cache that follows its backend with a delay (up to about a second was measured). The
//! answer to a write counts more than a read. So within a minute after a write of ours, which private state remembers, a
//! read is repeated for about five seconds while it shows neither that write nor the state, or finds nothing:
//!
//! | the read | within a minute after our write | later |
//! | --- | --- | --- |
//! | shows the revision of the write | taken | taken |
//! | shows what the state says | taken | taken |
//! | shows something else, or nothing | repeated; after five seconds taken: it is drift | taken: it is drift |

use std::time::Duration;

use prost_reflect::DynamicMessage;
use teleport_client::{Error, ErrorKind, Objects};
use tfplugin::{Applied, Call, Diagnostics, Private, Value};

use super::{
    Shape,
    differences::{comparable, differences},
    lifecycle,
    private_state::{PrivateState, Write},
    shape::REVISION,
};
use crate::{
    clusters::{
        ProviderData,
        guard::{self, Checked},
        target::Target,
    },
    engine::run::{Run, retry},
    errors::{self, Summary, call_failed_and},
    kinds::metadata::has_expired,
};

/// Refreshes the state of an object.
pub(super) async fn read(
    shape: &Shape,
    call: &Call<ProviderData>,
    state: Value,
    mut private: Private,
) -> Applied {
    let mut diagnostics = Diagnostics::new();
    let run = Run::refresh(call);
    let refreshed = refresh(shape, &run, &state, &mut private, &mut diagnostics).await;
    let state = refreshed.unwrap_or(state);
    if state.is_null() {
        private = Private::new();
    }
    Applied {
        state,
        private,
        diagnostics,
    }
}

/// The refreshed state, null for an object that is gone. None where the state is kept as it is.
async fn refresh(
    shape: &Shape,
    run: &Run,
    state: &Value,
    private: &mut Private,
    diags: &mut Diagnostics,
) -> Option<Value> {
    if let Some(unknown) = Target::unknown(state, run) {
        let noun = shape.kind.noun;
        errors::warning(Summary::NotRefreshed).detail(format!(
                "The {noun} could not be read, because {unknown} known only after the apply. The state was kept as it is."
            )).add(diags);
        return None;
    }
    let target = Target::of(state, run, diags)?;
    let name = shape.name(state)?;
    let what = shape.what(&name);
    let doing = format!("reading the {what}");
    let memory = PrivateState::read(private);
    let objects = target.client().objects(shape.kind.rpcs);
    let work = settled_read(shape, &objects, &name, state, memory.write.as_ref());
    let found = match run.call(&doing, diags, work).await? {
        Ok(object) => Some(object),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) if memory.moved => {
            let more = after_move(shape);
            call_failed_and(&error, &doing, more.as_deref(), diags);
            return None;
        }
        Err(error) => {
            let is_gone = target.is_gone(&error, &doing, &memory, diags).await;
            return is_gone.then_some(Value::Null);
        }
    };
    let home = match guard::check(&target, &memory, &what, diags).await {
        Checked::Here(home) => home,
        Checked::Gone => return Some(Value::Null),
        Checked::Refused => return None,
    };
    match found {
        Some(object) => {
            let mut read = shape.value(&object, state);
            if memory.cluster.is_none() {
                // Another provider may have stored it.
                read.set_at(REVISION, Value::Null);
            }
            lifecycle::refreshed(shape, &object, &mut read, diags);
            PrivateState::change(private, |memory| memory.place(home));
            Some(read)
        }
        // It expired as configured, which is no drift.
        None if has_expired(state) => None,
        None if memory.moved => {
            not_found_after_move(shape, &what, &home.cluster).add(diags);
            None
        }
        None if memory.cluster.is_none() => {
            errors::error(Summary::NotFound)
                .detail(never_seen(&what, &home.cluster))
                .add(diags);
            None
        }
        None => Some(Value::Null),
    }
}

/// Reads an object, and repeats the read while it may be answered from before our last write.
///
/// # Errors
///
/// As of the last read.
pub(super) async fn settled_read(
    shape: &Shape,
    objects: &Objects,
    name: &str,
    state: &Value,
    write: Option<&Write>,
) -> Result<DynamicMessage, Error> {
    let is_stale = |read: &Result<DynamicMessage, Error>| is_stale(shape, read, state, write);
    retry(WAITS, || objects.get(name), is_stale).await
}

/// Whether a read may be answered from before our last write.
pub(crate) fn is_stale(
    shape: &Shape,
    read: &Result<DynamicMessage, Error>,
    state: &Value,
    write: Option<&Write>,
) -> bool {
    let Some(write) = write.filter(|write| write.is_recent()) else {
        return false;
    };
    match read {
        Ok(object) => shape.revision(object) != write.revision && !shows(shape, object, state),
        Err(_) => is_not_found(read) && !has_expired(state),
    }
}

/// Whether an object is what a planned or stored one says.
pub(crate) fn shows(shape: &Shape, object: &DynamicMessage, wanted: &Value) -> bool {
    let found = shape.value(object, wanted);
    differences(&comparable(shape, wanted), &comparable(shape, &found)).is_empty()
}

/// Whether a read found nothing.
pub(crate) fn is_not_found(read: &Result<DynamicMessage, Error>) -> bool {
    matches!(read, Err(error) if error.kind() == ErrorKind::NotFound)
}

fn never_seen(what: &str, cluster: &str) -> String {
    format!(
        "The {what} is in the state, but the cluster {cluster:?} does not have it, and this provider has never seen it there. \
         It was not removed from the state, because the provider block may lead to another cluster than before. If it is gone: \
         terraform state rm ADDRESS."
    )
}

/// The error about an object that was moved from another type of resource, and is not found as this type.
pub(super) fn not_found_after_move(shape: &Shape, what: &str, cluster: &str) -> errors::Builder {
    let error = errors::error(Summary::NotFoundAfterMove)
        .detail(format!("The cluster {cluster:?} has no {what}."));
    after_move(shape)
        .into_iter()
        .fold(error, errors::Builder::detail)
}

/// What to do about an object that cannot be read after its state was moved. None for a kind to which nothing is moved.
fn after_move(shape: &Shape) -> Option<String> {
    let former = shape.kind.former?.type_name;
    let noun = shape.kind.noun;
    Some(format!(
        "Its state was moved from {former}, and the {noun} may exist under that name alone. So it was not removed from the state, \
         and the plan does not create another one. Write the resource as {former} again, without the moved block: a plan that \
         fails changes no state. If an apply with -refresh=false has stored the move: terraform state rm ADDRESS, and import it \
         as {former}. Ask Teleport's support when the cluster knows it as a {noun}, and move it then."
    ))
}

/// How long reads may be answered from before a write.
pub(crate) const LAG: Duration = Duration::from_secs(5);

/// How long to wait between reads: [`LAG`] in all.
pub(crate) const WAITS: [Duration; 7] = [
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(600),
    Duration::from_millis(900),
    Duration::from_millis(1200),
    Duration::from_millis(1600),
];
