use teleport_proto::types::{AccessReviewThreshold, BoolValue, CertExtension, KubernetesResource};

use super::*;

fn checked(mut role: RoleV6) -> Result<RoleV6, Refusal> {
    check_role(&mut role, Edition::Cloud)?;
    Ok(role)
}

fn role(version: &str) -> RoleV6 {
    RoleV6 {
        version: version.to_owned(),
        metadata: Some(Metadata {
            name: "r".to_owned(),
            ..Metadata::default()
        }),
        ..RoleV6::default()
    }
}

fn made(version: &str, change: impl FnOnce(&mut RoleSpecV6)) -> RoleSpecV6 {
    let mut role = role(version);
    change(role.spec.get_or_insert_default());
    checked(role).unwrap().spec.unwrap()
}

fn refusal(version: &str, change: impl FnOnce(&mut RoleSpecV6)) -> String {
    let mut role = role(version);
    change(role.spec.get_or_insert_default());
    checked(role).unwrap_err().to_string()
}

fn allow(spec: &mut RoleSpecV6) -> &mut RoleConditions {
    spec.allow.get_or_insert_default()
}

fn options(spec: &mut RoleSpecV6) -> &mut RoleOptions {
    spec.options.get_or_insert_default()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn resource(kind: &str, namespace: &str, name: &str, verbs: &[&str]) -> KubernetesResource {
    KubernetesResource {
        kind: kind.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        verbs: words(verbs),
        api_group: String::new(),
    }
}

#[test]
fn options_that_are_not_said_have_their_defaults_and_others_stay() {
    let filled = made("v8", |_| ()).options.unwrap();
    assert_eq!(filled.max_session_ttl, 108_000_000_000_000);
    assert_eq!(filled.certificate_format, "standard");
    assert_eq!(filled.bpf, ["command", "network"]);
    let record = filled.record_session.unwrap();
    assert_eq!(
        (record.desktop.unwrap().value, record.default.as_str()),
        (true, "best_effort")
    );
    for (option, value) in [
        (&filled.desktop_clipboard, true),
        (&filled.desktop_directory_sharing, true),
        (&filled.ssh_file_copy, true),
        (&filled.create_desktop_user, false),
        (&filled.create_database_user, false),
    ] {
        assert_eq!(option.as_ref().unwrap().value, value);
    }
    assert!(filled.idp.is_none());
    assert!(made("v7", |_| ()).options.unwrap().idp.is_some());

    let said = made("v8", |spec| {
        let options = options(spec);
        options.max_session_ttl = 1;
        options.bpf = words(&["disk"]);
        options.ssh_file_copy = Some(BoolValue { value: false });
        options.record_session = Some(Default::default());
        options.create_host_user_mode = 2;
    });
    let said = said.options.unwrap();
    assert_eq!(said.max_session_ttl, 1);
    assert_eq!(said.bpf, ["disk"]);
    assert!(!said.ssh_file_copy.unwrap().value);
    assert!(said.record_session.unwrap().desktop.is_none());
    assert_eq!(said.create_host_user_mode, 2);
}

#[test]
fn a_version_that_is_not_known_becomes_the_newest() {
    for (given, stored) in [("v3", "v3"), ("v8", "v8"), ("v9", "v8"), ("", "v8")] {
        let role = checked(role(given)).unwrap();
        assert_eq!(
            (role.version.as_str(), role.kind.as_str()),
            (stored, "role"),
            "{given}"
        );
        let spec = role.spec.unwrap();
        assert_eq!(spec.allow.unwrap().namespaces, ["default"]);
        assert_eq!(spec.deny.unwrap().namespaces, ["default"]);
    }
}

#[test]
fn labels_and_kubernetes_resources_have_the_defaults_of_their_version() {
    let old = made("v3", |spec| allow(spec).logins = words(&["root"]))
        .allow
        .unwrap();
    for given in [
        &old.node_labels,
        &old.app_labels,
        &old.kubernetes_labels,
        &old.database_labels,
    ] {
        assert_eq!(given.as_ref().unwrap(), &labels([("*", "*")]));
    }
    assert_eq!(
        old.kubernetes_resources,
        [resource("pod", "*", "*", &["*"])]
    );
    let bare = made("v3", |_| ()).allow.unwrap();
    assert!(bare.node_labels.unwrap().values.is_empty());
    let clusters = |spec: &mut RoleSpecV6| {
        allow(spec).kubernetes_labels = Some(labels([("env", "dev")]));
    };
    for (version, expected) in [
        ("v4", vec![resource("pod", "*", "*", &["*"])]),
        ("v6", vec![]),
        ("v7", vec![resource("*", "*", "*", &["*"])]),
    ] {
        let made = made(version, clusters).allow.unwrap();
        assert_eq!(made.kubernetes_resources, expected, "{version}");
    }
    let new = made("v8", |spec| {
        allow(spec).kubernetes_labels_expression = "true".to_owned()
    });
    assert_eq!(new.allow.unwrap().kubernetes_resources[0].api_group, "*");
    assert!(
        made("v8", |_| ())
            .allow
            .unwrap()
            .kubernetes_resources
            .is_empty()
    );
    let verbs = made("v6", |spec| {
        allow(spec).kubernetes_resources = vec![resource("pod", "a", "b", &[])];
    });
    assert_eq!(verbs.allow.unwrap().kubernetes_resources[0].verbs, ["*"]);
}

#[test]
fn filling_in_twice_changes_nothing() {
    for version in ["v3", "v4", "v5", "v6", "v7", "v8"] {
        let once = checked(role(version)).unwrap();
        assert_eq!(checked(once.clone()).unwrap(), once, "{version}");
    }
    for role in presets(Edition::Oss).into_iter().chain([
        workload_cluster_editor("a"),
        bot_internal("a", "bot-a", &["a".to_owned()]),
    ]) {
        assert_eq!(checked(role.clone()).unwrap(), role);
    }
}

#[test]
fn names_and_labels_of_roles_are_checked() {
    let named = |name: &str, label: Option<(&str, &str)>| {
        let mut role = role("v8");
        let metadata = role.metadata.as_mut().unwrap();
        metadata.name = name.to_owned();
        let label = label.map(|(key, value)| (key.to_owned(), value.to_owned()));
        metadata.labels.extend(label);
        checked(role).map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(named("", None).unwrap_err(), "missing parameter Name");
    assert_eq!(named("Admin", None).unwrap_err(), "reserved role: Admin");
    assert!(named("admin", None).is_ok());
    assert!(
        named("a", Some(("a b", "")))
            .unwrap_err()
            .contains("label key")
    );
    assert!(named("a", Some(("a/b_c.d:e*-", ""))).is_ok());
    assert!(
        named("a", Some(("teleport.dev/origin", "me")))
            .unwrap_err()
            .contains("origin")
    );
    let downgraded = Some(("teleport.internal/downgraded", "reason"));
    assert!(named("a", downgraded).unwrap_err().contains("downgraded"));
}

/// The recordings have most refusals; these are the others.
#[test]
fn what_the_rules_refuse_is_named() {
    type Change = fn(&mut RoleSpecV6);
    let cases: [(Change, &str); 9] = [
        (|s| allow(s).logins = words(&["*"]), "logins"),
        (
            |s| allow(s).impersonate.get_or_insert_default().users = words(&["a"]),
            "no roles",
        ),
        (
            |s| {
                let request = allow(s).request.get_or_insert_default();
                request.max_duration = 14 * 24 * 3_600 * 1_000_000_000 + 1;
            },
            "14 days",
        ),
        (
            |s| {
                let deny = s.deny.get_or_insert_default();
                let request = deny.request.get_or_insert_default();
                request.thresholds.push(AccessReviewThreshold::default());
            },
            "thresholds",
        ),
        (
            |s| options(s).create_database_user_mode = 99,
            "CreateDatabaseUserMode",
        ),
        (|s| options(s).require_mfa_type = 99, "RequireMFAType"),
        (
            |s| {
                let extension = CertExtension {
                    mode: 7,
                    ..CertExtension::default()
                };
                options(s).cert_extensions.push(extension);
            },
            "CertExtensionMode",
        ),
        (
            |s| allow(s).kubernetes_resources = vec![resource("", "*", "*", &["*"])],
            "kind is required",
        ),
        (
            |s| allow(s).kubernetes_resources = vec![resource("events", "", "*", &["*"])],
            "must include Namespace",
        ),
    ];
    for (change, expected) in cases {
        let text = refusal("v8", change);
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

#[test]
fn newer_roles_name_kubernetes_resources_as_kubernetes_does() {
    let grouped = |kind: &str, namespace: &str, group: &str| KubernetesResource {
        api_group: group.to_owned(),
        ..resource(kind, namespace, "*", &["get", "{{internal.verb}}"])
    };
    for good in [
        grouped("pods", "a", ""),
        grouped("namespaces", "", ""),
        grouped("deployments", "", "apps"),
        grouped("*", "", "*"),
        grouped("deployment", "a", "example.com"),
    ] {
        made("v8", |spec| allow(spec).kubernetes_resources = vec![good]);
    }
    for bad in [
        grouped("deployment", "a", "apps"),
        grouped("*", "a", ""),
        grouped("deployments", "a", ""),
    ] {
        refusal("v8", |spec| allow(spec).kubernetes_resources = vec![bad]);
    }
    made("v7", |spec| {
        allow(spec).kubernetes_resources = vec![resource("kube_node", "", "*", &["list"])];
    });
    let verbs = refusal("v6", |spec| {
        allow(spec).kubernetes_resources = vec![resource("pod", "*", "*", &["get"])];
    });
    assert!(verbs.contains("verbs"), "{verbs}");
}

#[test]
fn expressions_about_reviews_must_parse() {
    let threshold = refusal("v8", |spec| {
        let request = allow(spec).request.get_or_insert_default();
        request.thresholds.push(AccessReviewThreshold {
            filter: "contains(reviewer.roles".to_owned(),
            ..AccessReviewThreshold::default()
        });
    });
    assert!(
        threshold.starts_with("invalid threshold predicate"),
        "{threshold}"
    );
    for denied in [false, true] {
        let review = refusal("v8", |spec| {
            let conditions = if denied {
                spec.deny.get_or_insert_default()
            } else {
                allow(spec)
            };
            conditions.review_requests.get_or_insert_default().r#where =
                "contains(reviewer.roles".to_owned();
        });
        assert!(review.starts_with("invalid review predicate"), "{review}");
    }
}

/// A server logs that, and takes the role all the same: no role should be lost by an update of the server that reads them better.
#[test]
fn other_expressions_may_be_anything() {
    made("v8", |spec| {
        let allow = allow(spec);
        allow.logins = words(&["{{internal.logins"]);
        allow.node_labels_expression = "containz(labels[".to_owned();
        allow.rules.push(Rule {
            resources: words(&["role"]),
            verbs: words(&["read"]),
            r#where: "containz(user.spec.traits[".to_owned(),
            ..Rule::default()
        });
    });
}
