use std::{thread, time::SystemTime};

use teleport_proto::types::{Metadata, ProvisionTokenV2, UserV2};
use tonic::Code;

use super::*;
use crate::rules::{TOKEN, USER, provision_token::JoinToken, workload_cluster::Lifecycle};

const LAG: Duration = Duration::from_millis(300);

fn store(lag: Duration) -> (Store, ReadLag) {
    let lifecycle = Lifecycle {
        provisioning: Duration::ZERO,
        states: None,
        name_hold: Duration::ZERO,
        taken: Default::default(),
        domain: "localhost".to_owned(),
        listed_status: false,
    };
    let read_lag = ReadLag::default();
    read_lag.set(lag);
    let store = Store::new(Names::new(lifecycle), Edition::Cloud, read_lag.clone());
    (store, read_lag)
}

fn user(description: &str) -> UserV2 {
    UserV2 {
        metadata: Some(Metadata {
            name: "bob".to_owned(),
            description: description.to_owned(),
            ..Metadata::default()
        }),
        ..UserV2::default()
    }
}

fn write(store: &Store, op: Op, user: &UserV2) -> Result<UserV2, Refusal> {
    let message = object::untyped(USER.message, user)?;
    object::typed(&store.lock().write(&USER, Write::new(op, message))?)
}

fn read(store: &Store) -> Result<UserV2, Refusal> {
    object::typed(&store.lock().read(&USER, "bob")?)
}

fn description(user: Result<UserV2, Refusal>) -> Option<String> {
    user.ok().map(|user| user.metadata.unwrap().description)
}

#[test]
fn reads_and_lists_lag_behind_writes_and_writes_do_not() {
    let (store, _) = store(LAG);
    let made = write(&store, Op::Create, &user("one")).unwrap();
    assert_eq!(read(&store).unwrap_err().code, Code::NotFound);
    assert_eq!(store.lock().list(&USER, "", 10, |_| true).total, 0);
    let again = write(&store, Op::Create, &user("one")).unwrap_err();
    assert_eq!(again.code, Code::AlreadyExists);
    thread::sleep(LAG);
    assert_eq!(read(&store).unwrap(), made);

    let mut changed = made.clone();
    changed.metadata.as_mut().unwrap().description = "two".to_owned();
    write(&store, Op::Update, &changed).unwrap();
    assert_eq!(read(&store).unwrap(), made);
    let stale = write(&store, Op::Update, &changed).unwrap_err();
    assert_eq!(stale.code, Code::FailedPrecondition);
    thread::sleep(LAG);
    assert_eq!(description(read(&store)).as_deref(), Some("two"));

    store.lock().delete(&USER, "bob").unwrap();
    assert!(read(&store).is_ok());
    let again = store.lock().delete(&USER, "bob").unwrap_err();
    assert_eq!(again.code, Code::NotFound);
    thread::sleep(LAG);
    assert_eq!(read(&store).unwrap_err().code, Code::NotFound);
}

#[test]
fn the_cache_shows_states_in_their_order_and_catches_up_when_the_lag_ends() {
    let (store, lag) = store(LAG);
    write(&store, Op::Create, &user("one")).unwrap();
    thread::sleep(LAG / 2);
    let made: UserV2 = store.get(&USER, "bob").unwrap();
    let mut changed = made;
    changed.metadata.as_mut().unwrap().description = "two".to_owned();
    write(&store, Op::Update, &changed).unwrap();
    assert_eq!(description(read(&store)), None);
    thread::sleep(LAG / 2);
    assert_eq!(description(read(&store)).as_deref(), Some("one"));
    lag.set(Duration::ZERO);
    assert_eq!(description(read(&store)).as_deref(), Some("two"));
}

#[test]
fn what_has_expired_is_gone_at_once() {
    let (store, _) = store(LAG);
    let past = SystemTime::now() - Duration::from_secs(1);
    let mut short = user("one");
    short.metadata.as_mut().unwrap().expires = Some(past.into());
    write(&store, Op::Create, &short).unwrap();
    assert!(store.get::<UserV2>(&USER, "bob").is_err());
    assert!(write(&store, Op::Create, &user("one")).is_ok());
}

#[test]
fn a_huge_object_is_refused() {
    let (store, _) = store(Duration::ZERO);
    let refusal = write(&store, Op::Create, &user(&"a".repeat(MAX_BYTES))).unwrap_err();
    assert!(refusal.text.contains("larger than"), "{refusal}");
}

#[test]
fn there_is_an_end_to_objects() {
    let (store, _) = store(Duration::ZERO);
    let token = |number| {
        ProvisionTokenV2::from(JoinToken {
            name: format!("t{number}"),
            bot: "ci".to_owned(),
            allow: Vec::new(),
        })
    };
    for number in 0..TOKEN.most {
        store.put(&TOKEN, &token(number)).unwrap();
    }
    let refusal = store.put(&TOKEN, &token(TOKEN.most)).unwrap_err();
    assert_eq!(refusal.code, Code::ResourceExhausted);
    assert!(store.put(&TOKEN, &token(0)).is_ok());
}
