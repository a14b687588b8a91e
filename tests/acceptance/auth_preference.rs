//! The auth preference.

use serde_json::{Value, json};

use crate::support::{
    environment::TestEnv,
    matrix::{Scenario, scenarios},
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    the_preference_is_made_changed_and_reset,
    a_preference_that_is_not_the_default_is_warned_of_and_imported,
];

const PREFERENCE: &str = "teleport_auth_preference.this";

fn preference(spec: &str) -> String {
    format!(
        "resource \"teleport_auth_preference\" \"this\" {{\n  version = \"v2\"\n  spec = {{\n    {spec}\n  }}\n}}\n"
    )
}

fn stored(env: &TestEnv) -> Value {
    let found = env.simulator.object(
        "parent",
        "cluster_auth_preference",
        "cluster-auth-preference",
    );
    found.unwrap().unwrap()
}

fn the_preference_is_made_changed_and_reset(program: &Program) {
    let env = TestEnv::with(program, "read_lag = \"1s\"");
    let read = "data \"teleport_auth_preference\" \"this\" {\n  depends_on = [teleport_auth_preference.this]\n}\n";
    env.configure(&format!(
        "{}{read}",
        preference("message_of_the_day = \"hello\"")
    ));
    env.apply().succeeded().without_diagnostics();
    env.plan_is_empty().without_diagnostics();
    assert_eq!(stored(&env)["Spec"]["SecondFactor"], "otp");

    let strict = "second_factor = \"webauthn\"\n    webauthn = { rp_id = \"example.com\" }";
    env.configure(&preference(strict));
    env.plan().warning(&["Admin Actions Will Require MFA"]);
    env.configure(&preference("default_session_ttl = \"1h\""));
    env.apply().succeeded().without_diagnostics();
    env.plan_is_empty().without_diagnostics();
    assert_eq!(stored(&env)["Spec"]["DefaultSessionTTL"], "3600000000000");
    env.plan_with(&["-destroy"])
        .warning(&["Reset to the Defaults"]);
    env.destroy().succeeded();
    let labels = &stored(&env)["Metadata"]["Labels"];
    assert_eq!(labels["teleport.dev/origin"], "defaults");
}

fn a_preference_that_is_not_the_default_is_warned_of_and_imported(program: &Program) {
    let env = TestEnv::new(program);
    let object = json!({"Spec": {"SecondFactor": "otp", "MessageOfTheDay": "hello"}});
    let put = env
        .simulator
        .put_object("parent", "cluster_auth_preference", &object);
    put.unwrap();
    env.configure(&preference("message_of_the_day = \"hello\""));
    env.plan().warning(&[
        "Existing Settings Will Be Replaced",
        "to = ADDRESS",
        "cluster-auth-preference",
    ]);
    env.run(&["import", PREFERENCE, "any"]).succeeded();
    env.plan_is_empty().without_diagnostics();
    assert_eq!(env.calls("UpsertAuthPreference"), 0);
}
