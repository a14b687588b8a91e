//! What answers on the port instead of TLS.

use super::*;
use crate::ErrorKind::UnsupportedServer;

const CONNECT: Table = Table {
    operation: Operation::Connect,
    within: Duration::from_secs(10),
    bytes: 1 << 20,
};

#[tokio::test]
async fn a_port_that_does_not_keep_to_tls_is_an_error() {
    let not_tls = [
        ("a greeting of SSH", silent("SSH-2.0-Teleport\r\n")),
        ("a page", page("400 Bad Request", "")),
        ("zeros", silent([0; 1 << 16])),
        ("ones", endless([], [0xff])),
        ("empty records", endless([], [22, 3, 3, 0, 0])),
        ("a long record", endless([22, 3, 3, 0xff, 0xff], [0])),
        ("a long message", endless([22, 3, 3, 64, 0, 2, 99], [22])),
    ];
    let waits = [
        ("silence", silent([])),
        ("a byte now and then", slow([22, 3, 3, 2, 0])),
        ("a part, then silence", silent([22, 3, 3, 0, 64, 2])),
    ];
    let ends = [
        ("nothing", closes([])),
        ("a part", closes([22, 3, 3, 0, 64, 2, 0, 0])),
    ];
    let unknown = [("an unknown alert", closes([21, 3, 3, 0, 2, 2, 222]))];
    let known = [("an alert", closes([21, 3, 3, 0, 2, 2, 40]))];
    let warnings = [("warnings", endless([], [21, 3, 3, 0, 2, 1, 90]))];
    let changes = [("changes of cipher", endless([], [20, 3, 3, 0, 1, 1]))];
    let rows = |kind, says, scripts: &[_]| rows(Hostile::Tcp, kind, says, scripts.to_vec());
    let tables = [
        rows(UnsupportedServer, "does not speak TLS: is", &not_tls),
        rows(DEADLINE, "took longer than 10s", &waits),
        rows(UNAVAILABLE, "closed the connection during the", &ends),
        rows(UnsupportedServer, "the alert 222", &unknown),
        rows(UnsupportedServer, "the alert HandshakeFailure", &known),
        rows(UnsupportedServer, "the handshake failed", &warnings),
        rows(UnsupportedServer, "the rules of TLS", &changes),
    ];
    check(CONNECT, tables).await;
}
