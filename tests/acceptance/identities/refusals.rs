//! Identities that there are none of: mistakes in the arguments, AWS identities that do not do, clusters that are not there.

use axum::Router;
use tokio::net::TcpListener;

use super::{TEAM_A, become_caller, cloud, domain, handed, identity, joins, known};
use crate::support::{
    environment::{provider_block, runtime},
    matrix::{EPHEMERAL_RESOURCES, Scenario, scenarios},
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    mistakes_in_identities_are_found_before_anything_is_asked: EPHEMERAL_RESOURCES,
    missing_and_expired_aws_credentials_are_distinguished: EPHEMERAL_RESOURCES,
    an_aws_identity_that_no_rule_allows_is_shown_with_the_rules: EPHEMERAL_RESOURCES,
    a_token_of_another_name_is_named: EPHEMERAL_RESOURCES,
    an_address_that_the_parent_does_not_know_is_named: EPHEMERAL_RESOURCES,
    a_parent_that_cannot_be_asked_is_distinguished_from_the_cluster: EPHEMERAL_RESOURCES,
    a_provider_block_that_is_not_known_yet_is_named: EPHEMERAL_RESOURCES,
];

fn mistakes_in_identities_are_found_before_anything_is_asked(program: &Program) {
    let env = cloud(program, TEAM_A);
    let there = format!("{:?}", domain(&env));
    for (address, more, phrases, at) in [
        (
            "\"https://team-a.example\"",
            "",
            ["team-a.example", "scheme"],
            "address",
        ),
        ("\"\"", "", ["empty", "such as"], "address"),
        (
            &there,
            "join_method = \"token\"",
            ["only once", "join methods are: iam"],
            "join_method",
        ),
        (
            &there,
            "join_method = \"github\"",
            ["not supported", "join methods are: iam"],
            "join_method",
        ),
        (&there, "ttl = \"169h\"", ["1m to 168h", "\"169h\""], "ttl"),
        (
            &there,
            "ttl = \"30s\"",
            ["1m to 168h", "less than 1m"],
            "ttl",
        ),
        (
            &there,
            "ttl = \"8d\"",
            ["1m to 168h", "168h at most"],
            "ttl",
        ),
    ] {
        env.configure(&identity(address, more));
        for arguments in [&["validate", "-json"][..], &["plan", "-json"]] {
            let error = env.run(arguments).error(&["Invalid Attribute Value"]);
            error.says(&phrases);
            error.points_at(at);
        }
    }
    assert_eq!(env.simulator.calls().len(), 0);
}

fn missing_and_expired_aws_credentials_are_distinguished(program: &Program) {
    let mut env = cloud(program, TEAM_A);
    env.configure(&format!("{}{}", known(&env, ""), handed("1")));
    become_caller(&mut env, "", "");
    env.plan_with(&[]).error(&[
        "Invalid Credentials",
        "there are no AWS credentials",
        "AWS_PROFILE",
        "No rights in AWS are needed",
    ]);
    assert_eq!(joins(&env), 0);

    become_caller(&mut env, "AKIALATE", "late");
    env.set("AWS_SESSION_TOKEN", "over");
    env.plan_with(&[])
        .error(&["Invalid Credentials", "ExpiredToken", "Log in to AWS again"]);
    assert_eq!(joins(&env), 1);
}

fn an_aws_identity_that_no_rule_allows_is_shown_with_the_rules(program: &Program) {
    let mut env = cloud(program, TEAM_A);
    env.set(
        "AWS_ENDPOINT_URL_STS",
        &sts(
            "999999999999",
            "arn:aws:sts::999999999999:assumed-role/stranger/run",
        ),
    );
    become_caller(&mut env, "AKIASTRANGER", "stranger");
    for (more, at) in [
        ("", "address"),
        ("join_token = \"terraform\"", "join_token"),
    ] {
        env.configure(&format!("{}{}", known(&env, more), handed("1")));
        let error = env.plan_with(&[]).error(&[
            "Join Refused",
            "did not match any allow rules",
            "account 999999999999, ARN arn:aws:sts::999999999999:assumed-role/stranger/run",
            "The token allows: account 123456789012.",
            "aws sts get-caller-identity",
        ]);
        error.points_at(at);
        assert!(!error.text.contains("provider block"), "{}", error.text);
    }
    assert_eq!(joins(&env), 2);
}

fn a_token_of_another_name_is_named(program: &Program) {
    let env = cloud(program, TEAM_A);
    env.configure(&format!(
        "{}{}",
        known(&env, "join_token = \"team-a\""),
        handed("1")
    ));
    env.plan_with(&[])
        .error(&["Join Refused", "no valid token \"team-a\"", "spec.bot.name"])
        .points_at("join_token");
    assert_eq!(joins(&env), 1);
}

fn an_address_that_the_parent_does_not_know_is_named(program: &Program) {
    let env = cloud(program, TEAM_A);
    let elsewhere = domain(&env).replace("team-a.", "team-b.");
    env.configure(&format!(
        "{}{}",
        identity(&format!("{elsewhere:?}"), ""),
        handed("1")
    ));
    env.plan_with(&[])
        .error(&[
            "Join Refused",
            &elsewhere,
            "no workload cluster with the domain",
            "status.domain",
        ])
        .points_at("address");

    // With a token nobody is asked, and the name leads nowhere.
    let more = "join_token = \"terraform\"";
    env.configure(&format!(
        "{}{}",
        identity(&format!("{elsewhere:?}"), more),
        handed("1")
    ));
    env.plan_with(&[]).error(&[&elsewhere]).points_at("address");
    assert_eq!(joins(&env), 0);
}

fn a_parent_that_cannot_be_asked_is_distinguished_from_the_cluster(program: &Program) {
    let env = cloud(program, TEAM_A);
    let block = provider_block(&env.simulator.proxy_address(), &env.path("missing"), "");
    env.write(&format!("{block}{}{}", known(&env, ""), handed("1")));
    env.plan_with(&[]).error(&[
        "Invalid Credentials",
        "the parent cluster does not say whether team-a.localhost",
        "The argument of the provider block concerned is identity_file_path",
    ]);
    assert_eq!(joins(&env), 0);
}

fn a_provider_block_that_is_not_known_yet_is_named(program: &Program) {
    let env = cloud(program, TEAM_A);
    env.write(&format!(
        r#"
resource "terraform_data" "parent" {{
  input = {:?}
}}
provider "teleport" {{
  addr               = terraform_data.parent.output
  identity_file_path = {:?}
}}
{}{}"#,
        env.simulator.proxy_address(),
        env.simulator.identity_file(),
        known(&env, ""),
        handed("1")
    ));
    env.plan_with(&[]).error(&[
        "Provider Configuration Unknown",
        "addr of the provider block is known only after the apply",
    ]);
}

/// AWS STS, as far as it says who a caller is. The URL of it.
fn sts(account: &str, arn: &str) -> String {
    let answer = format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult><Arn>{arn}</Arn>\
         <UserId>AROA:run</UserId><Account>{account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
    );
    let listener = runtime()
        .block_on(TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let address = listener.local_addr().unwrap();
    let service = Router::new()
        .fallback(move || std::future::ready(([("content-type", "text/xml")], answer)));
    runtime().spawn(async move { axum::serve(listener, service).await });
    format!("http://{address}")
}
