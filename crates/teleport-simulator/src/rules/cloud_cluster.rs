//! Cloud clusters, as workload clusters were called in their preview: the same objects, seen through another message.
//!
//! Both messages have the same fields on the wire, but for the region, and for what the status has besides.

use prost::Message;
use prost_reflect::DynamicMessage;
use teleport_proto::teleport::{
    cloudcluster::v1::CloudCluster,
    workloadcluster::v1::{Region, WorkloadCluster},
};
use tonic::Code;

use super::{CLOUD_CLUSTER, WORKLOAD_CLUSTER, workload_cluster};
use crate::{
    store::{Beside, Object, Refusal, Sight, State, Write, object},
    tenant::Settings,
};

/// Servers after the preview do not have the service any more.
pub(super) fn offered(settings: &Settings) -> Result<(), Refusal> {
    match settings.cloud_clusters_enabled {
        true => Ok(()),
        false => Err(unknown_service(CLOUD_CLUSTER.service)),
    }
}

/// The answer of a server without a service.
pub(super) fn unknown_service(service: &str) -> Refusal {
    Refusal::new(Code::Unimplemented, format!("unknown service {service}"))
}

pub(super) fn check(write: &mut Write, state: &State) -> Result<(), Refusal> {
    write.message = stored(&write.message)?;
    workload_cluster::check(write, state).map_err(in_its_words)
}

pub(super) fn place(write: &mut Write, state: &State) -> Result<(), Refusal> {
    workload_cluster::place(write, state).map_err(in_its_words)
}

pub(super) fn show(object: &mut Object, sight: Sight) -> DynamicMessage {
    let shown = workload_cluster::show(object, sight);
    // What is stored was made of such a message, so this cannot fail.
    seen(&shown, object)
        .unwrap_or_else(|_| DynamicMessage::new(object::descriptor(CLOUD_CLUSTER.message)))
}

pub(super) fn missing(name: &str) -> Refusal {
    in_its_words(workload_cluster::missing(name))
}

pub(super) fn exists(name: &str) -> Refusal {
    in_its_words(workload_cluster::exists(name))
}

/// A cloud cluster as it is stored.
fn stored(message: &DynamicMessage) -> Result<DynamicMessage, Refusal> {
    let mut cloud: CloudCluster = object::typed(message)?;
    let spec = cloud.spec.as_mut();
    let region = spec.map(|spec| std::mem::take(&mut spec.auth_region));
    let mut cluster: WorkloadCluster = same(&cloud)?;
    if let Some(spec) = &mut cluster.spec {
        let regions = region.filter(|name| !name.is_empty());
        spec.regions = regions.map(|name| Region { name }).into_iter().collect();
    }
    object::untyped(WORKLOAD_CLUSTER.message, &cluster)
}

/// What is shown of a workload cluster as a cloud cluster.
fn seen(shown: &DynamicMessage, object: &Object) -> Result<DynamicMessage, Refusal> {
    let mut cluster: WorkloadCluster = object::typed(shown)?;
    let regions = cluster
        .spec
        .as_mut()
        .map(|spec| std::mem::take(&mut spec.regions));
    let mut cloud: CloudCluster = same(&cluster)?;
    CLOUD_CLUSTER.name.clone_into(&mut cloud.kind);
    if let Some(spec) = &mut cloud.spec {
        let first = regions.into_iter().flatten().next();
        spec.auth_region = first.unwrap_or_default().name;
    }
    if let (Some(status), Beside::Life(life)) = (&mut cloud.status, &object.beside) {
        status.message = life.message.clone().unwrap_or_default();
        status.state_changed_at = Some(life.state_changed_at().into());
    }
    object::untyped(CLOUD_CLUSTER.message, &cloud)
}

/// The message with the same fields on the wire.
fn same<T: Message + Default>(message: &impl Message) -> Result<T, Refusal> {
    T::decode(message.encode_to_vec().as_slice())
        .map_err(|error| Refusal::invalid(format!("malformed message: {error}")))
}

fn in_its_words(refusal: Refusal) -> Refusal {
    let words = [
        (WORKLOAD_CLUSTER.name, CLOUD_CLUSTER.name),
        ("workload cluster", "cloud cluster"),
        ("spec.regions.name", "spec.auth_region"),
        ("spec.regions", "spec.auth_region"),
    ];
    let text = words.iter().fold(refusal.text, |text, (theirs, ours)| {
        text.replace(theirs, ours)
    });
    Refusal::new(refusal.code, text)
}
