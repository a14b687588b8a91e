//! What is wrong with a configuration and can be said without asking anybody.

use crate::support::{
    environment::{TestEnv, cluster},
    matrix::{Scenario, scenarios},
    outcome::Outcome,
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    a_good_configuration_is_valid,
    names_that_are_no_dns_label_are_refused,
    regions_are_needed_and_an_unfamiliar_one_is_a_warning,
    names_that_no_bot_can_have_are_refused,
    a_cluster_that_nobody_can_join_is_a_warning,
    what_every_cluster_needs_is_asked_for_by_the_program_itself,
    join_methods_other_than_iam_are_refused,
    accounts_that_are_none_are_refused,
    arns_that_do_not_fit_are_refused,
    a_rule_that_nobody_can_match_is_an_error_unless_there_are_others,
    what_the_server_would_refuse_in_a_role_is_found_with_what_to_write,
    what_a_newer_cluster_may_know_is_a_warning,
    metadata_that_the_server_refuses_is_refused_before,
    what_else_does_not_fit_is_refused,
    durations_that_are_none_are_refused,
    everything_that_is_wrong_is_said_at_once,
    what_is_wrong_in_the_provider_block_is_found_without_a_cluster,
];

/// The usual configuration with `from` replaced by `to`, validated without a simulator's help.
fn validate(env: &TestEnv, from: &str, to: &str) -> Outcome {
    let good = cluster("team-a", "");
    assert!(good.contains(from), "{from:?} must be in {good}");
    env.configure(&good.replacen(from, to, 1));
    env.run(&["validate", "-json"])
}

/// Configurations with one thing wrong in each. They are validated in one run, which tells them apart by their addresses.
#[derive(Default)]
struct Refused {
    resources: String,
    /// Address, path of the attribute, phrases.
    expected: Vec<(String, String, Vec<String>)>,
}

impl Refused {
    /// Adds the usual configuration with `from` replaced by `to`, which is wrong at `path`.
    fn add(&mut self, from: &str, to: &str, path: &str, phrases: &[&str]) {
        let good = cluster("team-a", "");
        assert!(good.contains(from), "{from:?} must be in {good}");
        let name = format!("case{}", self.expected.len());
        let resource = good.replacen(from, to, 1);
        self.resources
            .push_str(&resource.replacen("\"this\"", &format!("{name:?}"), 1));
        let phrases = phrases.iter().map(ToString::to_string).collect();
        let address = format!("teleport_workload_cluster.{name}");
        self.expected.push((address, path.to_owned(), phrases));
    }

    /// Validates, and expects one error about each.
    fn check(self, env: &TestEnv) {
        env.configure(&self.resources);
        let outcome = env.run(&["validate", "-json"]).failed();
        let diags = outcome.diagnostics();
        assert_eq!(diags.len(), self.expected.len(), "{outcome}");
        for (address, path, phrases) in self.expected {
            let error = diags.iter().find(|error| error.address == address);
            let error = error.unwrap_or_else(|| panic!("nothing about {address}\n{outcome}"));
            error.says(&[&path]);
            error.says(&phrases.iter().map(String::as_str).collect::<Vec<_>>());
            error.points_at(&path);
        }
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
    let mut refused = Refused::default();
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
        refused.add("team-a", name, "metadata.name", &phrases);
    }
    let env = TestEnv::new(program);
    refused.check(&env);
}

fn regions_are_needed_and_an_unfamiliar_one_is_a_warning(program: &Program) {
    let mut refused = Refused::default();
    let regions = "[{ name = \"us-west-2\" }]";
    for (to, path, phrase) in [
        ("[]", "spec.regions", "at least one region"),
        ("null", "spec.regions", "required"),
        ("[{ name = null }]", "spec.regions[0].name", "required"),
        ("[{ name = \"\" }]", "spec.regions[0].name", "\"\""),
        (
            "[{ name = \" us-west-2\" }]",
            "spec.regions[0].name",
            "\" us-west-2\"",
        ),
    ] {
        refused.add(regions, to, path, &[phrase]);
    }
    let env = TestEnv::new(program);
    refused.check(&env);
    let outcome = validate(&env, "us-west-2", "mars-north-1").succeeded();
    outcome.warning(&["mars-north-1", "spec.regions[0].name", "eu-central-1"]);
}

fn names_that_no_bot_can_have_are_refused(program: &Program) {
    let mut refused = Refused::default();
    for (name, phrase) in [
        ("", "empty"),
        (" ", "ASCII letters"),
        ("terraform ", "ASCII letters"),
        ("team/terraform", "ASCII letters"),
        ("bot-terraform", "Write \"terraform\""),
    ] {
        refused.add("terraform", name, "spec.bot.name", &[phrase]);
    }
    let env = TestEnv::new(program);
    refused.check(&env);
}

fn a_cluster_that_nobody_can_join_is_a_warning(program: &Program) {
    let env = TestEnv::new(program);
    let outcome = validate(&env, "bot     = { name = \"terraform\" }", "").succeeded();
    outcome.warning(&["Nobody Can Join", "Without spec.bot no bot"]);
    let outcome = validate(&env, "{ aws_account = \"123456789012\" }", "").succeeded();
    outcome.warning(&["Nobody Can Join", "Without spec.token.allow no bot"]);
}

fn what_every_cluster_needs_is_asked_for_by_the_program_itself(program: &Program) {
    let env = TestEnv::new(program);
    for (from, name) in [
        ("regions = [{ name = \"us-west-2\" }]", "regions"),
        ("{ name = \"terraform\" }", "name"),
        ("join_method = \"iam\"", "join_method"),
        (
            "allow       = [{ aws_account = \"123456789012\" }]",
            "allow",
        ),
    ] {
        let to = if from.starts_with('{') { "{}" } else { "" };
        let error = validate(&env, from, to).failed().diagnostics().remove(0);
        error.says(&[&format!("attribute {name:?} is required")]);
        error.points_at("spec");
    }
}

fn join_methods_other_than_iam_are_refused(program: &Program) {
    let mut refused = Refused::default();
    let path = "spec.token.join_method";
    for (to, phrase) in [("\"token\"", "must be \"iam\""), ("null", "required")] {
        refused.add("\"iam\"", to, path, &[phrase]);
    }
    let env = TestEnv::new(program);
    refused.check(&env);
}

fn accounts_that_are_none_are_refused(program: &Program) {
    let mut refused = Refused::default();
    let path = "spec.token.allow[0].aws_account";
    for (to, phrase) in [
        ("\"12345678901\"", "11 characters"),
        ("\"12345678901x\"", "12345678901x"),
        ("\"1234567890123\"", "13 characters"),
        // A number loses its leading zeros.
        ("012345678901", "quotes"),
    ] {
        refused.add("\"123456789012\"", to, path, &["12 digits", phrase]);
    }
    let rule = "{ aws_account = \"123456789012\" }";
    refused.add(
        rule,
        "{}",
        "spec.token.allow[0]",
        &["aws_account or aws_arn"],
    );
    let env = TestEnv::new(program);
    refused.check(&env);
}

fn arns_that_do_not_fit_are_refused(program: &Program) {
    let mut refused = Refused::default();
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
        refused.add(
            account,
            &with(arn),
            "spec.token.allow[0].aws_arn",
            &[arn, phrase],
        );
    }
    let env = TestEnv::new(program);
    refused.check(&env);
    for arn in [
        "arn:aws:sts::123456789012:assumed-role/terraform/*",
        "arn:aws-us-gov:iam::123456789012:user/terraform",
    ] {
        validate(&env, account, &with(arn))
            .succeeded()
            .without_diagnostics();
    }
}

fn a_rule_that_nobody_can_match_is_an_error_unless_there_are_others(program: &Program) {
    let env = TestEnv::new(program);
    let account = "{ aws_account = \"123456789012\" }";
    let right = "arn:aws:sts::123456789012:assumed-role/terraform/*";
    for arn in [
        "arn:aws:iam::123456789012:role/path/terraform",
        "arn:aws:sts::123456789012:assumed-role/path/terraform/*",
    ] {
        let never = format!("{{ aws_arn = \"{arn}\" }}");
        let phrases = ["ARN Never Matches", arn, right];
        validate(&env, account, &never)
            .failed()
            .error(&phrases)
            .points_at("spec.token.allow[0].aws_arn");
        validate(&env, account, &format!("{account}, {never}"))
            .succeeded()
            .warning(&phrases);
    }
}

/// A role with this text in `spec`.
fn role(version: &str, spec: &str) -> String {
    format!(
        "resource \"teleport_role\" \"this\" {{\n  version = \"{version}\"\n  metadata = {{ name = \"developer\" }}\n  \
         spec = {{ {spec} }}\n}}\n"
    )
}

fn what_the_server_would_refuse_in_a_role_is_found_with_what_to_write(program: &Program) {
    let env = TestEnv::new(program);
    for (version, spec, phrases) in [
        (
            "v8",
            "allow = { kubernetes_labels = { a = [\"b\"] }, kubernetes_resources = [] }",
            ["spec.allow.kubernetes_resources", "Leave out"],
        ),
        (
            "v3",
            "allow = { logins = [\"root\"], node_labels = {} }",
            ["spec.allow.node_labels", "Use version \"v4\" or newer"],
        ),
        (
            "v8",
            "deny = { app_labels = { b = [] } }",
            ["spec.deny.app_labels", "Write [\"*\"]"],
        ),
        (
            "v8",
            "allow = { impersonate = { users = [\"a\"] } }",
            ["spec.allow.impersonate.roles", "together with users"],
        ),
        (
            "v8",
            "allow = { kubernetes_resources = [{ kind = \"deployments\", name = \"*\" }] }",
            ["spec.allow.kubernetes_resources[0].api_group", "apps"],
        ),
        (
            "v8",
            "allow = { spiffe = [{ path = \"/a\", ip_sans = [\"10.0.0.1\"] }] }",
            ["spec.allow.spiffe[0].ip_sans[0]", "10.0.0.1/32"],
        ),
        (
            "v8",
            "options = { port_forwarding = true, ssh_port_forwarding = {} }",
            ["spec.options.port_forwarding", "Remove"],
        ),
        (
            "v8",
            "allow = { request = { max_duration = \"20d\" } }",
            ["spec.allow.request.max_duration", "14 days"],
        ),
        (
            "v8",
            "allow = { request = { max_duration = \"480h\" } }",
            ["spec.allow.request.max_duration", "14 days"],
        ),
        (
            "v8",
            "options = { max_session_ttl = \"0d\" }",
            ["spec.options.max_session_ttl", "Leave it out"],
        ),
    ] {
        env.configure(&role(version, spec));
        env.run(&["validate", "-json"]).failed().error(&phrases);
    }
}

fn what_a_newer_cluster_may_know_is_a_warning(program: &Program) {
    let env = TestEnv::new(program);
    for (version, spec, phrases) in [
        ("v9", "", ["version is \"v9\"", "\"v8\""]),
        (
            "v8",
            "allow = { rules = [{ resources = [\"role\"], verbs = [\"fly\"] }] }",
            ["spec.allow.rules[0].verbs[0] is \"fly\"", "readnosecrets"],
        ),
        (
            "v8",
            "options = { create_host_user_mode = 99 }",
            ["spec.options.create_host_user_mode is 99", "It knows 0, 1"],
        ),
        (
            "v8",
            "options = { port_forwarding = true }",
            [
                "spec.options.port_forwarding is deprecated",
                "ssh_port_forwarding",
            ],
        ),
    ] {
        env.configure(&role(version, spec));
        env.run(&["validate", "-json"])
            .succeeded()
            .warning(&phrases);
    }
}

fn metadata_that_the_server_refuses_is_refused_before(program: &Program) {
    let mut refused = Refused::default();
    let name = "name = \"team-a\"";
    for (argument, path) in [
        ("labels = { team = \"a\" }", "metadata.labels"),
        ("description = \"of team a\"", "metadata.description"),
        ("expires = \"2030-01-01T00:00:00Z\"", "metadata.expires"),
        ("namespace = \"default\"", "metadata.namespace"),
    ] {
        refused.add(
            name,
            &format!("{name}\n    {argument}"),
            path,
            &["Remove it"],
        );
    }
    let env = TestEnv::new(program);
    refused.check(&env);
}

fn what_else_does_not_fit_is_refused(program: &Program) {
    let mut refused = Refused::default();
    for (argument, path, phrase) in [
        ("sub_kind = \"a\"", "sub_kind", "Remove it"),
        ("version = \"v2\"", "version", "\"v1\""),
        ("kind = \"cloud_cluster\"", "kind", "\"workload_cluster\""),
    ] {
        refused.add(
            "metadata",
            &format!("{argument}\n  metadata"),
            path,
            &[phrase],
        );
    }
    let env = TestEnv::new(program);
    refused.check(&env);
}

fn durations_that_are_none_are_refused(program: &Program) {
    let mut refused = Refused::default();
    for duration in ["soon", "5", "0s", "-1m", ""] {
        let to = format!("timeouts = {{ create = \"{duration}\" }}\n  metadata");
        refused.add("metadata", &to, "timeouts.create", &["\"20m\"", duration]);
    }
    let env = TestEnv::new(program);
    refused.check(&env);
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

fn what_is_wrong_in_the_provider_block_is_found_without_a_cluster(program: &Program) {
    let env = TestEnv::new(program);
    let wrong = [
        ("addr", "https://parent.example.com", "a scheme"),
        ("join_method", "magic", "iam"),
        ("cert_base64", "***", "base64"),
        ("dial_timeout_duration", "5", "500ms"),
        ("retry_max_tries", "many", "whole number"),
    ];
    let arguments = wrong.map(|(name, value, _)| format!("  {name} = {value:?}\n"));
    env.write(&format!(
        "provider \"teleport\" {{\n{}}}\n{}",
        arguments.concat(),
        cluster("team-a", ""),
    ));
    let outcome = env.run(&["validate", "-json"]).failed();
    let diags = outcome.diagnostics();
    assert_eq!(diags.len(), wrong.len(), "{outcome}");
    for (name, _, phrase) in wrong {
        let mut about = diags.iter().filter(|error| error.code.contains(name));
        let error = about.next().unwrap_or_else(|| panic!("{name}\n{outcome}"));
        error.says(&[name, phrase]);
    }
    let unknown = r#"
resource "terraform_data" "this" {}
provider "teleport" {
  addr                  = terraform_data.this.id
  join_method           = terraform_data.this.id
  cert_base64           = terraform_data.this.id
  dial_timeout_duration = terraform_data.this.id
  retry_max_tries       = terraform_data.this.id
}
"#;
    env.write(&format!("{unknown}{}", cluster("team-a", "")));
    env.run(&["validate", "-json"])
        .succeeded()
        .without_diagnostics();
}
