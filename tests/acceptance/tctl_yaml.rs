//! Objects as `tctl` writes and reads them, by the functions `from_yaml` and `to_yaml`.

use std::{collections::BTreeMap, fs};

use serde_json::json;

use crate::support::{
    environment::TestEnv,
    guide::Section,
    matrix::{PROVIDER_FUNCTIONS, Scenario, scenarios},
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    what_yamldecode_cannot_give_is_taken_from_yaml: PROVIDER_FUNCTIONS,
    objects_of_every_kind_are_created_and_imported_from_yaml: PROVIDER_FUNCTIONS,
    mistakes_in_yaml_are_named: PROVIDER_FUNCTIONS,
    the_guide_takes_over_roles_from_yaml: PROVIDER_FUNCTIONS,
];

const ROLE: &str = "teleport_role.this";

fn what_yamldecode_cannot_give_is_taken_from_yaml(program: &Program) {
    let env = TestEnv::new(program);
    let text = "kind: role\nversion: v7\nmetadata:\n  name: dev\nspec:\n  options:\n    require_session_mfa: true\n    \
                create_host_user_mode: keep\n    max_session_ttl: 8h\n  allow:\n    logins: root\n    node_labels: {env: dev, '*': \
                '*'}\n";
    fs::write(env.path("role.yaml"), text).unwrap();
    let with = |function: &str| {
        format!(
            r#"
resource "teleport_role" "this" {{
  version  = "v7"
  metadata = {{ name = "dev" }}
  spec     = {function}(file("role.yaml")).spec
}}
"#
        )
    };
    env.configure(&with("yamldecode"));
    // Which of the attributes Terraform names differs from run to run.
    env.plan_with(&[])
        .error(&["Incorrect attribute value type"]);
    env.configure(&with("provider::teleport::from_yaml"));
    env.apply().succeeded().without_diagnostics();
    env.plan_is_empty().without_diagnostics();
    let stored = env.simulator.object("parent", "role", "dev").unwrap();
    let spec = &stored.unwrap()["Spec"];
    assert_eq!(spec["Allow"]["Logins"], json!(["root"]));
    let values = |value: &str| json!({ "Values": [value] });
    assert_eq!(
        spec["Allow"]["NodeLabels"]["Values"],
        json!({ "env": values("dev"), "*": values("*") })
    );
    assert_eq!(spec["Options"]["RequireMFAType"], 1);
    assert_eq!(spec["Options"]["CreateHostUserMode"], 3);
}

/// A kind: its name in `tctl`, its resource, the name of the object, and the object as a person writes it and as `tctl get` prints it.
struct Example {
    kind: &'static str,
    resource: &'static str,
    name: &'static str,
    written: &'static str,
    printed: &'static str,
}

fn objects_of_every_kind_are_created_and_imported_from_yaml(program: &Program) {
    let env = TestEnv::new(program);
    let put = |text: fn(&Example) -> String| {
        for example in &EXAMPLES {
            fs::write(env.path(&format!("{}.yaml", example.kind)), text(example)).unwrap();
        }
    };
    put(|example| example.written.to_owned());
    env.configure(&configuration());
    env.apply().succeeded().without_diagnostics();
    env.plan_is_empty().without_diagnostics();

    // The resources, written as YAML.
    let state = env.state();
    let texts: BTreeMap<_, _> = EXAMPLES
        .iter()
        .map(|example| {
            let text = state.output(example.kind).as_str().unwrap().to_owned();
            assert!(
                text.starts_with(&format!("kind: {}\n", example.kind)),
                "{text}"
            );
            for left_out in ["null", "revision", "status", "deletion_policy", "\nid:"] {
                assert!(!text.contains(left_out), "{text}");
            }
            (example.kind, text)
        })
        .collect();
    env.simulator.clear_calls();

    put(|example| example.printed.to_owned());
    imports_only(&env);
    for (kind, text) in &texts {
        fs::write(env.path(&format!("{kind}.yaml")), text).unwrap();
    }
    imports_only(&env);
}

/// Without a state, everything is imported, and the next plan is empty.
#[track_caller]
fn imports_only(env: &TestEnv) {
    fs::remove_file(env.path("terraform.tfstate")).unwrap();
    let imports = EXAMPLES.iter().map(|example| {
        format!(
            "import {{\n  to = {}.this\n  id = {:?}\n}}\n",
            example.resource, example.name
        )
    });
    env.configure(&(configuration() + &imports.collect::<String>()));
    let planned = env.plan();
    planned.clone().without_diagnostics();
    let all = planned.planned();
    assert_eq!(all.len(), EXAMPLES.len(), "{planned}");
    assert!(
        all.iter().all(|(_, action)| action == "import"),
        "{planned}"
    );
    env.apply().succeeded();
    env.plan_is_empty().without_diagnostics();
    for call in env.simulator.calls() {
        let writes = ["Create", "Update", "Upsert", "Delete"];
        assert!(
            !writes.iter().any(|verb| call.rpc.starts_with(verb)),
            "{}",
            call.rpc
        );
    }
}

fn configuration() -> String {
    let resources = EXAMPLES.iter().map(|Example { kind, resource, .. }| {
        let order = match *kind {
            "user" | "bot" => format!("  depends_on = [{ROLE}]\n"),
            _ => String::new(),
        };
        // OpenTofu warns of the deprecated attributes of a whole bot.
        let object = if *kind == "bot" {
            let names = ["kind", "version", "metadata", "spec"];
            let fields = names.map(|name| format!("{name} = {resource}.this.{name}"));
            format!("{{ {} }}", fields.join(", "))
        } else {
            format!("{resource}.this")
        };
        format!(
            r#"
locals {{
  {kind} = provider::teleport::from_yaml(file("{kind}.yaml"))
}}
resource "{resource}" "this" {{
  version  = local.{kind}.version
  metadata = local.{kind}.metadata
  spec     = local.{kind}.spec
{order}}}
output "{kind}" {{
  value     = provider::teleport::to_yaml({object})
  sensitive = true
}}
"#
        )
    });
    resources.collect()
}

const EXAMPLES: [Example; 6] = [
    Example {
        kind: "role",
        resource: "teleport_role",
        name: "dev",
        written: "kind: role\nversion: v7\nmetadata: {name: dev}\nspec: {allow: {logins: root, node_labels: {env: dev}}}\n",
        printed: r#"kind: role
metadata:
  id: 1700000000000000000
  name: dev
  revision: 5d1f8c5e-6c57-4f3c-8b9e-8d9c2b8f2f10
spec:
  allow:
    logins:
    - root
    node_labels:
      env: dev
  deny: {}
  options:
    cert_format: standard
    create_db_user: false
    create_desktop_user: false
    desktop_clipboard: true
    desktop_directory_sharing: true
    enhanced_recording:
    - command
    - network
    forward_agent: false
    idp:
      saml:
        enabled: true
    max_session_ttl: 30h0m0s
    pin_source_ip: false
    record_session:
      default: best_effort
      desktop: true
    ssh_file_copy: true
version: v7
"#,
    },
    Example {
        kind: "user",
        resource: "teleport_user",
        name: "walter",
        written: "kind: user\nversion: v2\nmetadata: {name: walter}\nspec: {roles: [dev], traits: {logins: root}}\n",
        printed: r#"kind: user
metadata:
  name: walter
  revision: 5d1f8c5e-6c57-4f3c-8b9e-8d9c2b8f2f10
spec:
  created_by:
    time: "2030-01-31T12:00:00.123456789Z"
    user:
      name: bot-terraform
  expires: "0001-01-01T00:00:00Z"
  roles:
  - dev
  status:
    is_locked: false
    lock_expires: "0001-01-01T00:00:00Z"
    locked_time: "0001-01-01T00:00:00Z"
    recovery_attempt_lock_expires: "0001-01-01T00:00:00Z"
  traits:
    logins:
    - root
status:
  password_state: 1
version: v2
"#,
    },
    Example {
        kind: "bot",
        resource: "teleport_bot",
        name: "ci",
        written: "kind: bot\nversion: v1\nmetadata: {name: ci}\nspec: {roles: dev, traits: [{name: logins, values: root}]}\n",
        printed: r#"kind: bot
metadata:
  name: ci
spec:
  max_session_ttl:
    seconds: 43200
  roles:
  - dev
  traits:
  - name: logins
    values:
    - root
status:
  role_name: bot-ci
  user_name: bot-ci
version: v1
"#,
    },
    Example {
        kind: "token",
        resource: "teleport_provision_token",
        name: "agents",
        written: "kind: token\nversion: v2\nmetadata: {name: agents}\nspec:\n  roles: [Node]\n  join_method: iam\n  aws_iid_ttl: 5m\n  \
                  suggested_labels: {env: dev}\n  allow: [{aws_account: 123456789012}]\n",
        printed: r#"kind: token
metadata:
  name: agents
  revision: 5d1f8c5e-6c57-4f3c-8b9e-8d9c2b8f2f10
spec:
  allow:
  - aws_account: "123456789012"
  aws_iid_ttl: 5m0s
  join_method: iam
  roles:
  - Node
  suggested_labels:
    env: dev
version: v2
"#,
    },
    Example {
        kind: "cluster_auth_preference",
        resource: "teleport_auth_preference",
        name: "cluster-auth-preference",
        written: "kind: cluster_auth_preference\nversion: v2\nmetadata: {labels: {team: core}}\nspec:\n  second_factors: [otp, webauthn]\n  webauthn: {rp_id: \
                  parent.localhost}\n  message_of_the_day: hello\n  default_session_ttl: 8h\n",
        printed: r#"kind: cluster_auth_preference
metadata:
  labels:
    team: core
    teleport.dev/origin: dynamic
  name: cluster-auth-preference
  revision: 5d1f8c5e-6c57-4f3c-8b9e-8d9c2b8f2f10
spec:
  default_session_ttl: 8h0m0s
  message_of_the_day: hello
  second_factors:
  - otp
  - webauthn
  webauthn:
    rp_id: parent.localhost
version: v2
"#,
    },
    Example {
        kind: "workload_cluster",
        resource: "teleport_workload_cluster",
        name: "acme-dev",
        written: "kind: workload_cluster\nversion: v1\nmetadata: {name: acme-dev}\nspec:\n  regions: {name: us-west-2}\n  bot: {name: \
                  terraform}\n  token: {join_method: iam, allow: [{aws_account: 123456789012}]}\n",
        printed: r#"kind: workload_cluster
metadata:
  name: acme-dev
  revision: 5d1f8c5e-6c57-4f3c-8b9e-8d9c2b8f2f10
spec:
  bot:
    name: terraform
  regions:
  - name: us-west-2
  token:
    allow:
    - aws_account: "123456789012"
    join_method: iam
status:
  domain: acme-dev.teleport.sh
  state: active
version: v1
"#,
    },
];

fn mistakes_in_yaml_are_named(program: &Program) {
    let env = TestEnv::new(program);
    let role =
        |spec: &str| format!("kind: role\nversion: v7\nmetadata: {{name: a}}\nspec: {spec}\n");
    for (text, phrases) in [
        (
            role("{allow: {logns: [a]}}"),
            ["spec.allow.logns", "not a field"],
        ),
        (
            role("{options: {create_host_user_mode: kept}}"),
            ["spec.options.create_host_user_mode", "insecure-drop"],
        ),
        (
            role("{allow: {rules: [{verbs: {a: b}}]}}"),
            ["spec.allow.rules[0].verbs", "single value"],
        ),
        ("kind: node\n".to_owned(), ["\"node\"", "workload_cluster"]),
        (role("{}\n---\nkind: role"), ["several documents", "split"]),
        ("kind: role\nkind: role\n".to_owned(), ["line 2", "twice"]),
    ] {
        fs::write(env.path("it.yaml"), &text).unwrap();
        env.configure(
            "output \"it\" {\n  value = provider::teleport::from_yaml(file(\"it.yaml\"))\n}\n",
        );
        let error = env.plan_with(&[]).error(&phrases);
        assert!(!error.text.contains(".."), "{}", error.text);
    }
    env.configure(
        "output \"it\" {\n  value = provider::teleport::to_yaml({ kind = \"role\", sepc = {} })\n}\n",
    );
    env.plan_with(&[]).error(&["sepc", "not a field"]);
}

/// The files of the guide take over the roles that they describe.
fn the_guide_takes_over_roles_from_yaml(program: &Program) {
    let guide = Section::of("adopting.md", "From tctl YAML");
    let mut env = TestEnv::new(program);
    env.set("TF_CLI_ARGS", "-no-color");
    for name in ["developer", "auditor"] {
        let role = json!({
            "Version": "v7",
            "Metadata": { "Name": name },
            "Spec": { "Allow": {
                "Logins": ["ubuntu"],
                "NodeLabels": { "Values": { "env": { "Values": ["dev"] } } },
            } },
        });
        env.simulator.put_object("parent", "role", &role).unwrap();
    }
    env.simulator.clear_calls();
    env.configure("");
    for (name, text) in guide.yaml_files() {
        fs::write(env.path(&name), &text).unwrap();
        fs::create_dir_all(env.path("roles")).unwrap();
        fs::write(
            env.path("roles/auditor.yaml"),
            text.replace("developer", "auditor"),
        )
        .unwrap();
    }
    let says = |text: &str| {
        let plan = env.run(&["plan"]).succeeded();
        assert!(plan.stdout.contains(text), "{plan}");
    };
    fs::write(env.path("developer.tf"), guide.file("developer.tf")).unwrap();
    says("Plan: 1 to import, 0 to add, 0 to change, 0 to destroy.");
    fs::write(env.path("roles.tf"), guide.file("roles.tf")).unwrap();
    says("Plan: 2 to import, 0 to add, 0 to change, 0 to destroy.");
    env.apply().succeeded();
    let back = guide.file("back.tf");
    fs::write(env.path("back.tf"), back).unwrap();
    env.apply().succeeded();
    let text = env.state().output("developer").as_str().unwrap().to_owned();
    assert!(
        text.contains("node_labels:\n      env:\n      - dev\n"),
        "{text}"
    );
    assert_eq!(env.calls("UpdateRole"), 0);
}
