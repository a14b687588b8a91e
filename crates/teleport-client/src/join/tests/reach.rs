//! Join services that cannot be reached.

use tokio::{io::AsyncWriteExt, net::TcpListener};

use super::*;

#[tokio::test]
async fn a_cluster_that_cannot_be_reached_yet_is_waited_for() {
    let cluster = Cluster::proxy().await;
    let clock = Manual::new();
    let mut config = config(&cluster, &clock);
    config.join_timeout = Duration::from_secs(20);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let config = config.with_address(format!("child.localhost:{port}").parse().unwrap());
    let client = Client::new(config);
    let impatient = error(&client).await;
    assert_eq!(
        impatient.kind(),
        ErrorKind::Transient(Transient::Unavailable)
    );
    assert_eq!(
        (impatient.part(), clock.passed()),
        (Some(Part::Address), Duration::ZERO)
    );
    let patient = error(&client.patient()).await;
    assert!(
        patient.to_string().contains("tried again for 20s"),
        "{patient}"
    );
    assert_eq!(clock.passed(), Duration::from_secs(20));
}

#[tokio::test]
async fn a_port_that_does_not_speak_tls_is_reported_at_once() {
    let cluster = Cluster::proxy().await;
    let clock = Manual::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"SSH-2.0-Teleport\r\n").await;
            let (mut reader, _writer) = stream.into_split();
            let _ = tokio::io::copy(&mut reader, &mut tokio::io::sink()).await;
        }
    });
    let config = config(&cluster, &clock);
    let config = config.with_address(format!("child.localhost:{port}").parse().unwrap());
    let error = error(&Client::new(config).patient()).await;
    assert!(error.to_string().contains("does not speak TLS"), "{error}");
    assert_eq!(error.part(), Some(Part::Address));
    assert_eq!(error.cause(), Some(Cause::NotTls));
    assert_eq!(clock.passed(), Duration::ZERO);
}
