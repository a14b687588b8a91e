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

/// Objects that are configured together.
struct Part {
    /// Their configuration. The text is in one attribute of each.
    body: fn(&str) -> String,
    /// Their addresses, and the attribute with the text.
    objects: &'static [(&'static str, &'static str)],
    /// The calls that create them.
    creates: &'static [&'static str],
    /// The calls that change them.
    updates: &'static [&'static str],
    /// The calls that delete them.
    deletes: &'static [&'static str],
}

/// The kinds whose writes answer with the object.
const ANSWERED: Part = Part {
    body: answered,
    objects: &[
        ("teleport_role.this", "spec.allow.logins[0]"),
        ("teleport_user.this", "spec.traits.logins[0]"),
        ("teleport_bot.this", "spec.traits.logins[0]"),
        ("teleport_auth_preference.this", "spec.message_of_the_day"),
    ],
    creates: &[
        "CreateRole",
        "CreateUser",
        "CreateBot",
        "UpsertAuthPreference",
    ],
    updates: &[
        "UpdateRole",
        "UpdateUser",
        "UpdateBot",
        "UpdateAuthPreference",
    ],
    deletes: &[
        "DeleteRole",
        "DeleteUser",
        "DeleteBot",
        "ResetAuthPreference",
    ],
};

/// A kind whose writes answer nothing. An apply then reads until it sees them, and so outlasts the lag: it stands alone, so
/// that the others are read earlier.
const UNANSWERED: Part = Part {
    body: token,
    objects: &[("teleport_provision_token.this", "metadata.labels.text")],
    creates: &["CreateTokenV2"],
    updates: &["UpsertTokenV2"],
    deletes: &["DeleteToken"],
};

const PARTS: [Part; 2] = [ANSWERED, UNANSWERED];

/// A program starts in a second or so, and the lag has to outlast that.
const LAG: Duration = Duration::from_secs(3);

fn answered(text: &str) -> String {
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

fn token(text: &str) -> String {
    format!(
        r#"
resource "teleport_provision_token" "this" {{
  version  = "v2"
  metadata = {{
    name   = "lagging"
    labels = {{ text = "{text}" }}
  }}
  spec = {{ roles = ["Node"] }}
}}
"#
    )
}

/// A data source and an output for each object, which are read after it was written.
fn readers(objects: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (address, value) in objects {
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

fn lagging(program: &Program) -> TestEnv {
    let env = TestEnv::new(program);
    env.simulator.set_read_lag(LAG);
    env
}

fn assert_calls(env: &TestEnv, rpcs: &[&str], times: usize) {
    for rpc in rpcs {
        assert_eq!(env.calls(rpc), times, "{rpc}");
    }
}

fn applies_in_a_row_see_their_own_writes(program: &Program) {
    for part in PARTS {
        let env = lagging(program);
        // The third is what the first was: a read from before the second must not pass for it.
        for (text, updates) in [("one", 0), ("two", 1), ("one", 2)] {
            env.configure(&(part.body)(text));
            env.apply().succeeded().without_diagnostics();
            assert_calls(&env, part.creates, 1);
            assert_calls(&env, part.updates, updates);
            env.plan_is_empty().without_diagnostics();
        }
        // Without a plan between them.
        for text in ["two", "three", "two"] {
            env.configure(&(part.body)(text));
            env.apply().succeeded().without_diagnostics();
        }
        assert_calls(&env, part.updates, 5);
        env.simulator.set_read_lag(Duration::ZERO);
        env.plan_is_empty().without_diagnostics();
    }
}

fn replaced_objects_are_the_new_ones(program: &Program) {
    for part in PARTS {
        let env = lagging(program);
        // What always exists cannot be replaced.
        let replaced = &part.objects[..part.objects.len().min(3)];
        let creates = &part.creates[..replaced.len()];
        env.configure(&(part.body)("one"));
        env.apply().succeeded().without_diagnostics();
        let mut arguments = vec!["apply", "-json", "-auto-approve"];
        for (address, _) in replaced {
            arguments.extend(["-replace", address]);
        }
        // With the same values, and with others, which a read of the old objects does not show.
        for (text, times) in [("one", 2), ("two", 3)] {
            env.configure(&(part.body)(text));
            env.run(&arguments).succeeded().without_diagnostics();
            assert_calls(&env, creates, times);
            assert_calls(&env, &part.updates[..replaced.len()], 0);
            env.plan_is_empty().without_diagnostics();
        }
        env.simulator.set_read_lag(Duration::ZERO);
        env.plan_is_empty().without_diagnostics();
    }
}

fn what_was_destroyed_is_created_again_at_once(program: &Program) {
    for part in PARTS {
        let env = lagging(program);
        for (text, times) in [("one", 1), ("two", 2)] {
            env.configure(&(part.body)(text));
            env.apply().succeeded().without_diagnostics();
            assert_calls(&env, part.creates, times);
            env.destroy().succeeded();
            assert!(env.state().is_empty());
            assert_calls(&env, part.deletes, times);
        }
        env.apply().succeeded().without_diagnostics();
        env.plan_is_empty().without_diagnostics();
        assert_calls(&env, part.updates, 0);
    }
}

fn a_data_source_shows_what_the_same_apply_wrote(program: &Program) {
    for part in PARTS {
        let env = lagging(program);
        for text in ["one", "two", "one"] {
            let readers = readers(part.objects);
            env.configure(&format!("{}{readers}", (part.body)(text)));
            env.apply().succeeded().without_diagnostics();
            for (address, _) in part.objects {
                let (kind, _) = address.split_once('.').unwrap();
                assert_eq!(env.state().output(kind), &json!(text), "{kind}");
            }
        }
    }
}

fn a_recreated_user_is_invited_in_the_same_apply(program: &Program) {
    let env = lagging(program);
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
    env.simulator.set_read_lag(Duration::ZERO);
    env.simulator
        .change_user("parent", "carol", sign_up)
        .unwrap();
    env.simulator.set_read_lag(LAG);
    // The user of before has a password, which another link would reset.
    let outcome = env
        .run(&["apply", "-json", "-auto-approve", "-replace", user])
        .succeeded();
    assert_eq!(outcome.order(), [invite, user, user, invite]);
    assert_eq!(env.calls("CreateResetPasswordToken"), 2);
    env.plan_is_empty().without_diagnostics();
    env.simulator.set_read_lag(Duration::ZERO);
    env.plan_is_empty().without_diagnostics();
}
