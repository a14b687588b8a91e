//! Join tokens.

use serde_json::{Value, json};

use crate::support::{
    environment::TestEnv,
    matrix::{Scenario, scenarios},
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    a_token_is_created_changed_and_destroyed,
    a_token_without_a_name_gets_one_that_stays_secret,
    a_change_by_somebody_else_is_drift,
    a_token_that_exists_can_be_imported,
];

const TOKEN: &str = "teleport_provision_token.deploy";
const LAG: &str = "read_lag = \"1s\"";

fn token(metadata: &str, spec: &str) -> String {
    format!(
        "resource \"teleport_provision_token\" \"deploy\" {{\n  version = \"v2\"\n  {metadata}\n  spec = {{\n    {spec}\n  }}\n}}\n"
    )
}

const NAMED: &str = "metadata = { name = \"deploy\" }";

fn stored(env: &TestEnv, name: &str) -> Option<Value> {
    env.simulator.object("parent", "token", name).unwrap()
}

fn a_token_is_created_changed_and_destroyed(program: &Program) {
    let env = TestEnv::with(program, LAG);
    let read = "data \"teleport_provision_token\" \"deploy\" {\n  name = teleport_provision_token.deploy.id\n}\n";
    env.configure(&format!("{}{read}", token(NAMED, "roles = [\"node\"]")));
    env.apply().succeeded().without_diagnostics();
    env.plan_is_empty().without_diagnostics();
    let attributes = env.state().get(TOKEN).attributes;
    assert_eq!(attributes["id"], "deploy");
    assert_eq!(attributes["spec"]["join_method"], "token");
    assert_eq!(
        stored(&env, "deploy").unwrap()["Spec"]["Roles"],
        json!(["Node"])
    );

    env.configure(&token(NAMED, "roles = [\"node\", \"App\"]"));
    env.apply().succeeded().without_diagnostics();
    env.plan_is_empty().without_diagnostics();
    assert_eq!(
        stored(&env, "deploy").unwrap()["Spec"]["Roles"],
        json!(["Node", "App"])
    );
    env.destroy().succeeded().without_diagnostics();
    assert_eq!(stored(&env, "deploy"), None);
}

fn a_token_without_a_name_gets_one_that_stays_secret(program: &Program) {
    let env = TestEnv::with(program, LAG);
    env.configure(&token("", "roles = [\"Node\"]"));
    let applied = env.apply().succeeded().without_diagnostics();
    let name = env.state().get(TOKEN).attributes["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(name.len(), 64);
    assert!(stored(&env, &name).is_some());
    assert!(!format!("{applied:?}").contains(&name));
    env.plan_is_empty().without_diagnostics();
    env.configure(&token("", "roles = [\"App\"]"));
    env.apply().succeeded().without_diagnostics();
    assert_eq!(env.state().get(TOKEN).attributes["id"], name.as_str());
    env.destroy().succeeded();
}

fn a_change_by_somebody_else_is_drift(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&token(NAMED, "roles = [\"Node\"]"));
    env.apply().succeeded();
    let mut object = stored(&env, "deploy").unwrap();
    object["Spec"]["Roles"] = json!(["Proxy"]);
    env.simulator
        .put_object("parent", "token", &object)
        .unwrap();
    assert_eq!(
        env.plan().planned(),
        [(TOKEN.to_owned(), "update".to_owned())]
    );
    env.apply_plan().succeeded().without_diagnostics();
    assert_eq!(
        stored(&env, "deploy").unwrap()["Spec"]["Roles"],
        json!(["Node"])
    );
    env.plan_is_empty();
}

fn a_token_that_exists_can_be_imported(program: &Program) {
    let env = TestEnv::new(program);
    let object = json!({
        "Metadata": {"Name": "deploy"},
        "Spec": {"Roles": ["Node"], "JoinMethod": "token"},
    });
    env.simulator
        .put_object("parent", "token", &object)
        .unwrap();
    env.configure(&token(NAMED, "roles = [\"Node\"]"));
    let refused = env.apply().error(&[
        "Already Exists",
        "join token",
        "to = ADDRESS",
        "id = \"NAME\"",
    ]);
    assert!(!refused.text.contains("deploy"), "{refused:?}");
    env.run(&["import", TOKEN, "deploy"]).succeeded();
    env.plan_is_empty().without_diagnostics();
    assert_eq!(env.calls("UpsertTokenV2"), 0);
}
