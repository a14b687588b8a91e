//! Creating what is always there: the plan looks at it, because the apply replaces it.

use prost_reflect::DynamicMessage;
use teleport_client::Error;
use tfplugin::{Call, Diagnostics, Value};

use super::{Shape, kind::Name, read::WAITS};
use crate::{
    clusters::{
        ProviderData,
        target::{CLUSTER, Target, import_id},
    },
    engine::run::{Run, retry},
    errors::{self, Summary},
};

/// Warns at the plan of a create if the object is not the default. Says nothing where the cluster cannot be asked yet: the
/// apply does not depend on it.
pub(super) async fn warn_at_create(
    shape: &Shape,
    call: &Call<ProviderData>,
    planned: &Value,
    diags: &mut Diagnostics,
) {
    let Name::Fixed(name) = shape.kind.name else {
        return;
    };
    let mut ignored = Diagnostics::new();
    let run = Run::plan(call);
    if Target::unknown(planned, &run).is_some() {
        return;
    }
    let Some(target) = Target::of(planned, &run, &mut ignored) else {
        return;
    };
    let objects = target.client().objects(shape.kind.rpcs);
    let doing = format!("reading the {}", shape.kind.noun);
    let origin = |object: &DynamicMessage| {
        let found = shape.reported(object);
        let origin = found.at(&["metadata", "labels"]).field(ORIGIN);
        origin.as_str().unwrap_or_default().to_owned()
    };
    // A destroy of the run before may have just brought back the defaults.
    let is_other = |read: &Result<DynamicMessage, Error>| {
        read.as_ref().is_ok_and(|object| origin(object) != DEFAULTS)
    };
    let read = retry(WAITS, || objects.get(name), is_other);
    let Some(Ok(object)) = run.call(&doing, &mut ignored, read).await else {
        return;
    };
    let origin = origin(&object);
    if origin == DEFAULTS {
        return;
    }
    let noun = shape.kind.noun;
    let id = import_id(planned.field(CLUSTER).as_str(), name);
    errors::warning(Summary::ExistingSettingsWillBeReplaced).detail(format!(
            "The {noun} of this cluster is not the default (its {ORIGIN} is {origin:?}). Creating this resource replaces all of \
             it. To see first what would change, import it. ADDRESS is the address of this resource:\n\n  import {{\n    to = \
             ADDRESS\n    id = {id:?}\n  }}"
        )).add(diags);
}

const ORIGIN: &str = "teleport.dev/origin";
const DEFAULTS: &str = "defaults";
