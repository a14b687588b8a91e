//! What is wrong with a configuration and can be said without asking anybody.

use crate::support::{
    environment::{CLUSTER, TestEnv, cluster},
    matrix::{Scenario, scenarios},
    outcome::Outcome,
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    a_good_configuration_is_valid,
    names_that_are_no_dns_label_are_refused,
    regions_are_needed_and_an_unfamiliar_one_is_a_warning,
    join_methods_other_than_iam_are_refused,
    accounts_that_are_none_are_refused,
    arns_that_do_not_fit_are_refused,
    an_arn_of_an_iam_role_is_a_warning_that_shows_the_right_form,
    metadata_that_the_server_refuses_is_refused_before,
    a_status_that_says_something_is_refused,
    durations_that_are_none_are_refused,
    everything_that_is_wrong_is_said_at_once,
];

/// The usual configuration with `from` replaced by `to`, validated without a simulator's help.
fn validate(env: &TestEnv, from: &str, to: &str) -> Outcome {
    let good = cluster("team-a", "");
    assert!(good.contains(from), "{from:?} must be in {good}");
    env.configure(&good.replacen(from, to, 1));
    env.run(&["validate", "-json"])
}

/// Validates, and expects one error with these phrases, which points at this argument.
fn refuse(env: &TestEnv, from: &str, to: &str, phrases: &[&str], argument: &str) {
    let error = validate(env, from, to).error(phrases);
    error.points_at(argument);
    assert_eq!(error.address, CLUSTER);
}

fn a_good_configuration_is_valid(program: &Program) {
    let env = TestEnv::new(program);
    validate(&env, "team-a", "team-b")
        .succeeded()
        .without_diagnostics();
    assert_eq!(env.simulator.calls().len(), 0);
}

fn names_that_are_no_dns_label_are_refused(program: &Program) {
    let env = TestEnv::new(program);
    let long = "a".repeat(64);
    for (name, phrase) in [
        ("Team-A", "a-z"),
        ("team_a", "a-z"),
        ("team.a", "a-z"),
        ("-team", "begin and end"),
        ("team-", "begin and end"),
        ("", "empty"),
        (long.as_str(), "63"),
    ] {
        refuse(
            &env,
            "team-a",
            name,
            &["metadata.name", "DNS label", phrase],
            "metadata",
        );
    }
}

fn regions_are_needed_and_an_unfamiliar_one_is_a_warning(program: &Program) {
    let env = TestEnv::new(program);
    let region = "[{ name = \"us-west-2\" }]";
    refuse(&env, region, "[]", &["at least one region"], "spec");
    refuse(&env, region, "null", &["at least one region"], "spec");
    refuse(&env, region, "[{}]", &["name", "us-west-2"], "spec");
    let outcome = validate(&env, "us-west-2", "mars-north-1").succeeded();
    outcome
        .warning(&["mars-north-1", "us-west-2", "eu-central-1"])
        .points_at("spec");
}

fn join_methods_other_than_iam_are_refused(program: &Program) {
    let env = TestEnv::new(program);
    let method = "join_method = \"iam\"";
    refuse(
        &env,
        method,
        "join_method = \"token\"",
        &["spec.token.join_method", "\"iam\"", "\"token\""],
        "spec",
    );
    refuse(&env, method, "", &["join_method", "\"iam\""], "spec");
}

fn accounts_that_are_none_are_refused(program: &Program) {
    let env = TestEnv::new(program);
    let path = "spec.token.allow[0].aws_account";
    refuse(
        &env,
        "123456789012",
        "12345678901",
        &[path, "12 digits", "11 characters"],
        "spec",
    );
    refuse(
        &env,
        "123456789012",
        "12345678901x",
        &[path, "12 digits"],
        "spec",
    );
    // A number loses its leading zeros.
    refuse(
        &env,
        "\"123456789012\"",
        "012345678901",
        &[path, "12 digits", "quotes"],
        "spec",
    );
    refuse(
        &env,
        "aws_account = \"123456789012\"",
        "",
        &["aws_account or aws_arn"],
        "spec",
    );
    refuse(
        &env,
        "[{ aws_account = \"123456789012\" }]",
        "[]",
        &["at least one rule"],
        "spec",
    );
}

fn arns_that_do_not_fit_are_refused(program: &Program) {
    let env = TestEnv::new(program);
    let with = |arn: &str| format!("aws_account = \"123456789012\", aws_arn = \"{arn}\"");
    let account = "aws_account = \"123456789012\"";
    let path = "spec.token.allow[0].aws_arn";
    for arn in [
        "terraform",
        "arn:aws:s3:::bucket",
        "arn:aws:sts::123456789012:assumed-role/terraform",
    ] {
        refuse(
            &env,
            account,
            &with(arn),
            &[path, "assumed-role", arn],
            "spec",
        );
    }
    let foreign = with("arn:aws:sts::999999999999:assumed-role/terraform/*");
    refuse(
        &env,
        account,
        &foreign,
        &["999999999999", "123456789012", "nobody could join"],
        "spec",
    );
    for arn in [
        "arn:aws:sts::123456789012:assumed-role/terraform/*",
        "arn:aws-us-gov:iam::123456789012:user/terraform",
    ] {
        validate(&env, account, &with(arn))
            .succeeded()
            .without_diagnostics();
    }
}

fn an_arn_of_an_iam_role_is_a_warning_that_shows_the_right_form(program: &Program) {
    let env = TestEnv::new(program);
    let arn = "aws_arn = \"arn:aws:iam::123456789012:role/path/terraform\"";
    let outcome = validate(&env, "aws_account = \"123456789012\"", arn).succeeded();
    let warning = outcome.warning(&[
        "Never Matches",
        "arn:aws:sts::123456789012:assumed-role/terraform/*",
    ]);
    warning.points_at("spec");
}

fn metadata_that_the_server_refuses_is_refused_before(program: &Program) {
    let env = TestEnv::new(program);
    let name = "name = \"team-a\"";
    for (argument, path) in [
        ("labels = { team = \"a\" }", "metadata.labels"),
        ("description = \"of team a\"", "metadata.description"),
        ("expires = \"2030-01-01T00:00:00Z\"", "metadata.expires"),
        ("namespace = \"default\"", "metadata.namespace"),
        ("revision = \"1\"", "metadata.revision"),
    ] {
        refuse(
            &env,
            name,
            &format!("{name}\n    {argument}"),
            &[path, "Remove it"],
            "metadata",
        );
    }
    refuse(
        &env,
        "metadata",
        "sub_kind = \"a\"\n  metadata",
        &["sub_kind", "Remove it"],
        "sub_kind",
    );
    validate(&env, "metadata", "version = \"v2\"\n  metadata").error(&["v2"]);
}

fn a_status_that_says_something_is_refused(program: &Program) {
    let env = TestEnv::new(program);
    let status = "status = { state = \"active\" }\n  metadata";
    refuse(&env, "metadata", status, &["status", "Remove it"], "status");
}

fn durations_that_are_none_are_refused(program: &Program) {
    let env = TestEnv::new(program);
    for duration in ["soon", "5", "0s", "-1m", ""] {
        let timeouts = format!("timeouts = {{ create = \"{duration}\" }}\n  metadata");
        refuse(
            &env,
            "metadata",
            &timeouts,
            &["timeouts.create", "\"20m\""],
            "timeouts",
        );
    }
}

fn everything_that_is_wrong_is_said_at_once(program: &Program) {
    let env = TestEnv::new(program);
    let wrong = cluster("Team", "")
        .replace("us-west-2", "")
        .replace("\"iam\"", "\"token\"");
    env.configure(&wrong.replace("123456789012", "1"));
    let outcome = env.run(&["validate", "-json"]);
    assert_eq!(outcome.diagnostics().len(), 4, "{outcome}");
}
