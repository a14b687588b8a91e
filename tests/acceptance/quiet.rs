//! Quiet plans: a plan shows what changes, and nothing else.

use std::fs;

use serde_json::{Value, json};
use teleport_simulator::UserChange;
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use crate::support::{
    environment::TestEnv,
    matrix::{Scenario, scenarios},
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    ignored_changes_are_never_planned,
    one_changed_argument_is_one_changed_line,
    a_login_is_no_drift,
    an_import_of_what_the_server_stores_changes_nothing,
    a_generated_role_keeps_port_forwarding_closed,
    an_expired_object_changes_nothing_until_it_gets_a_new_time,
];

const ROLE: &str = "teleport_role.this";
const USER: &str = "teleport_user.this";

fn people(options: &str, logins: &str, lifecycle: &str) -> String {
    format!(
        r#"
resource "teleport_role" "this" {{
  version  = "v7"
  metadata = {{ name = "developer" }}
  spec = {{
    options = {{ max_session_ttl = "8h"{options} }}
    allow = {{
      logins               = [{logins}]
      node_labels          = {{ env = ["dev"] }}
      kubernetes_labels    = {{ env = ["dev"] }}
      kubernetes_resources = [{{ kind = "pod", namespace = "*", name = "*", verbs = ["get"] }}]
    }}
  }}
  lifecycle {{ ignore_changes = [{lifecycle}] }}
}}

resource "teleport_user" "this" {{
  metadata = {{ name = "carol" }}
  spec     = {{ roles = [teleport_role.this.id] }}
  lifecycle {{ ignore_changes = [{user}] }}
}}
"#,
        user = if lifecycle.is_empty() { "" } else { "spec" },
    )
}

/// Changes in the cluster all that [`people`] configures.
fn drift(env: &TestEnv) {
    let role = env.simulator.object("parent", "role", "developer");
    let mut role = role.unwrap().unwrap();
    let allow = &mut role["Spec"]["Allow"];
    allow["Logins"] = json!(["root"]);
    allow["NodeLabels"] = json!({ "Values": { "env": { "Values": ["prod"] } } });
    allow["KubernetesResources"][0]["Verbs"] = json!(["*"]);
    role["Spec"]["Options"]["MaxSessionTTL"] = json!("3600000000000");
    env.simulator.put_object("parent", "role", &role).unwrap();
    let traits = UserChange {
        traits: Some([("logins".to_owned(), vec!["root".to_owned()])].into()),
        ..UserChange::default()
    };
    env.simulator
        .change_user("parent", "carol", traits)
        .unwrap();
}

fn ignored_changes_are_never_planned(program: &Program) {
    for ignored in [
        "spec.allow.logins, spec.allow.node_labels, spec.allow.kubernetes_resources, spec.options.max_session_ttl",
        "spec.allow, spec.options",
        "spec",
    ] {
        let env = TestEnv::new(program);
        env.configure(&people("", "\"ubuntu\"", ignored));
        env.apply().succeeded().without_diagnostics();
        drift(&env);
        let writes = || env.calls("UpdateRole") + env.calls("UpdateUser");
        env.plan_is_empty().without_diagnostics();
        env.apply().succeeded().without_diagnostics();
        assert_eq!(writes(), 0, "{ignored}");
        let stored = env.simulator.object("parent", "role", "developer");
        let stored = stored.unwrap().unwrap();
        assert_eq!(stored["Spec"]["Allow"]["Logins"], json!(["root"]));
    }
}

/// The paths in which a planned change differs, and those that are known after the apply.
fn changed(change: &Value) -> Vec<String> {
    fn differing(one: &Value, other: &Value, path: &str, found: &mut Vec<String>) {
        match (one, other) {
            (Value::Object(ones), Value::Object(others)) => {
                let keys: std::collections::BTreeSet<_> =
                    ones.keys().chain(others.keys()).collect();
                for key in keys {
                    let path = format!("{path}.{key}");
                    differing(&one[key], &other[key], &path, found);
                }
            }
            _ if one == other => {}
            _ => found.push(path.trim_start_matches('.').to_owned()),
        }
    }
    let mut found = Vec::new();
    differing(&change["before"], &change["after"], "", &mut found);
    let nothing = json!({});
    let mut unknown = Vec::new();
    differing(&nothing, &change["after_unknown"], "", &mut unknown);
    found.extend(
        unknown
            .into_iter()
            .filter(|path| is_true(&change["after_unknown"], path)),
    );
    found
}

fn is_true(value: &Value, path: &str) -> bool {
    path.split('.').fold(value, |value, step| &value[step]) == &json!(true)
}

fn one_changed_argument_is_one_changed_line(program: &Program) {
    let env = TestEnv::new(program);
    let before = people(", forward_agent = true", "\"ubuntu\"", "");
    env.configure(&before);
    env.apply().succeeded().without_diagnostics();
    for (after, path) in [
        (
            people(", forward_agent = false", "\"ubuntu\"", ""),
            "spec.options.forward_agent",
        ),
        (
            people(", forward_agent = true", "\"ubuntu\", \"ec2-user\"", ""),
            "spec.allow.logins",
        ),
    ] {
        env.configure(&after);
        env.plan().without_diagnostics();
        assert_eq!(changed(&env.planned_change(ROLE)), [path]);
        env.apply_plan().succeeded().without_diagnostics();
        env.plan_is_empty().without_diagnostics();
        env.configure(&before);
        env.apply().succeeded();
    }
    let spec = "spec     = { roles = [teleport_role.this.id]";
    env.configure(&before.replace(
        spec,
        &format!("{spec}, traits = {{ logins = [\"carol\"] }}"),
    ));
    env.plan().without_diagnostics();
    assert_eq!(changed(&env.planned_change(USER)), ["spec.traits"]);
    env.apply_plan().succeeded().without_diagnostics();
}

fn a_login_is_no_drift(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&people("", "\"ubuntu\"", ""));
    env.apply().succeeded();
    // A login writes the user, and with it another revision.
    let roles = UserChange {
        roles: Some(vec!["developer".to_owned()]),
        ..UserChange::default()
    };
    env.simulator.change_user("parent", "carol", roles).unwrap();
    let arguments = ["plan", "-json", "-refresh-only", "-detailed-exitcode"];
    let outcome = env.run(&arguments);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    env.plan_is_empty().without_diagnostics();
}

fn an_import_of_what_the_server_stores_changes_nothing(program: &Program) {
    let env = TestEnv::new(program);
    let configuration = people(", create_host_user_mode = 4", "\"ubuntu\"", "");
    env.configure(&configuration);
    env.apply().succeeded();
    let import = format!(
        "import {{\n  to = {ROLE}\n  id = \"developer\"\n}}\nimport {{\n  to = {USER}\n  id = \"carol\"\n}}\n{configuration}"
    );
    // Null and empty, the old number of the mode, and a duration in other words are the same.
    for (from, to) in [
        ("", ""),
        ("allow = {", "deny = {}\n    allow = {"),
        (
            "{ name = \"developer\" }",
            "{ name = \"developer\", labels = {}, description = \"\" }",
        ),
        (
            "max_session_ttl = \"8h\"",
            "max_session_ttl = \"480m\", forward_agent = false",
        ),
        ("create_host_user_mode = 4", "create_host_user_mode = 2"),
    ] {
        env.run(&["state", "rm", ROLE, USER]).succeeded();
        env.configure(&import.replacen(from, to, 1));
        let plan = env.plan();
        let mut planned = plan.planned();
        planned.sort();
        let imported = [ROLE, USER].map(|address| (address.to_owned(), "import".to_owned()));
        assert_eq!(planned, imported, "{to}: {plan}");
        env.apply_plan().succeeded();
        env.plan_is_empty();
    }
    assert_eq!(env.calls("UpdateRole") + env.calls("UpdateUser"), 0);
}

fn a_generated_role_keeps_port_forwarding_closed(program: &Program) {
    let env = TestEnv::new(program);
    let closed = people(
        ", port_forwarding = false, create_host_user = false",
        "\"ubuntu\"",
        "",
    );
    env.configure(&closed);
    env.apply().succeeded();
    env.run(&["state", "rm", ROLE, USER]).succeeded();
    env.configure("import {\n  to = teleport_role.this\n  id = \"developer\"\n}\n");
    env.plan_with(&["-generate-config-out=generated.tf"]);
    let generated = fs::read_to_string(env.path("generated.tf")).unwrap();
    for argument in ["port_forwarding", "create_host_user"] {
        let line = generated.lines().find(|line| {
            line.split('=')
                .next()
                .is_some_and(|name| name.trim() == argument)
        });
        let value = line.and_then(|line| line.split('=').nth(1));
        assert_eq!(value.map(str::trim), Some("false"), "{generated}");
    }
    env.apply().succeeded();
    assert_eq!(env.calls("UpdateRole"), 0);
    env.plan_is_empty();
}

fn an_expired_object_changes_nothing_until_it_gets_a_new_time(program: &Program) {
    let env = TestEnv::new(program);
    let later = |seconds| {
        (OffsetDateTime::now_utc() + Duration::seconds(seconds))
            .format(&Rfc3339)
            .unwrap()
    };
    let role = |expires: &str, login: &str| {
        people("", login, "")
            .replace(
                "{ name = \"developer\" }",
                &format!("{{ name = \"developer\", expires = \"{expires}\" }}"),
            )
            .split("resource \"teleport_user\"")
            .next()
            .unwrap()
            .to_owned()
    };
    let soon = later(10);
    env.configure(&role(&soon, "\"ubuntu\""));
    env.apply().succeeded();
    while env
        .simulator
        .object("parent", "role", "developer")
        .unwrap()
        .is_some()
    {
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    env.plan_is_empty().without_diagnostics();
    // Another change, and another time that has passed, are refused. Both name the argument.
    env.configure(&role(&soon, "\"root\""));
    env.plan_with(&[])
        .error(&["Object Has Expired", "metadata.expires"]);
    env.configure(&role(&later(-60), "\"ubuntu\""));
    env.plan_with(&[]).error(&["metadata.expires has passed"]);

    let next = later(3600);
    env.configure(&role(&next, "\"ubuntu\""));
    assert_eq!(
        env.plan().planned(),
        [(ROLE.to_owned(), "update".to_owned())]
    );
    env.apply_plan().succeeded();
    assert!(
        env.simulator
            .object("parent", "role", "developer")
            .unwrap()
            .is_some()
    );
    env.plan_is_empty();

    // What has expired is destroyed without an error.
    env.simulator.delete_role("parent", "developer").unwrap();
    env.destroy().succeeded();
}
