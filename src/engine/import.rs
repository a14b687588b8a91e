//! Importing an object, by its id or by its identity: the import itself reads it, so that a wrong id is explained here and not
//! by core.

use teleport_client::{Address, ErrorKind};
use tfplugin::{Call, Diagnostics, Imported, Private, Schema, Value};

use super::{
    Shape, kind::Name, lifecycle, private_state::PrivateState, resource_identity::NAME, run::Run,
};
use crate::{
    clusters::{
        ProviderData,
        guard::{self, Checked},
        provider_data,
        target::{CLUSTER, Target, split_id},
    },
    errors::{self, Summary, call_failed},
};

/// Finds an object by its import id: NAME, or CLUSTER/NAME for one in a workload cluster.
pub(super) async fn import(
    shape: &Shape,
    schema: &Schema,
    call: &Call<ProviderData>,
    id: &str,
    diags: &mut Diagnostics,
) -> Option<Imported> {
    let parts = match shape.kind.in_workload_clusters {
        true => split_id(id),
        false => Ok((None, id)),
    };
    let (cluster, name) = match parts {
        Ok((_, "")) => return invalid(shape, &Given::Id(id), "the name is empty", diags),
        Ok((cluster, name)) => (cluster, name),
        Err(problem) => return invalid(shape, &Given::Id(id), &problem, diags),
    };
    let name = match shape.kind.name {
        Name::Fixed(name) => name,
        Name::Given | Name::Generated(_) => name,
    };
    let wanted = Wanted {
        cluster: cluster.map(str::to_owned),
        name,
        given: Given::Id(id),
    };
    wanted.find(shape, schema, &Run::refresh(call), diags).await
}

/// Finds an object by its identity.
pub(super) async fn import_by_identity(
    shape: &Shape,
    schema: &Schema,
    call: &Call<ProviderData>,
    identity: &Value,
    diags: &mut Diagnostics,
) -> Option<Imported> {
    let name = match (shape.kind.name, identity.field(NAME).as_str()) {
        (Name::Fixed(only), None) => only,
        (Name::Fixed(only), Some(name)) if name != only => {
            let problem = format!("there is only one, named {only:?}");
            return invalid(shape, &Given::Identity, &problem, diags);
        }
        (_, None | Some("")) => {
            return invalid(shape, &Given::Identity, "the name is empty", diags);
        }
        (_, Some(name)) => name,
    };
    let run = Run::refresh(call);
    let cluster = match identity.field(CLUSTER).as_str() {
        None => None,
        Some("") => return invalid(shape, &Given::Identity, "cluster is empty", diags),
        Some(cluster) => argument(shape, name, &run, cluster, diags).await?,
    };
    let wanted = Wanted {
        cluster,
        name,
        given: Given::Identity,
    };
    wanted.find(shape, schema, &run, diags).await
}

/// The argument `cluster` of an object in the cluster of a name. None within for the cluster of the provider block; None if
/// there is an error.
async fn argument(
    shape: &Shape,
    object: &str,
    run: &Run,
    name: &str,
    diags: &mut Diagnostics,
) -> Option<Option<String>> {
    let doing = format!("importing the {}", shape.what(object));
    let client = provider_data::client(run, diags)?;
    let own = match run.call(&doing, diags, client.cluster_name()).await? {
        Ok(own) => own.unwrap_or_default(),
        Err(error) => {
            call_failed(&error, &doing, diags);
            return None;
        }
    };
    // A port may stand behind the name, as in the domain of a workload cluster.
    let address = Address::parse(name).ok();
    let is_own = |address: &Address| address.host() == own;
    if own == name || address.as_ref().is_some_and(is_own) {
        return Some(None);
    }
    let clusters = client.workload_clusters();
    let found = match address.filter(|_| shape.kind.in_workload_clusters) {
        Some(address) => {
            let found = clusters.domain_of(&address);
            run.call(&doing, diags, found).await?
        }
        None => Ok(None),
    };
    match found {
        Ok(Some(domain)) => Some(Some(domain)),
        Ok(None) => {
            another_cluster(shape, object, name, &own, diags);
            None
        }
        // Joining a workload cluster needs no right to read it in its parent. Its name is its domain.
        Err(error) => {
            tracing::debug!(%error, cluster = name, "the domain is not known");
            Some(Some(name.to_owned()))
        }
    }
}

/// An object that a person wants to import.
struct Wanted<'a> {
    /// The argument `cluster`.
    cluster: Option<String>,
    name: &'a str,
    given: Given<'a>,
}

/// What a person gave.
enum Given<'a> {
    Id(&'a str),
    Identity,
}

impl Wanted<'_> {
    async fn find(
        &self,
        shape: &Shape,
        schema: &Schema,
        run: &Run,
        diags: &mut Diagnostics,
    ) -> Option<Imported> {
        let name = self.name;
        let mut named = shape.named(schema, name);
        if let Some(cluster) = &self.cluster {
            named.set_field(CLUSTER, cluster.as_str().into());
        }
        let what = shape.what(name);
        if let Some(unknown) = Target::unknown(&named, run) {
            errors::error(Summary::ProviderConfigurationUnknown).detail(format!(
                "The {what} cannot be imported, because {unknown} known only after the apply. Apply what the provider block \
                 depends on first, without the import block."
            )).add(diags);
            return None;
        }
        let target = Target::of(&named, run, diags)?;
        let objects = target.client().objects(shape.kind.rpcs);
        let memory = PrivateState::default();
        let doing = format!("importing the {what}");
        let object = match run.call(&doing, diags, objects.get(name)).await? {
            Ok(object) => object,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if let Some(problem) = shape.name_problem(name) {
                    return invalid(shape, &self.given, &problem, diags);
                }
                errors::error(Summary::NotFound)
                    .detail(self.missing(shape))
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

    fn missing(&self, shape: &Shape) -> String {
        let noun = shape.kind.noun;
        let what = shape.what(self.name);
        if let Some(cluster) = &self.cluster {
            return format!("There is no {what} in the workload cluster {cluster}.");
        }
        let none = format!("There is no {what} in the cluster of the provider block.");
        match (&self.given, self.name.split_once('/')) {
            (Given::Identity, _) if !shape.kind.in_workload_clusters => format!(
                "{none} In the identity, name is the first label of its domain, and the provider block must lead to its parent \
                 cluster."
            ),
            (Given::Identity, _) => format!(
                "{none} For one in a workload cluster, set cluster in the identity to the domain of the workload cluster (its \
                 status.domain)."
            ),
            (Given::Id(_), _) if !shape.kind.in_workload_clusters => format!(
                "{none} The import id is its name, the first label of its domain, and the provider block must lead to its parent \
                 cluster."
            ),
            (Given::Id(id), Some((before, after))) if !shape.kind.name_is_secret => format!(
                "{none} For the {noun} {after:?} of a workload cluster, the import id begins with the domain of the cluster (its \
                 status.domain, such as \"{before}.teleport.sh/{after}\"), got: {id:?}."
            ),
            (Given::Id(_), _) => format!(
                "{none} For one in a workload cluster the import id is CLUSTER/NAME, where CLUSTER is the domain of the cluster \
                 (its status.domain)."
            ),
        }
    }
}

fn another_cluster(shape: &Shape, object: &str, name: &str, own: &str, diags: &mut Diagnostics) {
    let what = shape.what(object);
    let why = if shape.kind.in_workload_clusters {
        format!(", which has no workload cluster with the domain {name:?}")
    } else {
        String::new()
    };
    errors::error(Summary::ObjectOfAnotherCluster)
        .detail(format!(
            "The identity says that the {what} is in the cluster {name:?}, but the credentials lead to the cluster {own:?}{why}. \
             Nothing was imported."
        ))
        .detail(format!(
            "Correct cluster in the identity (leave it out for {own:?}), or use a provider block for {name:?}."
        ))
        .add(diags);
}

fn invalid(
    shape: &Shape,
    given: &Given<'_>,
    problem: &str,
    diags: &mut Diagnostics,
) -> Option<Imported> {
    let noun = shape.kind.noun;
    let (summary, text) = match given {
        Given::Identity => (
            Summary::InvalidImportIdentity,
            format!("The identity does not name a {noun}: {problem}."),
        ),
        Given::Id(id) => {
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
            (
                Summary::InvalidImportId,
                format!("The import id of a {noun} is its name{form}{got} ({problem})."),
            )
        }
    };
    errors::error(summary).detail(text).add(diags);
    None
}
