//! What certificates say.

use super::*;

const CONNECT: Table = Table {
    operation: Operation::Connect,
    within: Duration::from_secs(10),
    bytes: 1 << 20,
};

/// Names of hosts, more than an error shows.
fn names() -> Vec<String> {
    let numbers = 0..50;
    numbers
        .map(|number| format!("n{number}.example.com"))
        .collect()
}

const FOR_NAMES: &str = "its certificate is for another name (n0.example.com, n1.example.com, n2";

#[tokio::test]
async fn what_a_certificate_says_is_shown_in_part_and_cannot_control_the_terminal() {
    let long = format!("\u{1b}[2J\u{202e}{}", "x".repeat(5000));
    let cluster = [("the name of another cluster", long)];
    let many = [("many names", names())];
    let control = [("no name", vec!["\u{1b}[2J".to_owned()])];
    let untrusted = |says, names| rows(Hostile::Site, ErrorKind::UntrustedCertificate, says, names);
    let says = "more characters)\" answers";
    let tables = [
        rows(Hostile::Cluster, ErrorKind::WrongCluster, says, cluster),
        untrusted(FOR_NAMES, many),
        untrusted("its certificate is for another name", control),
    ];
    check(CONNECT, tables).await;
}

#[tokio::test]
async fn the_certificate_of_an_http_proxy_is_shown_in_the_same_way() {
    let table = Table {
        operation: Operation::Tunnel("https"),
        ..CONNECT
    };
    let many = [("many names", names())];
    check(table, [rows(Hostile::Site, UNAVAILABLE, FOR_NAMES, many)]).await;
}
