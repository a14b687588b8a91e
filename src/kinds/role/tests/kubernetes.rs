use super::*;

#[test]
fn kubernetes_resources_are_those_of_the_version() {
    let resource = |kind: &str, namespace: Value, verbs: Value, group: Value| {
        Value::List(vec![object(&[
            ("kind", kind.into()),
            ("namespace", namespace),
            ("name", "*".into()),
            ("verbs", verbs),
            ("api_group", group),
        ])])
    };
    let path = "spec.allow.kubernetes_resources";
    for (version, resource, expected) in [
        (
            "v6",
            resource("pod", "*".into(), Value::Null, Value::Null),
            None,
        ),
        (
            "v8",
            resource("pods", "*".into(), list(&["get"]), "".into()),
            None,
        ),
        (
            "v7",
            resource("namespace", Value::Null, list(&["*"]), Value::Null),
            None,
        ),
        (
            "v6",
            resource("secret", "*".into(), Value::Null, Value::Null),
            Some("kind: Invalid Attribute Value"),
        ),
        (
            "v6",
            resource("pod", "*".into(), list(&["get"]), Value::Null),
            Some("verbs: Invalid Attribute Value"),
        ),
        (
            "v7",
            resource("pods", "*".into(), Value::Null, Value::Null),
            Some("kind: Invalid Attribute Value"),
        ),
        (
            "v7",
            resource("pod", Value::Null, Value::Null, Value::Null),
            Some("namespace: Invalid Attribute Value"),
        ),
        (
            "v7",
            resource("pod", "*".into(), Value::Null, "apps".into()),
            Some("api_group: Invalid Attribute Value"),
        ),
        (
            "v8",
            resource("pods", "*".into(), list(&["look"]), Value::Null),
            None,
        ),
        (
            "v8",
            resource("pod", "*".into(), Value::Null, Value::Null),
            Some("kind: Invalid Attribute Value"),
        ),
        (
            "v8",
            resource("pod", Value::Null, Value::Null, "example.com".into()),
            None,
        ),
        (
            "v8",
            resource("*", "*".into(), Value::Null, Value::Null),
            Some("api_group: Invalid Attribute Value"),
        ),
        (
            "v8",
            resource("deployments", Value::Null, Value::Null, Value::Null),
            Some("api_group: Invalid Attribute Value"),
        ),
        (
            "v8",
            resource("deployments", Value::Null, Value::Null, "*".into()),
            None,
        ),
        (
            "v8",
            resource("events", Value::Null, Value::Null, Value::Null),
            Some("namespace: Invalid Attribute Value"),
        ),
        (
            "v8",
            resource("pods", "*".into(), list(&["get", "*"]), Value::Null),
            Some("verbs[1]: Invalid Attribute Value"),
        ),
    ] {
        let expected: Vec<_> = expected
            .map(|text| format!("{path}[0].{text}"))
            .into_iter()
            .collect();
        assert_eq!(
            errors(&config(version, &[(path, resource)])),
            expected,
            "{version}"
        );
    }
}
