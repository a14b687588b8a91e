use std::collections::HashMap;

use super::*;
use crate::settings::attributes::ATTRIBUTES;

const ADDR: (&str, &str) = ("addr", "parent.example.com");

fn settings(values: &[(&str, &str)]) -> Settings {
    let values: HashMap<_, _> = values.iter().copied().collect();
    Settings::from_lookups(
        |attribute| values.get(attribute.name).map(|value| (*value).to_owned()),
        |_| None,
    )
}

fn problems(values: &[(&str, &str)]) -> Vec<(&'static str, String)> {
    let InvalidSettings(problems) = settings(values).validate().unwrap_err();
    problems
        .into_iter()
        .map(|problem| (problem.attribute.name, problem.message))
        .collect()
}

fn sources(values: &[(&str, &str)]) -> Vec<String> {
    let config = settings(&[&[ADDR], values].concat())
        .validate()
        .unwrap()
        .config;
    config.sources.iter().map(ToString::to_string).collect()
}

#[test]
fn what_is_not_set_has_its_default() {
    let config = settings(&[ADDR, ("identity_file_path", "/id")])
        .validate()
        .unwrap()
        .config;
    assert_eq!(
        config.address().unwrap().to_string(),
        "parent.example.com:443"
    );
    assert_eq!(config.dial.timeout, Duration::from_secs(30));
    let retry = teleport_client::RetryPolicy {
        base: Duration::from_secs(1),
        cap: Duration::from_secs(5),
        tries: 10,
    };
    assert_eq!(config.retry, retry);
    assert!(!config.dial.insecure);
}

#[test]
fn what_is_set_counts() {
    let config = settings(&[
        ADDR,
        ("identity_file_path", "/id"),
        ("insecure", "true"),
        ("dial_timeout_duration", "1m30s"),
        ("retry_base_duration", "100ms"),
        ("retry_cap_duration", "2s"),
        ("retry_max_tries", "3"),
    ])
    .validate()
    .unwrap()
    .config;
    assert!(config.dial.insecure);
    assert_eq!(config.dial.timeout, Duration::from_secs(90));
    assert_eq!(config.retry.base, Duration::from_millis(100));
    assert_eq!(
        (config.retry.cap, config.retry.tries),
        (Duration::from_secs(2), 3)
    );
}

#[test]
fn every_problem_is_reported_at_once() {
    let found = problems(&[
        ("addr", "https://parent.example.com"),
        ("cert_path", "/cert"),
        ("identity_file_base64", "***"),
        ("insecure", "maybe"),
        ("dial_timeout_duration", "0s"),
        ("retry_base_duration", "1"),
        ("retry_max_tries", "0"),
    ]);
    let names: Vec<_> = found.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        [
            "addr",
            "key_path",
            "root_ca_path",
            "identity_file_base64",
            "insecure",
            "dial_timeout_duration",
            "retry_base_duration",
            "retry_max_tries"
        ]
    );
    assert!(
        found[1]
            .1
            .contains("all three of cert_path, key_path, root_ca_path")
    );
}

#[test]
fn an_error_names_arguments_and_environment_variables() {
    let error = settings(&[("addr", "a/b"), ("identity_file_path", "/id")])
        .validate()
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("addr (environment variable TF_TELEPORT_ADDR): \"a/b\" has a path"),
        "{text}"
    );
}

#[test]
fn sources_come_in_the_official_order() {
    let found = sources(&[
        ("profile_name", "proxy"),
        ("identity_file_base64", "YQ=="),
        ("identity_file", "text"),
        ("identity_file_path", "/id"),
        ("root_ca_base64", "YQ=="),
        ("key_base64", "YQ=="),
        ("cert_base64", "YQ=="),
        ("root_ca_path", "/ca"),
        ("key_path", "/key"),
        ("cert_path", "/cert"),
    ]);
    assert_eq!(
        found,
        [
            "key pair /cert (cert_path, key_path, root_ca_path)",
            "key pair (cert_base64, key_base64, root_ca_base64)",
            "identity file /id (identity_file_path)",
            "identity file (identity_file)",
            "identity file (identity_file_base64)",
            "tsh profile proxy in ~/.tsh (profile_name)",
        ]
    );
}

#[test]
fn without_credentials_the_current_profile_is_the_source() {
    assert_eq!(
        sources(&[]),
        ["current tsh profile in ~/.tsh (because no credentials are configured)"]
    );
    assert_eq!(
        sources(&[("profile_dir", "/p")]),
        ["current tsh profile in /p (profile_dir)"]
    );
}

/// Settings of a provider block and an environment, both by the names of arguments.
fn both(configured: &[(&str, &str)], environment: &[(&str, &str)]) -> Settings {
    let find = |values: &[(&str, &str)], name: &str| {
        let found = values.iter().find(|(found, _)| *found == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    Settings::from_lookups(
        |attribute| find(configured, attribute.name),
        |variable| {
            let mut all = ATTRIBUTES.iter();
            find(
                environment,
                all.find(|found| found.environment == variable)?.name,
            )
        },
    )
}

fn used(settings: &Settings) -> (Vec<String>, Vec<String>) {
    let Validated { config, warnings } = settings.validate().unwrap();
    let sources = config.sources.iter().map(ToString::to_string).collect();
    let warnings = warnings.iter().map(ToString::to_string).collect();
    (sources, warnings)
}

const JOIN: [(&str, &str); 2] = [("join_method", "iam"), ("join_token", "bot")];
const JOIN_SOURCE: &str = "join by iam with token \"bot\" (join_method, join_token)";
const FILE: (&str, &str) = ("identity_file_path", "/id");
const FILE_SOURCE: &str = "identity file /id (identity_file_path)";

#[test]
fn a_join_comes_before_other_credentials() {
    let [method, token] = JOIN;
    let (sources, warnings) = used(&both(&[], &[ADDR, FILE, method, token]));
    assert_eq!(sources, [JOIN_SOURCE, FILE_SOURCE]);
    assert!(warnings.is_empty());
}

#[test]
fn a_join_and_other_credentials_in_the_configuration_are_a_warning() {
    let [method, token] = JOIN;
    let (sources, warnings) = used(&both(&[ADDR, FILE, method, token], &[]));
    assert_eq!(sources, [JOIN_SOURCE, FILE_SOURCE]);
    let [warning] = warnings.try_into().unwrap();
    assert!(
        warning.starts_with("join_method ") && warning.contains("(identity_file_path)"),
        "{warning}"
    );
}

#[test]
fn a_configured_join_shuts_out_credentials_of_the_environment() {
    let [method, token] = JOIN;
    for environment in [
        &[FILE][..],
        &[("cert_path", "/half")],
        &[("identity_file_base64", "no base64!")],
        &[("profile_name", "parent")],
    ] {
        let (sources, warnings) = used(&both(&[ADDR, method, token], environment));
        assert_eq!(sources, [JOIN_SOURCE], "{environment:?}");
        assert!(warnings.is_empty());
    }
    // The halves of one join may come from both places.
    assert_eq!(
        used(&both(&[ADDR, token], &[method, FILE])).0,
        [JOIN_SOURCE]
    );
}

#[test]
fn configured_credentials_shut_out_a_join_of_the_environment() {
    let [method, token] = JOIN;
    for environment in [
        &[method, token][..],
        &[method],
        &[("join_method", "nonsense")],
    ] {
        let (sources, _) = used(&both(&[ADDR, FILE], environment));
        assert_eq!(sources, [FILE_SOURCE], "{environment:?}");
    }
}

#[test]
fn a_join_needs_method_token_and_address() {
    let [method, token] = JOIN;
    let blamed = |values: &[(&'static str, &'static str)]| {
        let names = problems(values).into_iter().map(|(name, _)| name);
        names.collect::<Vec<_>>()
    };
    assert_eq!(blamed(&[ADDR, method]), ["join_token"]);
    assert_eq!(blamed(&[ADDR, token]), ["join_method"]);
    assert_eq!(blamed(&[method, token]), ["addr"]);
    assert_eq!(
        blamed(&[ADDR, token, ("join_timeout_duration", "soon")]),
        ["join_timeout_duration", "join_method"]
    );
}

#[test]
fn join_methods_that_do_not_work_are_refused_with_those_that_do() {
    for (method, part) in [
        ("token", "works only once"),
        ("azure", "not supported"),
        ("magic", "is not a join method"),
    ] {
        let found = problems(&[ADDR, ("join_method", method), JOIN[1]]);
        let [(name, message)] = found.try_into().unwrap();
        assert_eq!(name, "join_method");
        assert!(
            message.contains(part) && message.contains("join methods are: azure_devops, bitbucket"),
            "{message}"
        );
    }
}

#[test]
fn joins_are_tried_for_five_minutes_unless_something_else_is_said() {
    let timeout = |values: &[(&str, &str)]| {
        let values = [&[ADDR], &JOIN[..], values].concat();
        settings(&values).validate().unwrap().config.join_timeout
    };
    assert_eq!(timeout(&[]), Duration::from_secs(300));
    assert_eq!(timeout(&[("join_timeout_duration", "0")]), Duration::ZERO);
}

#[test]
fn what_is_configured_takes_precedence_over_the_environment_even_if_it_is_empty() {
    let [method, token] = JOIN;
    let (sources, _) = used(&both(
        &[ADDR, FILE, ("join_method", ""), ("join_token", "")],
        &[method, token],
    ));
    assert_eq!(sources, [FILE_SOURCE]);
    let settings = both(&[("addr", "a.example.com")], &[ADDR, FILE]);
    let config = settings.validate().unwrap().config;
    assert_eq!(config.address().unwrap().host(), "a.example.com");
}

#[test]
fn a_ca_alone_does_not_make_a_key_pair() {
    assert_eq!(
        sources(&[("root_ca_path", "/ca"), ("identity_file_path", "/id")]).len(),
        1
    );
}

#[test]
fn the_address_may_be_left_to_a_profile_only() {
    assert!(settings(&[]).validate().is_ok());
    assert!(settings(&[("profile_name", "proxy")]).validate().is_ok());
    assert_eq!(problems(&[("identity_file_path", "/id")])[0].0, "addr");
}

#[test]
fn empty_values_count_as_unset_and_white_space_does_not_count() {
    let config = settings(&[
        ("addr", " parent.example.com \n"),
        ("identity_file", "  "),
        ("retry_max_tries", ""),
    ])
    .validate()
    .unwrap()
    .config;
    assert_eq!(config.address().unwrap().host(), "parent.example.com");
    let [source] = config.sources.try_into().unwrap();
    assert_eq!(source.origin(), Some(sources::NOT_CONFIGURED));
}

#[test]
fn pem_in_place_of_base64_is_refused() {
    let pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let found = problems(&[ADDR, ("identity_file_base64", pem)]);
    assert!(
        found[0].1.contains("PEM text and not base64"),
        "{}",
        found[0].1
    );
}

#[test]
fn debug_shows_no_secret() {
    let settings = settings(&[
        ADDR,
        ("identity_file", "hunter2"),
        ("key_base64", "aHVudGVyMg=="),
        ("cert_base64", "YQ=="),
        ("root_ca_base64", "YQ=="),
    ]);
    let config = settings.validate().unwrap().config;
    let shown = format!(
        "{settings:?} {config:?} {:?}",
        teleport_client::Client::new(config.clone())
    );
    assert!(
        !shown.contains("hunter2") && !shown.contains("aHVudGVyMg"),
        "{shown}"
    );
}

#[test]
fn names_and_variables_are_the_official_ones_and_unique() {
    let mut names: Vec<_> = ATTRIBUTES.iter().map(|attribute| attribute.name).collect();
    assert!(
        ATTRIBUTES
            .iter()
            .all(|attribute| attribute.environment.starts_with("TF_TELEPORT_"))
    );
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), ATTRIBUTES.len());
}
