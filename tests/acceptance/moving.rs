//! The guide *Moving from the official provider*, command by command. The program under test stands in for the official provider,
//! which cannot be had without a network.

use std::fs;

use serde_json::json;

use crate::support::{
    environment::TestEnv,
    guide::Section,
    installation::OFFICIAL,
    matrix::{Scenario, scenarios},
    outcome::Outcome,
    programs::Program,
    state::State,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    the_whole_state_is_moved_and_brought_back,
    a_role_is_moved_beside_the_official_provider,
    a_role_is_imported_beside_the_official_provider,
];

const GUIDE: &str = "moving-from-official.md";

/// A working folder with the state of the official provider, which has the role `builder` under this name. The role exists.
fn with_role(program: &Program, name: &str) -> TestEnv {
    let mut env = TestEnv::new(program);
    let data = env.path("data");
    env.set("TF_DATA_DIR", &data.to_string_lossy());
    env.set("TF_CLI_ARGS", "-no-color");
    let role = |name: &str, login: &str| {
        json!({
            "Kind": "role", "Version": "v8", "Metadata": { "Name": name }, "Spec": { "Allow": { "Logins": [login] } },
        })
    };
    for (name, login) in [("builder", "builder"), ("stays", "ubuntu")] {
        let role = role(name, login);
        env.simulator.put_object("parent", "role", &role).unwrap();
    }
    let attributes = json!({
        "id": "builder", "kind": "role", "sub_kind": "", "version": "v8",
        "metadata": { "name": "builder", "description": "", "expires": null, "labels": null, "namespace": "default", "revision": "1" },
        "spec": { "allow": { "logins": ["builder"] } },
    });
    let state = State::with_object(OFFICIAL, "teleport_role", name, &attributes);
    env.set_state(&state);
    env.simulator.clear_calls();
    env
}

/// The provider block of this local name.
fn block(env: &TestEnv, name: &str) -> String {
    let block = env.provider("");
    block.replace("provider \"teleport\"", &format!("provider {name:?}"))
}

fn put(env: &TestEnv, section: &Section, file: &str) {
    fs::write(env.path(file), section.file(file)).unwrap();
}

fn run_all(env: &TestEnv, section: &Section) -> Outcome {
    let commands = section.commands();
    let (last, before) = commands.split_last().expect("the guide must have commands");
    for command in before {
        env.run_command(command);
    }
    env.run_command(last)
}

/// That nothing was written to the server.
#[track_caller]
fn assert_untouched(env: &TestEnv) {
    for rpc in ["CreateRole", "UpdateRole", "UpsertRoleV2", "DeleteRole"] {
        assert_eq!(env.calls(rpc), 0, "{rpc}");
    }
}

const ROLE: &str = r#"
resource "teleport_role" "builder" {
  version  = "v8"
  metadata = { name = "builder" }
  spec     = { allow = { logins = ["builder"] } }
}
"#;

fn the_whole_state_is_moved_and_brought_back(program: &Program) {
    let env = with_role(program, "builder");
    let what = |env: &TestEnv| {
        let role = env.state().0["resources"][0].take();
        (
            role["provider"].clone(),
            role["instances"][0]["attributes"].clone(),
        )
    };
    let before = what(&env);
    let back = Section::of(GUIDE, "The way back");
    put(&env, &back, "versions.tf");
    fs::write(env.path("main.tf"), block(&env, "teleport") + ROLE).unwrap();
    env.run_command("terraform init");
    let copy = Section::introduction(GUIDE);
    env.run_command(&copy.commands()[0]);

    let whole = Section::of(GUIDE, "The whole state");
    let commands = whole.commands();
    env.run_command(&commands[0]);
    put(&env, &whole, "versions.tf");
    env.run_command(&commands[1]);
    let plan = env.run_command(&commands[2]);
    assert!(plan.stdout.contains("No changes."), "{plan}");
    env.apply().succeeded();
    let provider = env.state().0["resources"][0]["provider"].clone();
    let provider = provider.as_str().unwrap();
    assert!(
        provider.contains("/teleport-community/teleport"),
        "{provider}"
    );

    put(&env, &back, "versions.tf");
    let plan = run_all(&env, &back);
    assert!(plan.stdout.contains("No changes."), "{plan}");
    assert_eq!(what(&env), before);
    assert_untouched(&env);
}

/// Both providers in one configuration, after the official one has imported what stays with it.
fn side_by_side(program: &Program) -> TestEnv {
    let env = with_role(program, "old");
    let section = Section::of(GUIDE, "Both providers, side by side");
    put(&env, &section, "versions.tf");
    let variables = format!(
        "variable \"addr\" {{ default = {:?} }}\nvariable \"identity_file_path\" {{ default = {:?} }}\n",
        env.simulator.proxy_address(),
        env.simulator.identity_file(),
    );
    let stays =
        "import {\n  to = teleport_role.stays\n  id = \"stays\"\n  provider = official\n}\n";
    let text = section.file("official.tf") + &variables + stays + &block(&env, "teleport");
    fs::write(env.path("official.tf"), text).unwrap();
    run_all(&env, &section);
    env
}

fn a_role_is_moved_beside_the_official_provider(program: &Program) {
    let env = side_by_side(program);
    let section = Section::of(GUIDE, "With moved blocks");
    put(&env, &section, "moved.tf");
    assert_moved(&env, &section);
}

fn a_role_is_imported_beside_the_official_provider(program: &Program) {
    let env = side_by_side(program);
    let section = Section::of(GUIDE, "With import blocks");
    put(&env, &section, "imported.tf");
    assert_moved(&env, &section);
}

/// Runs the commands. After them the role `builder` belongs to this provider, and `stays` to the official one.
fn assert_moved(env: &TestEnv, section: &Section) {
    let commands = section.commands();
    let plan = env.run_command(&commands[0]);
    assert!(
        plan.stdout.contains("0 to add, 0 to change, 0 to destroy"),
        "{plan}"
    );
    env.run_command(&commands[1]);
    let state = env.state().0;
    let resources = state["resources"].as_array().unwrap();
    let owner = |name: &str| {
        let found = resources.iter().find(|resource| resource["name"] == name);
        found.map(|found| found["provider"].as_str().unwrap().to_owned())
    };
    assert!(owner("builder").unwrap().contains("/teleport-community/"));
    assert!(owner("stays").unwrap().contains(OFFICIAL));
    assert_eq!(owner("old"), None);
    env.plan_is_empty();
    assert_untouched(env);
}
