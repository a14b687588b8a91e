use tfplugin::{Severity, operations};

use super::*;
use crate::kinds::workload_cluster::WORKLOAD_CLUSTER;

/// What a validator says of a text: E for an error, W for a warning.
fn says(check: impl Fn(&Path, &Value, &mut Diagnostics), text: &str) -> String {
    let mut diagnostics = Diagnostics::new();
    check(&Path::attribute("x"), &text.into(), &mut diagnostics);
    diagnostics
        .iter()
        .map(|diagnostic| {
            if diagnostic.severity == Severity::Error {
                'E'
            } else {
                'W'
            }
        })
        .collect()
}

fn object(spec: Value) -> Value {
    Value::object([
        ("metadata", Value::object([("name", "a".into())])),
        ("spec", spec),
    ])
}

fn spec(token: Value) -> Value {
    let regions = Value::List(vec![Value::object([("name", "us-west-2".into())])]);
    Value::object([("regions", regions), ("token", token)])
}

fn token(rules: &[(&str, &str)]) -> Value {
    let rules = rules.iter().map(|(account, arn)| {
        let text = |text: &str| {
            if text.is_empty() {
                Value::Null
            } else {
                text.into()
            }
        };
        Value::object([("aws_account", text(account)), ("aws_arn", text(arn))])
    });
    Value::object([
        ("join_method", "iam".into()),
        ("allow", Value::List(rules.collect())),
    ])
}

/// The paths of the errors about a configuration.
fn errors(config: &Value) -> Vec<String> {
    paths(config, Severity::Error)
}

/// The paths of the warnings about a configuration.
fn warnings(config: &Value) -> Vec<String> {
    paths(config, Severity::Warning)
}

fn paths(config: &Value, severity: Severity) -> Vec<String> {
    let schema = crate::engine::Shape::of(WORKLOAD_CLUSTER).schema();
    let mut diagnostics = operations::validate(&schema, config, true);
    (WORKLOAD_CLUSTER.validate)(config, &mut diagnostics);
    diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == severity)
        .map(|diagnostic| diagnostic.path.to_string())
        .collect()
}

#[test]
fn names_are_dns_labels() {
    for good in ["a", "a-1", "1a", &"x".repeat(63)] {
        assert_eq!(cluster_name(good), Ok(()), "{good}");
    }
    for bad in ["", "A", "a.b", "-a", "a-", "a_b", "ä", &"x".repeat(64)] {
        assert!(cluster_name(bad).is_err(), "{bad}");
        assert_eq!(says(name, bad), "E", "{bad}");
    }
}

#[test]
fn names_of_bots_can_be_names_of_roles_and_tokens_too() {
    for good in ["terraform", "ci-1", "Team_a.bot@x", "robot-1"] {
        assert_eq!(says(bot_name, good), "", "{good}");
    }
    for bad in [
        "",
        " ",
        "a b",
        " a",
        "a\n",
        "a/b",
        "/",
        "a\0",
        "ä",
        "..",
        "bot-terraform",
    ] {
        assert_eq!(says(bot_name, bad), "E", "{bad:?}");
    }
}

#[test]
fn accounts_have_twelve_digits() {
    assert_eq!(says(account, "012345678901"), "");
    for bad in [
        "12345678901",
        "1234567890123",
        "12345678901x",
        "",
        "１２３４５６７８９０１２",
    ] {
        assert_eq!(says(account, bad), "E", "{bad}");
    }
}

#[test]
fn arns_are_those_that_sts_reports() {
    for good in [
        "arn:aws:sts::123456789012:assumed-role/ci/session",
        "arn:aws:sts::123456789012:assumed-role/ci/*",
        "arn:aws:sts::123456789012:assumed-role/ci-*",
        "arn:aws-us-gov:iam::123456789012:user/alice",
        "arn:aws:iam::*:user/path/bob",
        "arn:*:sts::123456789012:assumed-role/a/b",
    ] {
        assert_eq!(says(arn, good), "", "{good}");
    }
    for never in [
        "arn:aws:iam::123456789012:role/ci",
        "arn:aws:iam::123456789012:role/path/ci",
        "arn:aws:sts::123456789012:assumed-role/path/ci/*",
        "arn:aws:sts::123456789012:assumed-role/path/to/ci/session",
        "arn:aws:sts::123456789012:assumed-role/ci/",
    ] {
        assert_eq!(says(arn, never), "", "{never}");
        let alone = token(&[("", never)]);
        assert_eq!(
            errors(&object(spec(alone))),
            ["spec.token.allow[0].aws_arn"],
            "{never}"
        );
    }
    for bad in [
        "",
        "ci",
        "arn:aws:s3:::bucket",
        "arn:aws:sts::123456789012:assumed-role/",
        "arn:aws:sts::123456789012:assumed-role//session",
        "arn:aws:sts::12345678901:assumed-role/a/b",
        "arn:aws:sts:us-east-1:123456789012:assumed-role/a/b",
        "arn:azure:sts::123456789012:assumed-role/a/b",
        "arn:aws:iam::123456789012:group/a",
    ] {
        assert_eq!(says(arn, bad), "E", "{bad}");
    }
}

#[test]
fn an_arn_that_never_matches_is_answered_with_one_that_does() {
    let right = "arn:aws:sts::123456789012:assumed-role/ci/*";
    for (arn, right) in [
        ("arn:aws:iam::123456789012:role/path/ci", right),
        ("arn:aws:sts::123456789012:assumed-role/path/to/ci/*", right),
        ("arn:aws:sts::123456789012:assumed-role/ci/", right),
        (
            "arn:aws-cn:sts::1*:assumed-role/*/ci/run-?",
            "arn:aws-cn:sts::1*:assumed-role/ci/run-?",
        ),
    ] {
        let rule = Value::object([("aws_account", Value::Null), ("aws_arn", arn.into())]);
        let text = allow::never_matches(&rule).unwrap();
        assert!(text.ends_with(&format!("Write {right:?}.")), "{text}");
        assert_eq!(says(super::arn, right), "", "{right}");
    }
}

#[test]
fn an_unfamiliar_region_is_only_a_warning() {
    assert_eq!(says(region, "us-west-2"), "");
    assert_eq!(says(region, "mars-north-1"), "W");
    for bad in ["", " ", "us-west-2 ", "\n"] {
        assert_eq!(says(region, bad), "E", "{bad:?}");
    }
}

#[test]
fn kind_and_version_are_what_they_are() {
    assert_eq!(says(only("workload_cluster"), "workload_cluster"), "");
    assert_eq!(says(only("workload_cluster"), "cloud_cluster"), "E");
    assert_eq!(says(only("v1"), "v1"), "");
    assert_eq!(says(only("v1"), "v2"), "E");
}

#[test]
fn iam_is_the_join_method() {
    assert_eq!(says(join_method("workload cluster"), "iam"), "");
    assert_eq!(says(join_method("workload cluster"), "token"), "E");
}

#[test]
fn a_good_configuration_passes() {
    let arn = "arn:aws:sts::123456789012:assumed-role/ci/*";
    assert_eq!(
        errors(&object(spec(token(&[
            ("123456789012", arn),
            ("", arn),
            ("123456789012", "")
        ])))),
        [""; 0]
    );
    assert_eq!(errors(&object(spec(Value::Null))), [""; 0]);
    assert_eq!(errors(&object(spec(Value::Unknown))), [""; 0]);
}

#[test]
fn a_cluster_needs_regions_with_names() {
    let with = |regions: Value| errors(&object(Value::object([("regions", regions)])));
    assert_eq!(with(Value::Null), ["spec.regions"]);
    assert_eq!(with(Value::List(Vec::new())), ["spec.regions"]);
    assert_eq!(
        with(Value::List(vec![Value::object([("name", Value::Null)])])),
        ["spec.regions[0].name"]
    );
    assert_eq!(with(Value::List(vec![Value::Unknown])), [""; 0]);
}

#[test]
fn a_bot_and_a_token_are_whole_or_left_out() {
    let mut bot = spec(Value::Null);
    bot.set_field("bot", Value::object([("name", Value::Null)]));
    assert_eq!(errors(&object(bot)), ["spec.bot.name"]);
    let token = Value::object([("join_method", Value::Null), ("allow", Value::Null)]);
    assert_eq!(
        errors(&object(spec(token))),
        ["spec.token.allow", "spec.token.join_method"]
    );
    assert_eq!(errors(&object(spec(Value::Null))), [""; 0]);
}

#[test]
fn a_cluster_that_no_bot_can_join_is_a_warning() {
    let whole = |name: &str, value: Value| {
        let mut spec = spec(token(&[("123456789012", "")]));
        spec.set_field("bot", Value::object([("name", "terraform".into())]));
        spec.set_field(name, value);
        warnings(&object(spec))
    };
    assert_eq!(whole("bot", Value::Null), ["spec"]);
    assert_eq!(whole("token", Value::Null), ["spec"]);
    assert_eq!(warnings(&object(spec(Value::Null))), ["spec"]);
    for name in ["bot", "token"] {
        assert_eq!(whole(name, Value::Unknown), [""; 0]);
    }
    assert_eq!(warnings(&object(Value::Unknown)), [""; 0]);
}

#[test]
fn a_rule_needs_an_account_or_an_arn() {
    assert_eq!(
        errors(&object(spec(token(&[("123456789012", ""), ("", "")])))),
        ["spec.token.allow[1]"]
    );
}

#[test]
fn no_rules_are_fine_and_a_warning_says_what_that_means() {
    let mut none = spec(token(&[]));
    none.set_field("bot", Value::object([("name", "terraform".into())]));
    let none = object(none);
    assert_eq!(errors(&none), [""; 0]);
    assert_eq!(warnings(&none), ["spec"]);
}

#[test]
fn rules_of_which_none_can_match_are_an_error_and_one_among_others_is_a_warning() {
    let foreign = (
        "123456789012",
        "arn:aws:sts::210987654321:assumed-role/ci/*",
    );
    let role = ("", "arn:aws:iam::123456789012:role/ci");
    let path = |index: usize| format!("spec.token.allow[{index}].aws_arn");
    let with_bot = |rules: &[(&str, &str)]| {
        let mut spec = spec(token(rules));
        spec.set_field("bot", Value::object([("name", "terraform".into())]));
        object(spec)
    };
    assert_eq!(errors(&with_bot(&[foreign])), [path(0)]);
    assert_eq!(errors(&with_bot(&[role])), [path(0)]);
    assert_eq!(errors(&with_bot(&[role, foreign])), [path(0), path(1)]);
    let one_good = with_bot(&[role, ("123456789012", ""), foreign]);
    assert_eq!(errors(&one_good), [""; 0]);
    assert_eq!(warnings(&one_good), [path(0), path(2)]);
    let wild = with_bot(&[("123456789012", "arn:aws:sts::1234*:assumed-role/ci/*")]);
    assert_eq!((errors(&wild), warnings(&wild)), (vec![], vec![]));
    let mut unknown = with_bot(&[role]);
    let rules = vec![
        one_good
            .at(&["spec", "token", "allow"])
            .as_elements()
            .unwrap()[0]
            .clone(),
        Value::Unknown,
    ];
    unknown.set_at(&["spec", "token", "allow"], Value::List(rules));
    assert_eq!(errors(&unknown), [""; 0]);
    assert_eq!(warnings(&unknown), [path(0)]);
}

#[test]
fn what_the_server_refuses_is_an_error_at_plan() {
    let mut config = object(spec(Value::Null));
    let labels = Value::Map([("env".to_owned(), "prod".into())].into());
    config.set_field(
        "metadata",
        Value::object([
            ("name", "a".into()),
            ("labels", labels),
            ("description", "d".into()),
            ("expires", Value::Unknown),
        ]),
    );
    assert_eq!(errors(&config), ["metadata.labels", "metadata.description"]);
    config.set_field(
        "metadata",
        Value::object([
            ("name", "a".into()),
            ("labels", Value::Map(Default::default())),
        ]),
    );
    assert_eq!(errors(&config), [""; 0]);
}
