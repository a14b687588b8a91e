//! Importing an object: the import itself reads it, so that a wrong id is explained here and not by core.

use teleport_client::ErrorKind;
use tfplugin::{Call, Diagnostics, Imported, Private, Schema};

use super::{Shape, kind::Name, lifecycle, private_state::PrivateState};
use crate::{
    clusters::{
        ProviderData,
        guard::{self, Checked},
        target::{CLUSTER, Target, split_id},
    },
    engine::run::Run,
    errors::{self, Summary},
};

/// Finds an object by its import id: NAME, or CLUSTER/NAME for one in a workload cluster.
pub(super) async fn import(
    shape: &Shape,
    schema: &Schema,
    call: &Call<ProviderData>,
    id: &str,
    diags: &mut Diagnostics,
) -> Option<Imported> {
    let noun = shape.kind.noun;
    let parts = match shape.kind.in_workload_clusters {
        true => split_id(id),
        false => Ok((None, id)),
    };
    let (cluster, name) = match parts {
        Ok((_, "")) => return invalid(noun, id, "the name is empty", shape, diags),
        Ok((cluster, name)) => (cluster, name),
        Err(problem) => return invalid(noun, id, &problem, shape, diags),
    };
    let name = match shape.kind.name {
        Name::Fixed(name) => name,
        Name::Given | Name::Generated(_) => name,
    };
    let mut named = shape.named(schema, name);
    if let Some(cluster) = cluster {
        named.set_field(CLUSTER, cluster.into());
    }
    let what = shape.what(name);
    let run = Run::refresh(call);
    if let Some(unknown) = Target::unknown(&named, &run) {
        errors::error(Summary::ProviderConfigurationUnknown).detail(format!(
                "The {what} cannot be imported, because {unknown} known only after the apply. Apply what the provider block \
                 depends on first, without the import block."
            )).add(diags);
        return None;
    }
    let target = Target::of(&named, &run, diags)?;
    let objects = target.client().objects(shape.kind.rpcs);
    let memory = PrivateState::default();
    let doing = format!("importing the {what}");
    let object = match run.call(&doing, diags, objects.get(name)).await? {
        Ok(object) => object,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if let Some(problem) = shape.name_problem(name) {
                return invalid(noun, id, &problem, shape, diags);
            }
            errors::error(Summary::NotFound)
                .detail(missing(shape, cluster, name, id))
                .add(diags);
            return None;
        }
        Err(error) => {
            if target.is_gone(&error, &doing, &memory, diags).await {
                target.missing(&doing, diags).await;
            }
            return None;
        }
    };
    let Checked::Here(home) = guard::check(&target, &memory, &what, diags).await else {
        return None;
    };
    let mut private = Private::new();
    PrivateState::change(&mut private, |memory| memory.place(home));
    let mut state = shape.imported(&object, &named);
    lifecycle::refreshed(shape, &object, &mut state, diags);
    Some(Imported { state, private })
}

fn missing(shape: &Shape, cluster: Option<&str>, name: &str, id: &str) -> String {
    let noun = shape.kind.noun;
    let what = shape.what(name);
    if !shape.kind.in_workload_clusters {
        return format!(
            "There is no {what} in the cluster of the provider block. The import id is its name, the first label of its domain, \
             and the provider block must lead to its parent cluster."
        );
    }
    match (cluster, name.split_once('/')) {
        (Some(cluster), _) => format!("There is no {what} in the workload cluster {cluster}."),
        (None, Some((before, after))) if !shape.kind.name_is_secret => format!(
            "There is no {what} in the cluster of the provider block. For the {noun} {after:?} of a workload cluster, the import \
             id begins with the domain of the cluster (its status.domain, such as \"{before}.teleport.sh/{after}\"), got: {id:?}."
        ),
        _ => format!(
            "There is no {what} in the cluster of the provider block. For one in a workload cluster the import id is \
             CLUSTER/NAME, where CLUSTER is the domain of the cluster (its status.domain)."
        ),
    }
}

fn invalid(
    noun: &str,
    id: &str,
    problem: &str,
    shape: &Shape,
    diags: &mut Diagnostics,
) -> Option<Imported> {
    let got = if shape.kind.name_is_secret {
        String::new()
    } else {
        format!(", got: {id:?}")
    };
    let form = if shape.kind.in_workload_clusters {
        ", or CLUSTER/NAME for one in a workload cluster"
    } else {
        ""
    };
    errors::error(Summary::InvalidImportId)
        .detail(format!(
            "The import id of a {noun} is its name{form}{got} ({problem})."
        ))
        .add(diags);
    None
}
