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
    what_else_does_not_fit_is_refused,
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

/// Validates, and expects one error about the attribute at `path` with these phrases.
///
/// Programs point at attributes of the resource itself alone; what is inside of one must be named in the text.
fn refuse(env: &TestEnv, from: &str, to: &str, path: &str, phrases: &[&str]) {
    let error = validate(env, from, to).error(&[path]);
    error.says(phrases);
    assert_eq!(error.address, CLUSTER);
    if !path.contains('.') {
        error.points_at(path);
    }
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
        let phrases = ["DNS label", phrase];
        refuse(&env, "team-a", name, "metadata.name", &phrases);
    }
}

fn regions_are_needed_and_an_unfamiliar_one_is_a_warning(program: &Program) {
    let env = TestEnv::new(program);
    let regions = "[{ name = \"us-west-2\" }]";
    for (to, path, phrase) in [
        ("[]", "spec.regions", "at least one region"),
        ("null", "spec.regions", "at least one region"),
        ("[{}]", "spec.regions[0].name", "us-west-2"),
        ("[{ name = \"\" }]", "spec.regions[0].name", "\"\""),
    ] {
        refuse(&env, regions, to, path, &[phrase]);
    }
    let outcome = validate(&env, "us-west-2", "mars-north-1").succeeded();
    outcome.warning(&["mars-north-1", "spec.regions[0].name", "eu-central-1"]);
}

fn join_methods_other_than_iam_are_refused(program: &Program) {
    let env = TestEnv::new(program);
    let path = "spec.token.join_method";
    for (to, phrase) in [
        ("join_method = \"token\"", "\"token\""),
        ("", "needs a join method"),
    ] {
        refuse(
            &env,
            "join_method = \"iam\"",
            to,
            path,
            &["\"iam\"", phrase],
        );
    }
}

fn accounts_that_are_none_are_refused(program: &Program) {
    let env = TestEnv::new(program);
    let path = "spec.token.allow[0].aws_account";
    for (to, phrase) in [
        ("\"12345678901\"", "11 characters"),
        ("\"12345678901x\"", "12345678901x"),
        ("\"1234567890123\"", "13 characters"),
        // A number loses its leading zeros.
        ("012345678901", "quotes"),
    ] {
        refuse(&env, "\"123456789012\"", to, path, &["12 digits", phrase]);
    }
    let rule = "{ aws_account = \"123456789012\" }";
    refuse(
        &env,
        rule,
        "{}",
        "spec.token.allow[0]",
        &["aws_account or aws_arn"],
    );
    refuse(&env, rule, "", "spec.token.allow", &["at least one rule"]);
}

fn arns_that_do_not_fit_are_refused(program: &Program) {
    let env = TestEnv::new(program);
    let with = |arn: &str| format!("aws_account = \"123456789012\", aws_arn = \"{arn}\"");
    let account = "aws_account = \"123456789012\"";
    for (arn, phrase) in [
        (
            "terraform",
            "arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION",
        ),
        (
            "arn:aws:s3:::bucket",
            "arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION",
        ),
        (
            "arn:aws:sts::123456789012:assumed-role/terraform",
            "assumed-role/ROLE/SESSION",
        ),
        (
            "arn:aws:sts::999999999999:assumed-role/terraform/*",
            "of account 999999999999",
        ),
    ] {
        refuse(
            &env,
            account,
            &with(arn),
            "spec.token.allow[0].aws_arn",
            &[arn, phrase],
        );
    }
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
    let right = "arn:aws:sts::123456789012:assumed-role/terraform/*";
    outcome.warning(&["Never Matches", "spec.token.allow[0].aws_arn", right]);
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
            path,
            &["Remove it"],
        );
    }
}

fn what_else_does_not_fit_is_refused(program: &Program) {
    let env = TestEnv::new(program);
    for (argument, path, phrase) in [
        ("sub_kind = \"a\"", "sub_kind", "Remove it"),
        ("status = { state = \"active\" }", "status", "Remove it"),
        ("version = \"v2\"", "version", "\"v1\""),
        ("kind = \"cloud_cluster\"", "kind", "\"workload_cluster\""),
    ] {
        refuse(
            &env,
            "metadata",
            &format!("{argument}\n  metadata"),
            path,
            &[phrase],
        );
    }
}

fn durations_that_are_none_are_refused(program: &Program) {
    let env = TestEnv::new(program);
    for duration in ["soon", "5", "0s", "-1m", ""] {
        let to = format!("timeouts = {{ create = \"{duration}\" }}\n  metadata");
        refuse(
            &env,
            "metadata",
            &to,
            "timeouts.create",
            &["\"20m\"", duration],
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
