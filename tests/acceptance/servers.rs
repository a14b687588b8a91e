//! Addresses that lead nowhere, or to something else than a Teleport cluster with workload clusters.

use std::{net::TcpListener, sync::Arc};

use rcgen::{CertificateParams, KeyPair};
use rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::PrivateKeyDer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net,
};
use tokio_rustls::TlsAcceptor;

use crate::support::{
    environment::{TestEnv, cluster, provider_block, runtime},
    matrix::{Scenario, scenarios},
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    an_address_with_a_scheme_or_a_path_is_refused_before_anybody_is_asked,
    an_unreachable_address_is_named_with_what_was_tried,
    a_port_that_speaks_something_else_is_distinguished,
    a_web_server_that_is_not_teleport_is_distinguished,
    a_web_certificate_that_is_not_trusted_is_explained,
    a_web_certificate_that_signed_itself_is_trusted_if_it_is_a_root,
    a_cluster_without_the_feature_is_explained,
];

const LOOK: &str = "data \"teleport_workload_clusters\" \"all\" {}\n";

/// A provider block with another address, which gives up soon.
fn block(env: &TestEnv, address: &str, more: &str) -> String {
    let soon = "dial_timeout_duration = \"3s\"\n  retry_max_tries = \"1\"";
    provider_block(
        address,
        env.simulator.identity_file(),
        &format!("{soon}\n  {more}"),
    )
}

fn an_address_with_a_scheme_or_a_path_is_refused_before_anybody_is_asked(program: &Program) {
    let env = TestEnv::new(program);
    for (address, phrase) in [
        ("https://parent.example:443", "https://"),
        ("parent.example:443/web", "path"),
        ("parent.example:http", "port"),
        ("parent.example:99999", "port"),
        ("user@parent.example", "user name"),
        ("parent example", "parent example"),
    ] {
        env.write(&format!("{}{LOOK}", block(&env, address, "")));
        let error = env.run(&["validate", "-json"]).error(&[phrase]);
        error.points_at("addr");
    }
}

fn an_unreachable_address_is_named_with_what_was_tried(program: &Program) {
    let env = TestEnv::new(program);
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    for (address, phrase) in [
        (free.as_str(), "refused"),
        ("no-such-host.invalid:443", "no-such-host.invalid"),
    ] {
        env.write(&format!("{}{LOOK}", block(&env, address, "")));
        let outcome = env.plan_with(&[]);
        outcome.error(&["Cluster Unavailable", address, phrase, "addr"]);
        assert!(outcome.took.as_secs() < 10, "{outcome}");
    }
}

fn a_port_that_speaks_something_else_is_distinguished(program: &Program) {
    let env = TestEnv::new(program);
    let echo = serve(|mut stream| async move {
        let (mut reader, mut writer) = stream.split();
        let _ = tokio::io::copy(&mut reader, &mut writer).await;
    });
    let silent = serve(|mut stream| async move {
        let _ = stream.read_to_end(&mut Vec::new()).await;
    });
    let control = env.simulator.control_url().replace("http://", "");
    for (address, phrase) in [
        (echo, "handshake"),
        (silent, "3s"),
        (control, "does not speak TLS"),
    ] {
        env.write(&format!("{}{LOOK}", block(&env, &address, "")));
        let outcome = env.plan_with(&[]);
        outcome.error(&[&address, phrase]);
        assert!(outcome.took.as_secs() < 10, "{outcome}");
    }
}

fn a_web_server_that_is_not_teleport_is_distinguished(program: &Program) {
    let env = TestEnv::new(program);
    let acceptor = TlsAcceptor::from(Arc::new(web_server()));
    for (answer, is_endless, phrase) in [
        (
            "404 Not Found\r\nContent-Length: 9\r\n\r\nnot found",
            false,
            "404",
        ),
        (
            "302 Found\r\nLocation: https://a.example.com\r\nContent-Length: 0\r\n\r\n",
            false,
            "redirect to https://a.example.com",
        ),
        ("200 OK\r\n\r\n", true, "more than 4 MiB"),
    ] {
        let acceptor = acceptor.clone();
        let address = serve(move |stream| {
            let acceptor = acceptor.clone();
            async move {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream
                    .write_all(format!("HTTP/1.1 {answer}").as_bytes())
                    .await;
                while is_endless && stream.write_all(&[b'x'; 4096]).await.is_ok() {}
                let _ = stream.shutdown().await;
            }
        });
        env.write(&format!(
            "{}{LOOK}",
            block(&env, &address, "insecure = true")
        ));
        let outcome = env.plan_with(&[]);
        outcome.error(&["Unsupported Server", &address, phrase, "addr"]);
        assert!(outcome.took.as_secs() < 10, "{outcome}");
    }
}

fn a_web_certificate_that_is_not_trusted_is_explained(program: &Program) {
    let mut env = TestEnv::new(program);
    env.set("SSL_CERT_FILE", "");
    env.write(&format!(
        "{}{LOOK}",
        block(&env, &env.simulator.proxy_address(), "")
    ));
    env.plan_with(&[])
        .error(&["parent.localhost", "SSL_CERT_FILE"]);
    // The CA of hosts, which did not sign the certificate of the proxy.
    let other = env.simulator.data_dir().join("cas.pem");
    env.set("SSL_CERT_FILE", &other.to_string_lossy());
    env.plan_with(&[]).error(&[
        "Certificate Not Trusted",
        "parent.localhost",
        "issuer that is not trusted",
        &format!("none of those in {} (SSL_CERT_FILE)", other.display()),
        "insecure = true",
    ]);
}

fn a_web_certificate_that_signed_itself_is_trusted_if_it_is_a_root(program: &Program) {
    let mut env = TestEnv::with(program, "self_signed_proxy = true");
    env.configure(LOOK);
    env.apply().succeeded().without_diagnostics();
    // The CA of other proxies.
    let other = env.simulator.data_dir().join("web-ca.pem");
    env.set("SSL_CERT_FILE", &other.to_string_lossy());
    let error = env.plan_with(&[]).error(&[
        "Certificate Not Trusted",
        "it is self-signed",
        "set the environment variable SSL_CERT_FILE",
        "insecure = true",
    ]);
    assert!(!error.text.contains("CaUsed"), "{error:?}");
}

fn a_cluster_without_the_feature_is_explained(program: &Program) {
    let env = TestEnv::with(program, "workload_clusters_enabled = false");
    env.configure(&cluster("team-a", ""));
    env.apply().error(&["Feature Not Available", "support"]);
}

/// Listens on a free port and serves every connection; the address.
fn serve<F: Future<Output = ()> + Send + 'static>(
    serve: impl Fn(net::TcpStream) -> F + Send + 'static,
) -> String {
    let listener = runtime()
        .block_on(net::TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let address = listener.local_addr().unwrap().to_string();
    runtime().spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// TLS with a certificate of its own making.
fn web_server() -> ServerConfig {
    let key = KeyPair::generate().unwrap();
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(names)
        .unwrap()
        .self_signed(&key)
        .unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap()
}
