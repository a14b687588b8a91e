//! Invite links.

use crate::support::{
    environment::TestEnv,
    matrix::{Scenario, scenarios},
    programs::Program,
};
use serde_json::Value;
use teleport_simulator::{Fault, UserChange};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    a_user_is_invited_in_the_apply_that_makes_it,
    a_link_that_was_used_is_not_made_again,
    a_change_of_the_user_makes_no_other_link,
    another_keeper_makes_another_link_unless_credentials_would_be_lost,
    a_user_with_a_password_is_invited_on_demand_only,
    a_link_whose_answer_was_lost_is_made_anew_by_another_apply,
    a_user_that_is_not_there_is_named,
    mistakes_in_invites_are_found_before_anything_is_asked,
];

const INVITE: &str = "teleport_user_invite.this";

const USER: &str =
    "resource \"teleport_user\" \"carol\" {\n  metadata = {\n    name = \"carol\"\n  }\n}\n";

fn invite(user: &str, more: &str) -> String {
    format!("resource \"teleport_user_invite\" \"this\" {{\n  user = {user}\n  {more}\n}}\n")
}

fn invited(more: &str) -> String {
    format!(
        "{USER}{}",
        invite("teleport_user.carol.metadata.name", more)
    )
}

fn attributes(env: &TestEnv) -> Value {
    env.state().get(INVITE).attributes
}

fn links(env: &TestEnv) -> usize {
    env.calls("CreateResetPasswordToken")
}

fn change(env: &TestEnv, change: UserChange) {
    env.simulator
        .change_user("parent", "carol", change)
        .unwrap();
}

fn a_user_is_invited_in_the_apply_that_makes_it(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&invited(""));
    let outcome = env.apply().succeeded().without_diagnostics();
    let made = attributes(&env);
    let url = made["url"].as_str().unwrap();
    assert!(url.contains("/web/invite/"), "{url}");
    assert_eq!(made["ttl"], "1h");
    assert_eq!(made["id"], "carol");
    let secret = made["token_id"].as_str().unwrap();
    assert!(url.ends_with(secret) && !outcome.stdout.contains(secret));
    env.plan_is_empty().without_diagnostics();

    // Another length is for another link.
    env.configure(&invited("ttl = \"48h\""));
    assert_eq!(
        env.plan().planned(),
        [(INVITE.to_owned(), "update".to_owned())]
    );
    env.apply_plan().succeeded().without_diagnostics();
    assert_eq!(attributes(&env)["url"], made["url"]);
    assert_eq!(links(&env), 1);
    env.plan_is_empty();

    env.destroy().succeeded().warning(&[
        "Invite Link Still Works",
        "carol",
        made["expires"].as_str().unwrap(),
    ]);
}

fn a_link_that_was_used_is_not_made_again(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&invited(""));
    env.apply().succeeded();
    change(
        &env,
        UserChange {
            sign_up: true,
            ..UserChange::default()
        },
    );
    assert!(env.simulator.reset_tokens("parent").unwrap().is_empty());
    env.plan_is_empty().without_diagnostics();
    env.apply().succeeded().without_diagnostics();
    assert_eq!(links(&env), 1);
}

/// The version is left out, and the invite hangs on the user's id: another link would take the credentials away.
fn a_change_of_the_user_makes_no_other_link(program: &Program) {
    let env = TestEnv::new(program);
    let invite = invite("teleport_user.carol.id", "reset = true");
    env.configure(&format!("{USER}{invite}"));
    env.apply().succeeded().without_diagnostics();
    let user = USER.replacen("{\n", "{\n  spec = { roles = [\"access\"] }\n", 1);
    env.configure(&format!("{user}{invite}"));
    assert_eq!(
        env.plan().planned(),
        [("teleport_user.carol".to_owned(), "update".to_owned())]
    );
    env.apply_plan().succeeded().without_diagnostics();
    assert_eq!(links(&env), 1);
    env.plan_is_empty().without_diagnostics();
}

fn another_keeper_makes_another_link_unless_credentials_would_be_lost(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&invited("keepers = { n = \"1\" }"));
    env.apply().succeeded();
    let first = attributes(&env)["url"].clone();
    env.configure(&invited("keepers = { n = \"2\" }"));
    assert_eq!(
        env.plan().planned(),
        [(INVITE.to_owned(), "replace".to_owned())]
    );
    env.apply_plan().succeeded();
    assert_ne!(attributes(&env)["url"], first);
    change(
        &env,
        UserChange {
            sign_up: true,
            ..UserChange::default()
        },
    );
    env.configure(&invited("keepers = { n = \"3\" }"));
    env.apply()
        .error(&["Credentials Would Be Reset", "reset = true"]);
    assert_eq!(links(&env), 2);
}

fn a_user_with_a_password_is_invited_on_demand_only(program: &Program) {
    let env = TestEnv::new(program);
    change(
        &env,
        UserChange {
            password: Some(true),
            ..UserChange::default()
        },
    );
    env.configure(&invite("\"carol\"", ""));
    env.apply()
        .error(&[
            "Credentials Would Be Reset",
            "has a password",
            "reset = true",
        ])
        .points_at("user");
    assert_eq!(links(&env), 0);
    env.configure(&invite("\"carol\"", "reset = true"));
    env.apply().succeeded();
    assert_eq!(links(&env), 1);
}

fn a_link_whose_answer_was_lost_is_made_anew_by_another_apply(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&invited(""));
    env.simulator
        .add_fault(Fault::drop_after("CreateResetPasswordToken"))
        .unwrap();
    let error = env.apply().error(&["invite link", "carol", "Apply again"]);
    assert!(!error.text.contains("Check before"), "{}", error.text);
    env.apply().succeeded().without_diagnostics();
    assert_eq!(links(&env), 2);
    assert_eq!(env.simulator.reset_tokens("parent").unwrap().len(), 1);
    env.plan_is_empty().without_diagnostics();
}

fn a_user_that_is_not_there_is_named(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&invite("\"nobody\"", ""));
    env.apply()
        .error(&["User Not Found", "nobody"])
        .points_at("user");
}

fn mistakes_in_invites_are_found_before_anything_is_asked(program: &Program) {
    let env = TestEnv::new(program);
    for (more, phrases) in [
        ("ttl = \"49h\"", ["ttl", "48h at most"]),
        ("ttl = \"0\"", ["ttl", "longer than zero"]),
        ("ttl = \"3d\"", ["ttl", "48h at most"]),
    ] {
        env.configure(&invite("\"carol\"", more));
        env.plan_with(&[]).error(&phrases).points_at("ttl");
    }
    assert_eq!(env.calls("GetUser"), 0);
}
