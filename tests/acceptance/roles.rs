//! Roles.

use serde_json::{Value, json};
use teleport_simulator::{Fault, RoleChange, UserChange};
use tonic::Code;

use crate::support::{
    environment::TestEnv,
    matrix::{Scenario, scenarios},
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    a_role_is_created_changed_and_destroyed,
    what_the_server_fills_in_is_filled_in_again_when_the_configuration_changes,
    a_login_added_by_somebody_else_is_taken_away,
    a_role_that_exists_is_refused_and_can_be_imported,
    a_change_between_plan_and_apply_is_not_overwritten,
    a_new_revision_alone_is_no_conflict,
    a_write_whose_answer_was_lost_is_looked_for,
    a_role_in_use_is_not_deleted,
    a_refused_delete_explains_the_policies,
    a_revoked_role_allows_nothing,
    an_abandoned_role_stays_by_the_provider_block,
    a_role_that_is_gone_is_recreated_and_deleting_it_succeeds,
    a_role_is_read_by_name,
    mistakes_are_found_before_anything_is_asked,
];

const ROLE: &str = "teleport_role.this";

fn role(version: &str, spec: &str) -> String {
    role_with(version, spec, "")
}

fn role_with(version: &str, spec: &str, more: &str) -> String {
    format!(
        r#"
resource "teleport_role" "this" {{
  version = "{version}"
  metadata = {{
    name        = "developer"
    description = "Writes code."
    labels      = {{ team = "red" }}
  }}
  spec = {{
{spec}
  }}
{more}
}}
"#
    )
}

const PLAIN: &str = r#"    allow = { logins = ["ubuntu"] }"#;

/// Something of everything, in the forms that people write.
const RICH: &str = r#"
    options = {
      max_session_ttl        = "8h"
      client_idle_timeout    = "90m"
      ssh_file_copy          = false
      require_session_mfa    = 1
      enhanced_recording     = ["command"]
      record_session         = { default = "strict" }
      create_host_user_mode  = 3
      ssh_port_forwarding    = { local = { enabled = false } }
      cert_extensions        = [{ name = "login@github.com", type = 0, mode = 0, value = "{{internal.github}}" }]
    }
    allow = {
      logins               = ["ubuntu", "{{internal.logins}}"]
      node_labels          = { env = ["dev", "staging"], team = ["red"] }
      kubernetes_labels    = { "*" = ["*"] }
      kubernetes_groups    = []
      rules                = [{ resources = ["session"], verbs = ["list", "read"], where = "contains(session.participants, user.metadata.name)" }]
      db_permissions       = [{ permissions = ["SELECT"], match = { schema = ["public"] } }]
      impersonate          = { users = ["robot"], roles = ["robot"] }
      join_sessions        = [{ name = "watch", roles = ["developer"], kinds = ["ssh"], modes = ["observer"] }]
    }
    deny = {
      node_labels = { secret = ["true"] }
    }"#;

fn attributes(env: &TestEnv) -> Value {
    env.state().get(ROLE).attributes
}

fn stored(env: &TestEnv, name: &str) -> Option<Vec<String>> {
    let roles = env.simulator.roles("parent").unwrap();
    let found = roles.into_iter().find(|role| role.name == name);
    found.map(|role| role.logins)
}

fn logins(logins: &[&str]) -> RoleChange {
    RoleChange {
        logins: Some(logins.iter().map(|login| (*login).to_owned()).collect()),
        ..RoleChange::default()
    }
}

fn a_role_is_created_changed_and_destroyed(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&role("v8", RICH));
    env.apply().succeeded().without_diagnostics();
    env.plan_is_empty().without_diagnostics();
    let made = attributes(&env);
    assert_eq!(made["id"], "developer");
    assert_eq!(made["spec"]["options"]["client_idle_timeout"], "90m");
    assert_eq!(made["spec"]["options"]["cert_format"], "standard");
    assert_eq!(
        made["spec"]["allow"]["kubernetes_resources"][0]["verbs"],
        json!(["*"])
    );

    env.configure(&role("v8", PLAIN));
    env.apply().succeeded().without_diagnostics();
    env.plan_is_empty().without_diagnostics();
    assert_eq!(env.calls("CreateRole"), 1);
    assert_eq!(env.calls("UpdateRole"), 1);
    // The revision changes with every write and every login of a user. It is not in the state.
    assert_eq!(made["metadata"]["revision"], Value::Null);
    assert_eq!(attributes(&env)["metadata"]["revision"], Value::Null);

    env.destroy().succeeded().without_diagnostics();
    assert_eq!(stored(&env, "developer"), None);
}

fn what_the_server_fills_in_is_filled_in_again_when_the_configuration_changes(program: &Program) {
    let env = TestEnv::new(program);
    let options = format!("    options = {{ max_session_ttl = \"8h\" }}\n{PLAIN}");
    env.configure(&role("v7", &options));
    env.apply().succeeded();
    let options = attributes(&env)["spec"]["options"].clone();
    assert_eq!(options["idp"]["saml"]["enabled"], true);
    assert_eq!(options["max_session_ttl"], "8h");

    // What is not configured any more goes back to what the server makes of it, and v8 has no idp option.
    env.configure(&role("v7", PLAIN));
    env.apply().succeeded().without_diagnostics();
    env.plan_is_empty();
    assert_eq!(
        attributes(&env)["spec"]["options"]["max_session_ttl"],
        "30h0m0s"
    );
    env.configure(&role("v8", PLAIN));
    env.apply().succeeded().without_diagnostics();
    env.plan_is_empty();
    assert_eq!(attributes(&env)["spec"]["options"]["idp"], Value::Null);
}

fn a_login_added_by_somebody_else_is_taken_away(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&role("v8", PLAIN));
    env.apply().succeeded();
    let change = logins(&["ubuntu", "root"]);
    env.simulator
        .change_role("parent", "developer", change)
        .unwrap();
    assert_eq!(
        env.plan().planned(),
        [(ROLE.to_owned(), "update".to_owned())]
    );
    env.apply_plan().succeeded().without_diagnostics();
    assert_eq!(stored(&env, "developer").unwrap(), ["ubuntu"]);
    env.plan_is_empty();
}

fn a_role_that_exists_is_refused_and_can_be_imported(program: &Program) {
    let env = TestEnv::new(program);
    let theirs = RoleChange {
        version: Some("v8".to_owned()),
        description: Some("Writes code.".to_owned()),
        labels: Some([("team".to_owned(), "red".to_owned())].into()),
        ..logins(&["ubuntu"])
    };
    env.simulator
        .change_role("parent", "developer", theirs)
        .unwrap();
    env.configure(&role("v8", PLAIN));
    env.apply()
        .error(&["Already Exists", "to = ADDRESS", "id = \"developer\""]);
    // The server decides, not a look before.
    assert_eq!((env.calls("CreateRole"), env.calls("GetRole")), (1, 0));
    assert!(env.state().is_empty());
    let block = "import {\n  to = teleport_role.this\n  id = \"developer\"\n}\n";
    env.configure(&format!("{block}{}", role("v8", PLAIN)));
    env.apply().succeeded().without_diagnostics();
    assert_eq!(env.calls("UpdateRole"), 0);
    env.plan_is_empty().without_diagnostics();
}

fn a_change_between_plan_and_apply_is_not_overwritten(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&role("v8", PLAIN));
    env.apply().succeeded();
    env.configure(&role("v8", r#"    allow = { logins = ["admin"] }"#));
    env.plan();
    env.simulator
        .change_role("parent", "developer", logins(&["root"]))
        .unwrap();
    env.apply_plan().error(&[
        "Changed by Somebody Else",
        "spec.allow.logins",
        "Plan again",
    ]);
    assert_eq!(stored(&env, "developer").unwrap(), ["root"]);
    env.apply().succeeded();
    assert_eq!(stored(&env, "developer").unwrap(), ["admin"]);
}

fn a_new_revision_alone_is_no_conflict(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&role("v8", PLAIN));
    env.apply().succeeded();
    env.configure(&role("v8", r#"    allow = { logins = ["admin"] }"#));
    env.plan();
    env.simulator
        .change_role("parent", "developer", RoleChange::default())
        .unwrap();
    env.simulator
        .add_fault(Fault::code("UpdateRole", Code::FailedPrecondition))
        .unwrap();
    env.apply_plan().succeeded().without_diagnostics();
    assert_eq!(stored(&env, "developer").unwrap(), ["admin"]);
    env.plan_is_empty();
}

fn a_write_whose_answer_was_lost_is_looked_for(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&role("v8", PLAIN));
    env.simulator
        .add_fault(Fault::drop_after("CreateRole"))
        .unwrap();
    env.apply().succeeded().without_diagnostics();
    env.plan_is_empty();
    env.configure(&role("v8", r#"    allow = { logins = ["admin"] }"#));
    env.simulator
        .add_fault(Fault::drop_after("UpdateRole"))
        .unwrap();
    env.apply().succeeded().without_diagnostics();
    env.plan_is_empty();
    assert_eq!(stored(&env, "developer").unwrap(), ["admin"]);
}

fn a_role_in_use_is_not_deleted(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&role("v8", PLAIN));
    env.apply().succeeded();
    let user = UserChange {
        roles: Some(vec!["developer".to_owned()]),
        ..UserChange::default()
    };
    env.simulator.change_user("parent", "alice", user).unwrap();
    env.destroy().error(&[
        "Still in Use",
        "developer",
        "create_before_destroy = true",
        "take it away from its users and apply",
    ]);
    assert!(stored(&env, "developer").is_some());
    env.simulator.delete_user("parent", "alice").unwrap();
    env.destroy().succeeded();
}

fn a_refused_delete_explains_the_policies(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&role("v8", PLAIN));
    env.apply().succeeded();
    let refusal = Fault::code("DeleteRole", Code::PermissionDenied)
        .message("access denied to perform action \"delete\" on \"role\"");
    env.simulator.add_fault(refusal).unwrap();
    env.destroy().error(&[
        "Access Denied",
        "access denied to perform action",
        "deletion_policy",
        "\"revoke\"",
        "\"abandon\"",
        "verb delete",
    ]);
    assert!(!env.state().is_empty());
}

fn a_revoked_role_allows_nothing(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&role_with("v8", PLAIN, "  deletion_policy = \"revoke\""));
    env.apply().succeeded();
    env.destroy()
        .succeeded()
        .warning(&["Revoked, Not Deleted", "developer"]);
    assert_eq!(stored(&env, "developer").unwrap(), [""; 0]);
    assert_eq!(env.calls("DeleteRole"), 0);
}

fn an_abandoned_role_stays_by_the_provider_block(program: &Program) {
    let env = TestEnv::new(program);
    let provider = env.provider("deletion_policy = \"abandon\"");
    env.write(&format!("{provider}{}", role("v8", PLAIN)));
    env.apply().succeeded();
    assert_eq!(attributes(&env)["deletion_policy"], Value::Null);
    env.destroy()
        .succeeded()
        .warning(&["Not Deleted", "developer", "abandon"]);
    assert_eq!(stored(&env, "developer").unwrap(), ["ubuntu"]);
    assert_eq!(env.calls("DeleteRole") + env.calls("UpdateRole"), 0);
}

fn a_role_that_is_gone_is_recreated_and_deleting_it_succeeds(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&role("v8", PLAIN));
    env.apply().succeeded();
    assert!(env.simulator.delete_role("parent", "developer").unwrap());
    assert_eq!(
        env.plan().planned(),
        [(ROLE.to_owned(), "create".to_owned())]
    );
    env.apply_plan().succeeded();
    assert!(env.simulator.delete_role("parent", "developer").unwrap());
    env.run(&["destroy", "-json", "-auto-approve", "-refresh=false"])
        .succeeded()
        .without_diagnostics();
}

fn a_role_is_read_by_name(program: &Program) {
    let env = TestEnv::new(program);
    env.simulator
        .change_role("parent", "developer", logins(&["root"]))
        .unwrap();
    env.configure(
        "data \"teleport_role\" \"this\" {\n  name = \"developer\"\n}\noutput \"logins\" {\n  value = \
         data.teleport_role.this.spec.allow.logins\n}\n",
    );
    env.apply().succeeded().without_diagnostics();
    assert_eq!(env.state().output("logins"), &json!(["root"]));
    env.configure("data \"teleport_role\" \"this\" {\n  name = \"nobody\"\n}\n");
    env.plan_with(&[]).error(&["Not Found", "nobody"]);
}

fn mistakes_are_found_before_anything_is_asked(program: &Program) {
    let env = TestEnv::new(program);
    let allow = |text: &str| format!("    allow = {{ {text} }}");
    for (configuration, phrases, points_at) in [
        (role("", PLAIN), ["version", "v8"], "version"),
        (
            role("v8", PLAIN).replace("\"developer\"", "\"a b\""),
            ["metadata.name", "ASCII letters"],
            "metadata.name",
        ),
        (
            role_with("v8", PLAIN, "  cluster = \"acme\""),
            ["cluster must be the domain", "acme.teleport.sh"],
            "cluster",
        ),
        (
            role("v8", &allow("node_labels = { \"*\" = [\"dev\"] }")),
            ["Impossible Label Selector", "spec.allow.node_labels"],
            "spec.allow.node_labels",
        ),
        (
            role("v8", &allow("logins = [\"*\"]")),
            ["spec.allow.logins[0]", "must not be"],
            "spec.allow.logins[0]",
        ),
        (
            role("v8", PLAIN).replace("\"developer\"", "\"Admin\""),
            ["Reserved Role Name", "Admin"],
            "metadata.name",
        ),
        (
            role("v8", PLAIN).replace(
                "labels      =",
                "expires = \"2001-01-01T00:00:00Z\"\n labels =",
            ),
            ["metadata.expires", "future"],
            "metadata.expires",
        ),
        (
            role_with("v8", PLAIN, "  deletion_policy = \"keep\""),
            ["deletion_policy", "abandon"],
            "deletion_policy",
        ),
    ] {
        env.configure(&configuration);
        env.plan_with(&[]).error(&phrases).points_at(points_at);
    }
    assert_eq!(env.calls("GetRole"), 0);
}
