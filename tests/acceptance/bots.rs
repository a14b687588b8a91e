//! Bots.

use serde_json::{Value, json};

use crate::support::{
    environment::TestEnv,
    matrix::{Scenario, scenarios},
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    a_bot_is_created_changed_and_destroyed,
    the_flat_form_becomes_the_nested_one_without_a_call,
    a_bot_that_exists_can_be_imported,
    half_a_bot_is_explained,
];

const BOT: &str = "teleport_bot.ci";

fn bot(body: &str) -> String {
    format!("resource \"teleport_bot\" \"ci\" {{\n  {body}\n}}\n")
}

fn nested(metadata: &str, spec: &str) -> String {
    bot(&format!(
        "metadata = {{\n    name = \"ci\"\n    {metadata}\n  }}\n  spec = {{\n    {spec}\n  }}"
    ))
}

const FLAT: &str = "name = \"ci\"\n  roles = [\"access\"]\n  traits = { logins = [\"root\"] }";
const SPEC: &str = "roles = [\"access\"]\n    traits = { logins = [\"root\"] }";

fn stored(env: &TestEnv) -> Option<Value> {
    env.simulator.object("parent", "bot", "ci").unwrap()
}

fn a_bot_is_created_changed_and_destroyed(program: &Program) {
    let env = TestEnv::with(program, "read_lag = \"1s\"");
    let read = "data \"teleport_bot\" \"ci\" {\n  name = teleport_bot.ci.id\n}\n";
    env.configure(&format!("{}{read}", nested("", SPEC)));
    env.apply().succeeded().without_diagnostics();
    env.plan_is_empty().without_diagnostics();
    let attributes = env.state().get(BOT).attributes;
    assert_eq!(attributes["status"]["user_name"], "bot-ci");
    assert_eq!(attributes["spec"]["max_session_ttl"], "12h0m0s");

    env.configure(&nested("", "roles = [\"editor\"]"));
    env.apply().succeeded().without_diagnostics();
    env.plan_is_empty().without_diagnostics();
    assert_eq!((env.calls("UpdateBot"), env.calls("UpsertBot")), (1, 0));
    env.configure(&nested("labels = { team = \"a\" }", "roles = [\"editor\"]"));
    env.apply().succeeded().without_diagnostics();
    env.plan_is_empty().without_diagnostics();
    assert_eq!((env.calls("UpdateBot"), env.calls("UpsertBot")), (1, 1));
    env.destroy().succeeded().without_diagnostics();
    assert_eq!(stored(&env), None);
}

fn the_flat_form_becomes_the_nested_one_without_a_call(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&bot(FLAT));
    env.apply().succeeded();
    env.plan_is_empty();
    assert_eq!(env.state().get(BOT).attributes["user_name"], "bot-ci");
    // As the official provider stores it where it is not configured.
    let mut state = env.state();
    state.0["resources"][0]["instances"][0]["attributes"]["token_ttl"] = "".into();
    env.set_state(&state);
    env.plan_is_empty();
    env.configure(&nested("", SPEC));
    assert_eq!(
        env.plan().planned(),
        [(BOT.to_owned(), "update".to_owned())]
    );
    env.apply_plan().succeeded();
    env.plan_is_empty().without_diagnostics();
    assert_eq!((env.calls("UpdateBot"), env.calls("UpsertBot")), (0, 0));
}

fn a_bot_that_exists_can_be_imported(program: &Program) {
    let env = TestEnv::new(program);
    let object = json!({
        "metadata": {"name": "ci"},
        "spec": {"roles": ["access"], "traits": [{"name": "logins", "values": ["root"]}]},
    });
    env.simulator.put_object("parent", "bot", &object).unwrap();
    env.configure(&nested("", SPEC));
    env.run(&["import", BOT, "ci"]).succeeded();
    env.plan_is_empty().without_diagnostics();
}

fn half_a_bot_is_explained(program: &Program) {
    let env = TestEnv::new(program);
    let role = json!({
        "Version": "v8",
        "Metadata": {"Name": "bot-ci"},
        "Spec": {},
    });
    env.simulator.put_object("parent", "role", &role).unwrap();
    env.configure(&nested("", SPEC));
    env.apply()
        .error(&["Created in Part", "bot-ci", "tctl users rm"]);
    assert!(env.state().is_empty());
}
