use secrecy::SecretString;
use tfplugin::{Presence, Stop, operations::validate};
use time::macros::datetime;

use super::*;
use crate::engine::shapes::null;

fn config(arguments: &[(&str, &str)]) -> Value {
    let mut config = null(&schema());
    for (name, text) in arguments {
        config.set_field(name, (*text).into());
    }
    config
}

/// The one error that a configuration gets: its path and text.
fn refused(arguments: &[(&str, &str)]) -> (String, String) {
    let diags = validate(&schema(), &config(arguments), true);
    let [error] = diags.iter().collect::<Vec<_>>()[..] else {
        panic!("{diags:?}")
    };
    (error.path.to_string(), error.detail.clone())
}

#[test]
fn arguments_within_their_limits_are_taken() {
    for arguments in [
        vec![(ADDRESS, "child.teleport.sh")],
        vec![(ADDRESS, "child.localhost:3080"), (TTL, "1m")],
        vec![
            (ADDRESS, "[::1]:443"),
            (TTL, "168h"),
            (METHOD, "iam"),
            (TOKEN, "ci"),
        ],
    ] {
        let diags = validate(&schema(), &config(&arguments), true);
        assert_eq!(diags, Diagnostics::new(), "{arguments:?}");
    }
}

#[test]
fn mistakes_are_named_at_their_argument() {
    for (name, text, phrase) in [
        (ADDRESS, "https://child.teleport.sh", "child.teleport.sh"),
        (ADDRESS, "", "empty"),
        (METHOD, "token", "only once"),
        (METHOD, "github", "the supported join methods are: iam"),
        (TTL, "59s", "less than 1m"),
        (TTL, "168h0m1s", "168h at most"),
        (TTL, "8d", "168h at most"),
        (TTL, "1 week", "write numbers with units"),
    ] {
        let (path, detail) = refused(&[(ADDRESS, "child.teleport.sh"), (name, text)]);
        assert_eq!(path, name);
        assert!(detail.contains(phrase), "{detail}");
    }
}

#[test]
fn an_identity_gives_every_result_and_only_the_keys_are_secret() {
    let secret = |text: &str| SecretString::from(text.to_owned());
    let bundle = IdentityBundle {
        identity_file: secret("file"),
        tls_cert: "cert".to_owned(),
        tls_private_key: secret("key"),
        tls_ca_certs: "cas".to_owned(),
        expires: datetime!(2026-01-01 10:00:00 UTC),
        user: "bot-ci".to_owned(),
        cluster_name: "child".to_owned(),
    };
    let mut result = config(&[(ADDRESS, "child.teleport.sh")]);
    results(&mut result, &bundle);
    assert_eq!(
        result.field("expires").as_str(),
        Some("2026-01-01T10:00:00Z")
    );
    let block = schema().block;
    assert!(block.ty().admits(&result));
    let mut secrets = Vec::new();
    for (name, attribute) in &block.attributes {
        if attribute.presence == Presence::Computed {
            assert!(result.field(name).is_set(), "{name}");
        }
        if attribute.sensitive {
            secrets.push(name.as_str());
        }
    }
    assert_eq!(secrets, ["identity_file", "tls_private_key"]);
}

#[tokio::test]
async fn nothing_is_opened_that_is_unknown_or_without_a_provider() {
    let call = Call {
        client: None,
        stop: Stop::never(),
    };
    let known = config(&[(ADDRESS, "child.teleport.sh")]);
    let mut unknown = known.clone();
    unknown.set_field(TOKEN, Value::Unknown);
    for (config, summary) in [
        (known, "Provider Not Configured"),
        (unknown, "Invalid Configuration"),
    ] {
        let mut diags = Diagnostics::new();
        let opened = IdentityResource::new()
            .open(&call, &config, &mut diags)
            .await;
        assert!(opened.is_none());
        let summaries: Vec<_> = diags.iter().map(|error| error.summary.as_str()).collect();
        assert_eq!(summaries, [summary]);
    }
}
