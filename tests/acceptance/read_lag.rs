//! A server whose reads lag behind its writes, as a real one's do: nothing of that shows.

use std::{fmt::Write as _, time::Duration};

use serde_json::json;
use teleport_simulator::UserChange;

use crate::support::{
    environment::TestEnv,
    matrix::{Scenario, scenarios},
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    applies_in_a_row_see_their_own_writes,
    replaced_objects_are_the_new_ones,
    what_was_destroyed_is_created_again_at_once,
    a_data_source_shows_what_the_same_apply_wrote,
    a_recreated_user_is_invited_in_the_same_apply,
];

/// One object of each kind. The attribute changes with [`everything`].
const OBJECTS: [&str; 5] = [
    "teleport_role.this",
    "teleport_user.this",
    "teleport_provision_token.this",
    "teleport_bot.this",
    "teleport_auth_preference.this",
];

/// The calls that create an object of each kind, that change one, and that delete one.
const CREATES: [&str; 5] = [
    "CreateRole",
    "CreateUser",
    "CreateTokenV2",
    "CreateBot",
    "UpsertAuthPreference",
];
const UPDATES: [&str; 5] = [
    "UpdateRole",
    "UpdateUser",
    "UpsertTokenV2",
    "UpdateBot",
    "UpdateAuthPreference",
];
const DELETES: [&str; 5] = [
    "DeleteRole",
    "DeleteUser",
    "DeleteToken",
    "DeleteBot",
    "ResetAuthPreference",
];

/// A program starts in a second or so, and the lag has to outlast that.
const LAG: &str = "read_lag = \"3s\"";

fn everything(text: &str) -> String {
    format!(
        r#"
resource "teleport_role" "this" {{
  version  = "v8"
  metadata = {{ name = "lagging" }}
  spec     = {{ allow = {{ logins = ["{text}"] }} }}
}}
resource "teleport_user" "this" {{
  metadata = {{ name = "lagging" }}
  spec     = {{ traits = {{ logins = ["{text}"] }} }}
}}
resource "teleport_provision_token" "this" {{
  version  = "v2"
  metadata = {{
    name   = "lagging"
    labels = {{ text = "{text}" }}
  }}
  spec = {{ roles = ["Node"] }}
}}
resource "teleport_bot" "this" {{
  metadata = {{ name = "lagging" }}
  spec = {{
    roles  = []
    traits = {{ logins = ["{text}"] }}
  }}
}}
resource "teleport_auth_preference" "this" {{
  version = "v2"
  spec    = {{ message_of_the_day = "{text}" }}
}}
"#
    )
}

/// A data source and an output for each of [`OBJECTS`]. What they read may be written in the same apply.
fn readers() -> String {
    let mut text = String::new();
    for (address, value) in OBJECTS.iter().zip([
        "spec.allow.logins[0]",
        "spec.traits.logins[0]",
        "metadata.labels.text",
        "spec.traits.logins[0]",
        "spec.message_of_the_day",
    ]) {
        let (kind, _) = address.split_once('.').unwrap();
        let name = match kind {
            "teleport_auth_preference" => "",
            _ => "name = \"lagging\"",
        };
        write!(
            text,
            "data \"{kind}\" \"this\" {{\n  {name}\n  depends_on = [{address}]\n}}\noutput \"{kind}\" {{\n  value = \
             data.{address}.{value}\n}}\n"
        )
        .unwrap();
    }
    text
}

fn assert_calls(env: &TestEnv, rpcs: &[&str], times: usize) {
    for rpc in rpcs {
        assert_eq!(env.calls(rpc), times, "{rpc}");
    }
}

fn applies_in_a_row_see_their_own_writes(program: &Program) {
    let env = TestEnv::with(program, LAG);
    // The third is what the first was: a read from before the second must not pass for it.
    for (text, updates) in [("one", 0), ("two", 1), ("one", 2)] {
        env.configure(&everything(text));
        env.apply().succeeded().without_diagnostics();
        assert_calls(&env, &CREATES, 1);
        assert_calls(&env, &UPDATES, updates);
        env.plan_is_empty().without_diagnostics();
    }
    // Without a plan between them.
    for text in ["two", "three", "two"] {
        env.configure(&everything(text));
        env.apply().succeeded().without_diagnostics();
    }
    assert_calls(&env, &UPDATES, 5);
    env.plan_is_empty().without_diagnostics();
    let roles = env.simulator.roles("parent").unwrap();
    let role = roles.iter().find(|role| role.name == "lagging").unwrap();
    assert_eq!(role.logins, ["two"]);
}

fn replaced_objects_are_the_new_ones(program: &Program) {
    let env = TestEnv::with(program, LAG);
    env.configure(&everything("one"));
    env.apply().succeeded().without_diagnostics();
    let mut arguments = vec!["apply", "-json", "-auto-approve"];
    for address in &OBJECTS[..4] {
        arguments.extend(["-replace", address]);
    }
    env.run(&arguments).succeeded().without_diagnostics();
    assert_calls(&env, &CREATES[..4], 2);
    assert_calls(&env, &UPDATES, 0);
    env.plan_is_empty().without_diagnostics();

    // The same with other values, which a stale read of the old objects does not have.
    env.configure(&everything("two"));
    env.run(&arguments).succeeded().without_diagnostics();
    assert_calls(&env, &CREATES[..4], 3);
    env.plan_is_empty().without_diagnostics();
}

fn what_was_destroyed_is_created_again_at_once(program: &Program) {
    let env = TestEnv::with(program, LAG);
    env.configure(&everything("one"));
    for text in ["one", "two"] {
        env.configure(&everything(text));
        env.apply().succeeded().without_diagnostics();
        env.plan_is_empty().without_diagnostics();
        env.destroy().succeeded();
        assert!(env.state().is_empty());
    }
    assert_calls(&env, &CREATES, 2);
    assert_calls(&env, &UPDATES, 0);
    assert_calls(&env, &DELETES, 2);
}

fn a_data_source_shows_what_the_same_apply_wrote(program: &Program) {
    let env = TestEnv::with(program, LAG);
    for text in ["one", "two", "one"] {
        env.configure(&format!("{}{}", everything(text), readers()));
        env.apply().succeeded().without_diagnostics();
        for address in OBJECTS {
            let (kind, _) = address.split_once('.').unwrap();
            assert_eq!(env.state().output(kind), &json!(text), "{kind}");
        }
    }
    // Without a write there is nothing to wait for.
    env.simulator.set_read_lag(Duration::ZERO);
    env.simulator.clear_calls();
    env.apply().succeeded().without_diagnostics();
    assert_eq!(env.calls("GetRole"), 2);
}

fn a_recreated_user_is_invited_in_the_same_apply(program: &Program) {
    let env = TestEnv::with(program, LAG);
    let (user, invite) = ("teleport_user.carol", "teleport_user_invite.carol");
    env.configure(
        "resource \"teleport_user\" \"carol\" {\n  metadata = { name = \"carol\" }\n}\nresource \"teleport_user_invite\" \"carol\" \
         {\n  user = teleport_user.carol.metadata.name\n  lifecycle { replace_triggered_by = [teleport_user.carol] }\n}\n",
    );
    env.apply().succeeded().without_diagnostics();
    let sign_up = UserChange {
        sign_up: true,
        ..UserChange::default()
    };
    env.simulator
        .change_user("parent", "carol", sign_up)
        .unwrap();
    // The user of before has a password, which the new link would reset.
    let outcome = env
        .run(&["apply", "-json", "-auto-approve", "-replace", user])
        .succeeded();
    assert_eq!(outcome.order(), [invite, user, user, invite]);
    assert_eq!(env.calls("CreateResetPasswordToken"), 2);
    env.plan_is_empty().without_diagnostics();
}
