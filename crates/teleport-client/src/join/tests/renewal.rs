//! Certificates that expire.

use super::*;
use crate::join::testing::HOUR;

#[tokio::test]
async fn certificates_are_renewed_in_the_last_third_of_their_life() {
    let cluster = Cluster::proxy().await;
    let (client, clock) = client(&cluster);
    client.ping().await.unwrap();
    clock.turn(39 * MINUTE);
    client.ping().await.unwrap();
    assert_eq!(cluster.count("Join"), 1);
    clock.turn(2 * MINUTE);
    client.ping().await.unwrap();
    // The bot's own identity is as old, so it joins again.
    assert_eq!(
        (cluster.count("Join"), cluster.count("GenerateUserCerts")),
        (2, 2)
    );
}

#[tokio::test]
async fn certificates_of_short_life_are_renewed_by_the_bots_own_identity() {
    let cluster = Cluster::proxy().await;
    cluster.change(|behaviour| behaviour.acting_life = Duration::from_secs(9));
    let (client, clock) = client(&cluster);
    for _ in 0..5 {
        client.ping().await.unwrap();
        clock.turn(Duration::from_secs(7));
    }
    assert_eq!(
        (cluster.count("Join"), cluster.count("GenerateUserCerts")),
        (1, 5)
    );
}

#[tokio::test]
async fn while_renewing_fails_the_connection_that_works_is_used() {
    let cluster = Cluster::proxy().await;
    let (client, clock) = client(&cluster);
    client.ping().await.unwrap();
    clock.turn(41 * MINUTE);
    cluster.change(|behaviour| behaviour.refusals = vec![not_there(); 2].into());
    client.ping().await.unwrap();
    client.ping().await.unwrap();
    assert_eq!(cluster.count("Join"), 2);
    clock.turn(6 * MINUTE);
    client.ping().await.unwrap();
    assert_eq!(cluster.count("Join"), 3);
    // After it has expired there is no other identity.
    cluster.change(|behaviour| behaviour.refusals = vec![not_there()].into());
    clock.turn(HOUR);
    assert_eq!(error(&client).await.kind(), ErrorKind::JoinRefused);
    client.ping().await.unwrap();
}

#[tokio::test]
async fn each_client_has_its_own_identity() {
    let cluster = Cluster::proxy().await;
    let (one, _) = client(&cluster);
    let (two, _) = client(&cluster);
    one.ping().await.unwrap();
    two.ping().await.unwrap();
    one.ping().await.unwrap();
    assert_eq!(cluster.count("Join"), 2);
}

#[tokio::test]
async fn an_identity_that_the_cluster_does_not_take_any_more_is_replaced() {
    let cluster = Cluster::proxy().await;
    let (client, clock) = client(&cluster);
    client.ping().await.unwrap();
    let denied = Status::permission_denied("access denied, the bot is locked");
    cluster.change(|behaviour| {
        behaviour.acting_life = Duration::from_secs(9);
        behaviour.role_failures = vec![denied].into();
    });
    client.issue_identity(None).await.unwrap();
    assert_eq!((cluster.count("Join"), cluster.count("GetRole")), (2, 3));
    assert_eq!(clock.passed(), Duration::ZERO);
}

#[tokio::test]
async fn a_recreated_cluster_is_joined_again_by_the_next_call() {
    let cluster = Cluster::proxy().await;
    let (client, clock) = client(&cluster);
    client.ping().await.unwrap();
    cluster.remake();
    client.ping().await.unwrap();
    assert_eq!(cluster.count("Join"), 2);
    assert_eq!(clock.passed(), Duration::ZERO);
}
