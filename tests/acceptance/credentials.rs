//! Credentials: every way to give them, and every way in which they are of no use.

use std::fs;

use base64::{Engine, engine::general_purpose::STANDARD};

use super::tenants;
use crate::support::{
    environment::{TestEnv, cluster},
    matrix::{Scenario, scenarios},
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    every_way_to_give_credentials_leads_to_the_cluster,
    without_credentials_the_error_says_what_was_looked_for,
    an_identity_file_that_cannot_be_used_is_named_with_the_reason,
    an_expired_identity_file_is_named_with_its_time,
    a_foreign_identity_file_is_distinguished_from_other_failures,
    expired_credentials_are_skipped_for_others,
    aws_credentials_that_are_of_no_use_are_blamed_themselves,
    a_role_without_rights_is_explained,
    a_user_who_needs_a_second_factor_is_explained,
];

/// Something that calls the cluster.
const LOOK: &str = "data \"teleport_workload_clusters\" \"all\" {}\n";

/// A provider block with this address and these credentials.
fn block(env: &TestEnv, arguments: &str) -> String {
    format!(
        "provider \"teleport\" {{\n  addr = {:?}\n  {arguments}\n}}\n",
        env.simulator.proxy_address()
    )
}

fn every_way_to_give_credentials_leads_to_the_cluster(program: &Program) {
    let mut env = TestEnv::with(
        program,
        "[[clusters]]\nname = 'team-a'\nspec = { regions = [{ name = 'us-west-2' }] }",
    );
    let data = env.simulator.data_dir().to_owned();
    let file = |name: &str| data.join(name).to_string_lossy().into_owned();
    let base64 = |name: &str| STANDARD.encode(fs::read(data.join(name)).unwrap());
    let (identity, cert, key, cas) = (
        file("identity"),
        file("tlscert"),
        file("key"),
        file("cas.pem"),
    );
    let ways = [
        ("path", format!("identity_file_path = {identity:?}")),
        ("text", format!("identity_file = file({identity:?})")),
        (
            "base64",
            format!("identity_file_base64 = filebase64({identity:?})"),
        ),
        (
            "pair",
            format!("cert_path = {cert:?}\n  key_path = {key:?}\n  root_ca_path = {cas:?}"),
        ),
        (
            "pair_base64",
            format!(
                "cert_base64 = {:?}\n  key_base64 = {:?}\n  root_ca_base64 = {:?}",
                base64("tlscert"),
                base64("key"),
                base64("cas.pem")
            ),
        ),
    ];
    let mut configuration = String::new();
    for (name, arguments) in &ways {
        configuration.push_str(&block(&env, &format!("alias = \"{name}\"\n  {arguments}")));
        configuration.push_str(&format!(
            "data \"teleport_workload_clusters\" \"{name}\" {{\n  provider = teleport.{name}\n}}\n"
        ));
    }
    // The auth server, without the proxy. Its certificate is vouched for by the identity alone.
    configuration.push_str(&format!(
        "provider \"teleport\" {{\n  addr = {:?}\n  identity_file_path = {identity:?}\n}}\n{LOOK}",
        env.simulator.auth_address(),
    ));
    env.set("TF_TELEPORT_RETRY_MAX_TRIES", "1");
    env.write(&configuration);
    env.apply().succeeded().without_diagnostics();
    for name in ways.iter().map(|(name, _)| *name).chain(["all"]) {
        let read = env
            .state()
            .get(&format!("data.teleport_workload_clusters.{name}"));
        assert_eq!(read.attributes["clusters"][0]["name"], "team-a", "{name}");
    }
}

fn without_credentials_the_error_says_what_was_looked_for(program: &Program) {
    let env = TestEnv::new(program);
    env.write(&format!("{}{LOOK}", block(&env, "")));
    env.plan_with(&[])
        .error(&["no credentials are configured", ".tsh"]);
}

fn an_identity_file_that_cannot_be_used_is_named_with_the_reason(program: &Program) {
    let env = TestEnv::new(program);
    let malformed = env.path("malformed");
    fs::write(&malformed, "this is no identity file").unwrap();
    let no_key = env.path("no-key");
    let whole = fs::read_to_string(env.simulator.identity_file()).unwrap();
    fs::write(&no_key, &whole[whole.find("-----END").unwrap()..]).unwrap();
    for (path, phrase) in [
        (env.path("missing"), "No such file"),
        ("~/identity".into(), "pathexpand(\"~/...\")"),
        (env.path(""), "directory"),
        (malformed, "identity file"),
        (no_key, "key"),
    ] {
        env.write(&format!(
            "{}{LOOK}",
            block(&env, &format!("identity_file_path = {path:?}"))
        ));
        let error =
            env.plan_with(&[])
                .error(&["Invalid Credentials", "identity_file_path", phrase]);
        error.says(&[path.to_string_lossy().trim_end_matches('/')]);
    }
}

fn an_expired_identity_file_is_named_with_its_time(program: &Program) {
    let env = TestEnv::new(program);
    let path = env.simulator.data_dir().join("identity-expired");
    env.write(&format!(
        "{}{LOOK}",
        block(&env, &format!("identity_file_path = {path:?}"))
    ));
    env.plan_with(&[]).error(&[
        "Credentials Expired",
        "expired",
        "identity-expired",
        "identity_file_path",
    ]);
    assert_eq!(env.simulator.calls().len(), 0);
}

fn a_foreign_identity_file_is_distinguished_from_other_failures(program: &Program) {
    let env = TestEnv::new(program);
    let path = env.simulator.data_dir().join("identity-foreign");
    env.write(&format!(
        "{}{LOOK}",
        block(&env, &format!("identity_file_path = {path:?}"))
    ));
    env.plan_with(&[]).error(&[
        "Invalid Credentials",
        "identity-foreign",
        "parent.localhost",
        "refuses the client certificate",
    ]);
}

fn expired_credentials_are_skipped_for_others(program: &Program) {
    let env = TestEnv::new(program);
    let expired = env.simulator.data_dir().join("identity-expired");
    let good = env.simulator.identity_file();
    let arguments = format!("identity_file_path = {expired:?}\n  identity_file = file({good:?})");
    env.write(&format!("{}{LOOK}", block(&env, &arguments)));
    env.plan_with(&[]).succeeded();
}

fn aws_credentials_that_are_of_no_use_are_blamed_themselves(program: &Program) {
    let mut env = tenants::teams(program);
    env.write(&format!(
        "provider \"teleport\" {{\n  addr = {:?}\n  join_method = \"iam\"\n  join_token = \"terraform\"\n}}\n{}",
        tenants::domain(&env, "team-a"),
        tenants::role("null"),
    ));
    env.set("AWS_SECRET_ACCESS_KEY", "the-key-of-somebody-else");
    let error = env.apply().error(&[
        "Invalid Credentials",
        "AWS does not accept the AWS credentials",
        "SignatureDoesNotMatch",
        "from the environment variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    ]);
    assert!(
        !error.text.contains("argument of the provider block"),
        "{}",
        error.text
    );
    env.set("AWS_SECRET_ACCESS_KEY", "");
    env.apply().error(&[
        "Invalid Credentials",
        "AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not",
        "Set AWS_SECRET_ACCESS_KEY too",
    ]);
}

fn a_role_without_rights_is_explained(program: &Program) {
    let env = TestEnv::new(program);
    let path = env.simulator.data_dir().join("identity-no-rights");
    env.write(&format!(
        "{}{LOOK}",
        block(&env, &format!("identity_file_path = {path:?}"))
    ));
    env.plan_with(&[]).error(&[
        "Access Denied",
        "listing the workload clusters",
        "resources = [\"workload_cluster\"] and verbs = [\"list\", \"read\"]",
    ]);
    env.write(&format!(
        "{}data \"teleport_user\" \"a\" {{\n  metadata = {{ name = \"alice\" }}\n}}\n",
        block(&env, &format!("identity_file_path = {path:?}"))
    ));
    env.plan_with(&[]).error(&[
        "Access Denied",
        "resources = [\"user\"] and verbs = [\"read\"]",
    ]);
}

fn a_user_who_needs_a_second_factor_is_explained(program: &Program) {
    let env = TestEnv::with(program, "mfa_for_admin_actions = true");
    let path = env.simulator.data_dir().join("identity-human");
    let provider = block(&env, &format!("identity_file_path = {path:?}"));
    env.write(&format!("{provider}{}", cluster("team-a", "")));
    env.apply().error(&[
        "MFA Required",
        "creating the workload cluster \"team-a\"",
        "bot",
    ]);
    assert!(env.names().is_empty());
}
