use std::{collections::HashSet, time::Duration};

use prost_reflect::DynamicMessage;
use teleport_proto::teleport::{
    header::v1::Metadata,
    workloadcluster::v1::{Region, WorkloadCluster},
};
use tonic::Code;

use super::*;
use crate::store::{Op, ReadLag};

fn store() -> Store {
    with(lifecycle())
}

fn with(lifecycle: Lifecycle) -> Store {
    Store::new(Names::new(lifecycle), Edition::Cloud, ReadLag::default())
}

fn lifecycle() -> Lifecycle {
    Lifecycle {
        provisioning: Duration::from_secs(3600),
        states: None,
        name_hold: Duration::from_secs(3600),
        taken: HashSet::from(["parent".to_owned()]),
        domain: "localhost:3080".to_owned(),
        listed_status: false,
    }
}

fn cluster(name: &str) -> WorkloadCluster {
    let region = Region {
        name: "us-west-2".to_owned(),
    };
    WorkloadCluster {
        metadata: Some(Metadata {
            name: name.to_owned(),
            ..Metadata::default()
        }),
        spec: Some(WorkloadClusterSpec {
            regions: vec![region],
            ..WorkloadClusterSpec::default()
        }),
        ..WorkloadCluster::default()
    }
}

fn write(store: &Store, op: Op, cluster: &WorkloadCluster) -> Result<WorkloadCluster, Refusal> {
    let message = object::untyped(WORKLOAD_CLUSTER.message, cluster)?;
    let write = Write {
        caller: Some("bot-a".to_owned()),
        ..Write::new(op, message)
    };
    typed(store.lock().write(&WORKLOAD_CLUSTER, write))
}

fn read(store: &Store, name: &str) -> Result<WorkloadCluster, Refusal> {
    typed(store.lock().read(&WORKLOAD_CLUSTER, name))
}

fn typed(message: Result<DynamicMessage, Refusal>) -> Result<WorkloadCluster, Refusal> {
    object::typed(&message?)
}

fn delete(store: &Store, name: &str) -> Result<(), Refusal> {
    store.lock().delete(&WORKLOAD_CLUSTER, name)
}

fn revision_of(cluster: &WorkloadCluster) -> String {
    cluster.metadata.as_ref().unwrap().revision.clone()
}

fn state_of(cluster: WorkloadCluster) -> String {
    cluster.status.unwrap().state
}

#[test]
fn a_new_cluster_is_creating_and_has_its_domain() {
    let made = write(&store(), Op::Create, &cluster("a")).unwrap();
    let status = made.status.unwrap();
    assert_eq!(status.state, "creating");
    assert_eq!(status.domain, "a.localhost:3080");
}

#[test]
fn a_name_is_used_once() {
    let store = store();
    write(&store, Op::Create, &cluster("a")).unwrap();
    for (name, text) in [("a", "already exists"), ("parent", "is not available")] {
        let refusal = write(&store, Op::Create, &cluster(name)).unwrap_err();
        assert_eq!(refusal.code, Code::AlreadyExists);
        assert!(refusal.text.contains(text), "{refusal}");
    }
}

#[test]
fn the_name_of_a_deleted_cluster_is_held_until_it_is_released() {
    let store = store();
    write(&store, Op::Create, &cluster("a")).unwrap();
    delete(&store, "a").unwrap();
    assert_eq!(read(&store, "a").unwrap_err().code, Code::NotFound);
    for op in [Op::Create, Op::Upsert] {
        let refusal = write(&store, op, &cluster("a")).unwrap_err();
        assert!(
            refusal.text.contains("held for a grace period"),
            "{refusal}"
        );
    }
    assert_eq!(store.lock().names.held(), ["a"]);
    assert!(store.lock().names.release("a"));
    assert!(!store.lock().names.release("a"));
    assert!(write(&store, Op::Create, &cluster("a")).is_ok());
}

#[test]
fn a_hold_ends_by_itself() {
    let store = with(Lifecycle {
        name_hold: Duration::ZERO,
        ..lifecycle()
    });
    write(&store, Op::Create, &cluster("a")).unwrap();
    delete(&store, "a").unwrap();
    assert!(store.lock().names.held().is_empty());
    assert!(write(&store, Op::Create, &cluster("a")).is_ok());
}

#[test]
fn a_removed_cluster_leaves_its_name_free() {
    let store = store();
    write(&store, Op::Create, &cluster("a")).unwrap();
    assert!(remove(&store, "a"));
    assert!(!remove(&store, "a"));
    assert!(write(&store, Op::Create, &cluster("a")).is_ok());
}

#[test]
fn an_update_needs_the_revision_of_the_last_write_and_an_upsert_does_not() {
    let store = store();
    let made = write(&store, Op::Create, &cluster("a")).unwrap();
    let stale = write(&store, Op::Update, &cluster("a")).unwrap_err();
    assert_eq!(stale.code, Code::FailedPrecondition);
    let updated = write(&store, Op::Update, &made).unwrap();
    assert_ne!(revision_of(&updated), revision_of(&made));
    assert!(write(&store, Op::Update, &made).is_err());
    assert!(write(&store, Op::Upsert, &cluster("a")).is_ok());
    let missing = write(&store, Op::Update, &cluster("b")).unwrap_err();
    assert_eq!(missing.code, Code::NotFound);
}

#[test]
fn a_spec_does_not_change() {
    let store = store();
    let mut other = write(&store, Op::Create, &cluster("a")).unwrap();
    other.spec.as_mut().unwrap().regions[0].name = "eu-central-1".to_owned();
    for op in [Op::Update, Op::Upsert] {
        let refusal = write(&store, op, &other).unwrap_err();
        assert!(refusal.text.contains("immutable"), "{refusal}");
    }
}

#[test]
fn a_change_of_the_spec_from_outside_makes_a_new_revision_and_one_of_the_state_does_not() {
    let store = store();
    let made = write(&store, Op::Create, &cluster("a")).unwrap();
    change(&store, "a", |life| {
        life.progress = Progress::fixed("error".to_owned());
    });
    let seen = read(&store, "a").unwrap();
    assert_eq!(revision_of(&seen), revision_of(&made));
    assert_eq!(state_of(seen), "error");
    let mut spec = made.spec.clone().unwrap();
    spec.regions[0].name = "eu-central-1".to_owned();
    put(&store, "a", spec).unwrap();
    let seen = read(&store, "a").unwrap();
    assert_ne!(revision_of(&seen), revision_of(&made));
    assert_eq!(state_of(seen), "error");
    assert!(!change(&store, "b", |_| ()));
}

#[test]
fn an_empty_entry_of_a_script_is_an_answer_without_status() {
    let states = ["creating", "", "active"].map(str::to_owned);
    let store = with(Lifecycle {
        states: Some(states.to_vec()),
        ..lifecycle()
    });
    let made = write(&store, Op::Create, &cluster("a")).unwrap();
    assert_eq!(state_of(made), "creating");
    assert_eq!(state_of(read(&store, "a").unwrap()), "creating");
    assert!(read(&store, "a").unwrap().status.is_none());
    assert_eq!(state_of(read(&store, "a").unwrap()), "active");
}

#[test]
fn pages_follow_each_other_and_carry_no_status() {
    let store = store();
    for name in ["c", "a", "b"] {
        write(&store, Op::Create, &cluster(name)).unwrap();
    }
    let list = |start: &str, size| store.lock().list(&WORKLOAD_CLUSTER, start, size, |_| true);
    let first = list("", 2);
    assert_eq!((first.total, first.items.len()), (3, 2));
    for item in first.items {
        assert!(typed(Ok(item)).unwrap().status.is_none());
    }
    assert_eq!(first.next.as_deref(), Some("c"));
    let second = list("c", 2);
    assert_eq!((second.items.len(), second.next), (1, None));
}

#[test]
fn there_is_an_end_to_clusters() {
    let store = store();
    for number in 0..WORKLOAD_CLUSTER.most {
        write(&store, Op::Create, &cluster(&format!("c{number}"))).unwrap();
    }
    let refusal = write(&store, Op::Create, &cluster("one-more")).unwrap_err();
    assert_eq!(refusal.code, Code::ResourceExhausted);
    let spec = cluster("one-more").spec.unwrap();
    assert!(put(&store, "one-more", spec).is_err());
}
