use super::*;
use crate::testing::{Answer, Cluster, page_of_users};

const USERS: ListRpc = ListRpc::new("teleport.users.v1.UsersService", "ListUsers", "users");

/// A page of so many users with a name of so many bytes.
fn page(users: usize, bytes: usize, next: &str) -> Answer {
    Answer::Message(page_of_users(users, bytes, next).encode_to_vec())
}

/// A cluster whose pages come from a function that gets how often the call was made before.
async fn with_pages(page: impl Fn(usize) -> Answer + Send + Sync + 'static) -> Cluster {
    Cluster::auth(move |path, before| match path {
        "/proto.AuthService/Ping" => Answer::Message(Vec::new()),
        _ => page(before),
    })
    .await
}

/// Reads until an error, and returns it with the number of pages before it.
async fn error_of(mut pages: Pages) -> (Error, usize) {
    let mut read = 0;
    loop {
        match pages.next().await {
            Ok(Some(_)) => read += 1,
            Ok(None) => panic!("the pages came to an end"),
            Err(error) => return (error, read),
        }
    }
}

#[tokio::test]
async fn pages_that_take_too_long_are_an_error() {
    let cluster = with_pages(|before| match before % 2 {
        0 => Answer::Status(tonic::Code::Unavailable, "try again"),
        _ => page(1, 1, &before.to_string()),
    })
    .await;
    let client = cluster.client_that_waits();
    client.cluster_name().await.unwrap();
    tokio::time::pause();
    let begun = Instant::now();
    let (error, read) = error_of(Pages::new(client, USERS)).await;
    assert_eq!(error.kind(), ErrorKind::Transient(Transient::Deadline));
    assert!(error.to_string().contains("within 2m"), "{error}");
    assert!((2..=6).contains(&read), "{read} pages");
    assert!(begun.elapsed() < MAX_TIME + Duration::from_secs(1));
}

#[tokio::test]
async fn the_time_that_the_objects_of_a_page_take_does_not_count() {
    let cluster = with_pages(|before| page(1, 1, ["second", ""][before])).await;
    let mut pages = Pages::new(cluster.client(), USERS);
    pages.next().await.unwrap().unwrap();
    tokio::time::pause();
    tokio::time::advance(MAX_TIME).await;
    tokio::time::resume();
    assert!(pages.time_left > Duration::ZERO);
    assert!(pages.next().await.unwrap().is_some());
}
