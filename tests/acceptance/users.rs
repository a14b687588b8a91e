//! Users.

use serde_json::{Value, json};
use teleport_simulator::{Fault, UserChange, UserView};
use tonic::Code;

use crate::support::{
    environment::TestEnv,
    matrix::{Scenario, scenarios},
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    a_user_and_its_role_are_created_changed_and_destroyed_in_one_go,
    a_role_that_is_missing_is_blamed_on_the_roles,
    roles_and_traits_given_by_somebody_else_are_taken_away,
    credentials_are_none_of_the_resources_business,
    a_user_that_exists_is_refused_and_can_be_imported,
    a_revoked_user_has_no_roles,
    a_refused_delete_can_be_let_go_of,
    another_name_is_another_user,
    a_user_is_read_by_name,
    a_configured_revision_is_kept_and_never_sent,
    a_role_in_use_is_replaced_with_create_before_destroy,
    mistakes_in_users_are_found_before_anything_is_asked,
];

const USER: &str = "teleport_user.carol";

fn user(spec: &str) -> String {
    format!(
        "resource \"teleport_user\" \"carol\" {{\n  version = \"v2\"\n  metadata = {{\n    name = \"carol\"\n  }}\n  spec = \
         {{\n    {spec}\n  }}\n}}\n"
    )
}

const ROLE: &str = r#"
resource "teleport_role" "developer" {
  version = "v8"
  metadata = {
    name = "developer"
  }
  spec = {
    allow = { logins = ["{{internal.logins}}"] }
  }
}
"#;

fn carol(env: &TestEnv) -> Option<UserView> {
    let users = env.simulator.users("parent").unwrap();
    users.into_iter().find(|user| user.name == "carol")
}

fn attributes(env: &TestEnv) -> Value {
    env.state().get(USER).attributes
}

fn a_user_and_its_role_are_created_changed_and_destroyed_in_one_go(program: &Program) {
    let env = TestEnv::new(program);
    let roles = "roles = [teleport_role.developer.metadata.name]";
    let first = user(&format!(
        "{roles}\n    traits = {{ logins = [\"ubuntu\"], empty = [] }}"
    ));
    env.configure(&format!("{ROLE}{first}"));
    env.apply().succeeded().without_diagnostics();
    env.plan_is_empty().without_diagnostics();
    assert_eq!(attributes(&env)["id"], "carol");
    assert_eq!(attributes(&env)["status"]["password_state"], 1);
    assert_eq!(carol(&env).unwrap().roles, ["developer"]);

    env.configure(&format!("{ROLE}{}", user("roles = []")));
    env.apply().succeeded().without_diagnostics();
    env.plan_is_empty().without_diagnostics();
    assert_eq!(carol(&env).unwrap().roles, [""; 0]);
    env.configure(&format!("{ROLE}{first}"));
    env.apply().succeeded().without_diagnostics();
    env.destroy().succeeded().without_diagnostics();
    assert_eq!(carol(&env), None);
}

fn a_role_that_is_missing_is_blamed_on_the_roles(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&user("roles = [\"nobody\"]"));
    env.apply()
        .error(&["Refused by Teleport", "spec.roles", "nobody", "not found"])
        .points_at("spec.roles");
    assert!(env.state().is_empty());
}

fn roles_and_traits_given_by_somebody_else_are_taken_away(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&format!("{ROLE}{}", user("roles = []")));
    env.apply().succeeded();
    let change = UserChange {
        roles: Some(vec!["developer".to_owned()]),
        traits: Some([("logins".to_owned(), vec!["root".to_owned()])].into()),
        ..UserChange::default()
    };
    env.simulator
        .change_user("parent", "carol", change)
        .unwrap();
    assert_eq!(
        env.plan().planned(),
        [(USER.to_owned(), "update".to_owned())]
    );
    env.apply_plan().succeeded().without_diagnostics();
    let user = carol(&env).unwrap();
    assert!(user.roles.is_empty() && user.traits.is_empty(), "{user:?}");
    env.plan_is_empty();
}

fn credentials_are_none_of_the_resources_business(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&user("roles = []"));
    env.apply().succeeded();
    let change = UserChange {
        password: Some(true),
        ..UserChange::default()
    };
    env.simulator
        .change_user("parent", "carol", change)
        .unwrap();
    env.plan_is_empty().without_diagnostics();
    env.configure(&user("traits = { logins = [\"ubuntu\"] }"));
    env.apply().succeeded().without_diagnostics();
    assert!(carol(&env).unwrap().password);
    assert_eq!(attributes(&env)["status"]["password_state"], 2);
}

fn a_user_that_exists_is_refused_and_can_be_imported(program: &Program) {
    let env = TestEnv::new(program);
    env.simulator
        .change_user("parent", "carol", UserChange::default())
        .unwrap();
    env.configure(&user("roles = []"));
    env.apply()
        .error(&[
            "Already Exists",
            "metadata.name",
            "to = ADDRESS",
            "id = \"carol\"",
        ])
        .points_at("metadata.name");
    env.run(&["import", USER, "carol"]).succeeded();
    env.apply().succeeded().without_diagnostics();
    env.plan_is_empty().without_diagnostics();
    assert_eq!(env.calls("UpdateUser"), 0);
}

fn a_revoked_user_has_no_roles(program: &Program) {
    let env = TestEnv::new(program);
    let spec = "roles = [teleport_role.developer.metadata.name]\n    traits = { logins = [\"a\"] }";
    let policy = "version = \"v2\"\n  deletion_policy = \"revoke\"";
    let configuration = user(spec).replace("version = \"v2\"", policy);
    env.configure(&format!("{ROLE}{configuration}"));
    env.apply().succeeded();
    // The role may go, since nobody has it any more.
    env.destroy().succeeded().warning(&[
        "Revoked, Not Deleted",
        "carol",
        "without roles and traits",
    ]);
    let user = carol(&env).unwrap();
    assert!(user.roles.is_empty() && user.traits.is_empty(), "{user:?}");
}

fn a_refused_delete_can_be_let_go_of(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&user("roles = []"));
    env.apply().succeeded();
    env.simulator
        .add_fault(Fault::code("DeleteUser", Code::PermissionDenied))
        .unwrap();
    env.destroy().error(&["Access Denied", "\"abandon\""]);
    let provider = env.provider("deletion_policy = \"abandon\"");
    env.write(&format!("{provider}{}", user("roles = []")));
    env.destroy().succeeded().warning(&["Not Deleted", "carol"]);
    assert!(carol(&env).is_some());
}

fn another_name_is_another_user(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&user("roles = []"));
    env.apply().succeeded();
    env.configure(&user("roles = []").replace("name = \"carol\"", "name = \"bob\""));
    assert_eq!(
        env.plan().planned(),
        [(USER.to_owned(), "replace".to_owned())]
    );
    env.apply_plan().succeeded().without_diagnostics();
    assert_eq!(carol(&env), None);
    assert_eq!(attributes(&env)["id"], "bob");
}

fn a_user_is_read_by_name(program: &Program) {
    let env = TestEnv::new(program);
    env.simulator
        .change_user("parent", "carol", UserChange::default())
        .unwrap();
    env.configure(
        "data \"teleport_user\" \"this\" {\n  metadata = { name = \"carol\" }\n}\noutput \"id\" {\n  value = \
         data.teleport_user.this.id\n}\n",
    );
    env.apply().succeeded().without_diagnostics();
    assert_eq!(env.state().output("id"), &json!("carol"));
}

fn a_configured_revision_is_kept_and_never_sent(program: &Program) {
    let env = TestEnv::new(program);
    let with =
        |spec: &str| user(spec).replace("\"carol\"\n", "\"carol\"\n    revision = \"mine\"\n");
    env.configure(&with("roles = []"));
    env.apply().succeeded().without_diagnostics();
    assert_eq!(attributes(&env)["metadata"]["revision"], "mine");
    env.plan_is_empty().without_diagnostics();
    // The cluster would refuse an update with this revision.
    env.configure(&with("traits = { logins = [\"ubuntu\"] }"));
    env.apply().succeeded().without_diagnostics();
    assert_eq!(carol(&env).unwrap().traits["logins"], ["ubuntu"]);
    assert_eq!(attributes(&env)["metadata"]["revision"], "mine");
    env.configure(&user("traits = { logins = [\"ubuntu\"] }"));
    env.apply().succeeded().without_diagnostics();
    assert_eq!(env.calls("UpdateUser"), 1);
    env.plan_is_empty().without_diagnostics();
}

/// What the error "Still in Use" advises. The user refers to the role, and Terraform destroys the old one first anyway.
fn a_role_in_use_is_replaced_with_create_before_destroy(program: &Program) {
    let env = TestEnv::new(program);
    let body = |name: &str, lifecycle: &str| {
        let role = ROLE.replace("\"developer\"\n", &format!("{name:?}\n"));
        let role = role.replace("  version", &format!("  {lifecycle}\n  version"));
        let user = user("roles = [teleport_role.developer.metadata.name]");
        format!("{role}{user}")
    };
    env.configure(&body("developer", ""));
    env.apply().succeeded();
    env.configure(&body("programmer", ""));
    env.apply()
        .error(&["Still in Use", "create_before_destroy"]);
    assert_eq!(carol(&env).unwrap().roles, ["developer"]);

    let lifecycle = "lifecycle { create_before_destroy = true }";
    env.configure(&body("developer", lifecycle));
    env.apply().succeeded();
    env.configure(&body("programmer", lifecycle));
    let outcome = env.apply().succeeded().without_diagnostics();
    let role = "teleport_role.developer";
    assert_eq!(outcome.order(), [role, USER, role]);
    assert_eq!(carol(&env).unwrap().roles, ["programmer"]);
    env.plan_is_empty().without_diagnostics();
}

fn mistakes_in_users_are_found_before_anything_is_asked(program: &Program) {
    let env = TestEnv::new(program);
    for (configuration, phrases, points_at) in [
        (
            user("").replace("\"carol\"\n", "\" \"\n"),
            ["metadata.name", "ASCII letters"],
            "metadata.name",
        ),
        (
            user("").replace("\"v2\"", "\"v3\""),
            ["version", "v2"],
            "version",
        ),
    ] {
        env.configure(&configuration);
        env.plan_with(&[]).error(&phrases).points_at(points_at);
    }
    assert_eq!(env.calls("GetUser"), 0);
}
