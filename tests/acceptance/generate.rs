//! Configurations that the programs write for imported objects.

use std::fs;

use teleport_simulator::UserChange;

use crate::support::{
    environment::{CLUSTER, TestEnv, cluster},
    matrix::{GENERATED_BY_PROVIDER, Scenario, scenarios},
    outcome::Outcome,
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    the_configuration_that_is_generated_for_an_import_plans_nothing_else,
    what_is_generated_stays_as_the_cluster_changes,
    what_the_cluster_reports_cannot_be_chosen,
    every_kind_is_imported_by_what_is_generated,
    what_is_generated_is_what_a_person_writes: GENERATED_BY_PROVIDER,
];

fn the_configuration_that_is_generated_for_an_import_plans_nothing_else(program: &Program) {
    let env = TestEnv::with_team_a(program);
    env.configure(IMPORTS);
    let changes = |outcome: Outcome| {
        let mut changes = outcome.planned();
        changes.sort();
        changes
    };
    let imports = [ROLE, USER, CLUSTER].map(|address| (address.to_owned(), "import".to_owned()));
    // Only the programs' own warning that this is experimental comes with it.
    let generating = env.plan_with(&["-generate-config-out=generated.tf"]);
    assert_eq!(changes(generating), imports);
    let generated = fs::read_to_string(env.path("generated.tf")).unwrap();

    let planned = env.plan().without_diagnostics();
    assert_eq!(changes(planned), imports);
    env.apply_plan().succeeded().without_diagnostics();
    env.plan_is_empty().without_diagnostics();

    let changed = generated.replace("[\"identity-human\"]", "[\"access\"]");
    assert_ne!(changed, generated);
    fs::write(env.path("generated.tf"), &changed).unwrap();
    assert_eq!(
        env.plan().planned(),
        [(USER.to_owned(), "update".to_owned())]
    );
    env.apply_plan().succeeded();
    env.plan_is_empty().without_diagnostics();
}

fn what_is_generated_stays_as_the_cluster_changes(program: &Program) {
    let env = TestEnv::with_team_a(program);
    env.configure(IMPORTS);
    env.plan_with(&["-generate-config-out=generated.tf"]);
    env.apply().succeeded();
    env.simulator.set_state("team-a", "suspended").unwrap();
    let everybody = env.simulator.users("parent").unwrap();
    let alice = everybody.iter().find(|user| user.name == "alice").unwrap();
    let same = UserChange {
        roles: Some(alice.roles.clone()),
        ..UserChange::default()
    };
    env.simulator.change_user("parent", "alice", same).unwrap();
    let generated = fs::read_to_string(env.path("generated.tf")).unwrap();
    for _ in 0..2 {
        env.plan_is_empty().without_diagnostics();
        env.apply().succeeded();
    }
    assert_eq!(
        env.state().get(CLUSTER).attributes["status"]["state"],
        "suspended"
    );

    // Arguments of the provider are still written into the state.
    let block = "resource \"teleport_workload_cluster\" \"this\" {";
    let lines = generated.lines();
    let rest = lines.filter(|line| !line.trim_start().starts_with("deletion_protection "));
    let rest = rest.collect::<Vec<_>>().join("\n");
    let changed = rest.replace(block, &format!("{block}\n  deletion_protection = true"));
    assert_ne!(changed, generated, "{generated}");
    fs::write(env.path("generated.tf"), changed).unwrap();
    assert_eq!(
        env.plan().planned(),
        [(CLUSTER.to_owned(), "update".to_owned())]
    );
    env.apply_plan().succeeded();
}

fn what_the_cluster_reports_cannot_be_chosen(program: &Program) {
    let env = TestEnv::new(program);
    let chosen = "status = { state = \"active\" }\n  metadata";
    env.configure(&cluster("team-a", "").replace("metadata", chosen));
    env.plan_with(&[]).error(&["Read-Only", "status.state"]);
}

/// Applies [`EVERYTHING`] and forgets it.
pub(crate) fn forgotten(program: &Program) -> TestEnv {
    let env = TestEnv::new(program);
    env.configure(EVERYTHING);
    env.apply().succeeded();
    fs::remove_file(env.path("terraform.tfstate")).unwrap();
    env
}

/// Generates configurations for all that [`EVERYTHING`] made.
fn generated(env: &TestEnv) -> String {
    let import = |(address, id)| format!("import {{\n  to = {address}\n  id = {id:?}\n}}\n");
    let imports: String = IDS.into_iter().map(import).collect();
    env.configure(&imports);
    env.plan_with(&["-generate-config-out=generated.tf"]);
    fs::read_to_string(env.path("generated.tf")).unwrap()
}

fn every_kind_is_imported_by_what_is_generated(program: &Program) {
    let env = forgotten(program);
    generated(&env);
    let plan = env.plan();
    let planned = plan.planned();
    assert_eq!(planned.len(), IDS.len(), "{plan}");
    assert!(
        planned.iter().all(|(_, action)| action == "import"),
        "{plan}"
    );
    env.apply_plan().succeeded();
    env.plan_is_empty();
}

fn what_is_generated_is_what_a_person_writes(program: &Program) {
    let env = forgotten(program);
    let generated = generated(&env);
    let comments = |line: &&str| !line.starts_with('#') && !line.trim().is_empty();
    let plain = |text: &str| -> String {
        let words = text
            .lines()
            .filter(comments)
            .flat_map(str::split_whitespace);
        words.collect::<Vec<_>>().join(" ")
    };
    let generated = plain(&generated);
    for resource in WRITTEN.split("\n\n") {
        let resource = plain(resource);
        assert!(generated.contains(&resource), "{resource}\n\n{generated}");
    }
    // But for the name of the join token, which is a secret.
    assert_eq!(generated.matches("= null").count(), 1, "{generated}");
}

const ROLE: &str = "teleport_role.this";
const USER: &str = "teleport_user.this";

const IMPORTS: &str = r#"
import {
  to = teleport_workload_cluster.this
  id = "team-a"
}
import {
  to = teleport_role.this
  id = "access"
}
import {
  to = teleport_user.this
  id = "alice"
}
"#;

/// An object of each kind, with as much as there is to say.
const EVERYTHING: &str = r#"
resource "teleport_workload_cluster" "this" {
  metadata = { name = "team-a" }
  spec = {
    regions = [{ name = "us-west-2" }]
    bot     = { name = "terraform" }
    token   = { join_method = "iam", allow = [{ aws_account = "123456789012", aws_arn = "arn:aws:sts::123456789012:assumed-role/terraform/*" }] }
  }
}
resource "teleport_role" "this" {
  version  = "v7"
  metadata = { name = "developer", description = "Dev.", labels = { a = "b" }, expires = "2031-01-31T14:00:00Z" }
  spec = {
    options = { max_session_ttl = "8h", forward_agent = true, ssh_port_forwarding = { local = { enabled = false }, remote = { enabled = false } }, create_host_user_mode = 4, cert_extensions = [{ name = "a", value = "b" }] }
    allow = {
      logins               = ["ubuntu"]
      node_labels          = { env = ["dev"] }
      kubernetes_labels    = { env = ["dev"] }
      kubernetes_resources = [{ kind = "pod", namespace = "*", name = "*", verbs = ["get"] }]
      rules = [{ resources = ["session"], verbs = ["list", "read"], where = "contains(session.participants, user.metadata.name)" }]
      request = { roles = ["access"], thresholds = [{ name = "two", approve = 2, deny = 1 }] }
      impersonate = { roles = ["access"], users = ["alice"] }
    }
    deny = { logins = ["root"] }
  }
}
resource "teleport_role" "bare" {
  version  = "v8"
  metadata = { name = "bare" }
}
resource "teleport_user" "this" {
  metadata = { name = "carol", description = "Carol", labels = { x = "y" } }
  spec     = { roles = [teleport_role.this.id], traits = { logins = ["carol"] }, github_identities = [{ connector_id = "g", username = "carol" }] }
}
resource "teleport_provision_token" "this" {
  version  = "v2"
  metadata = { name = "deploy", expires = "2031-01-31T14:00:00Z" }
  spec     = { roles = ["Bot"], bot_name = "deploy", join_method = "iam", allow = [{ aws_account = "123456789012" }] }
}
resource "teleport_bot" "this" {
  metadata = { name = "deploy" }
  spec = { roles = ["access"], traits = { logins = ["x"] }, max_session_ttl = "10h" }
}
resource "teleport_auth_preference" "this" {
  version = "v2"
  spec = { second_factors = [1], type = "local" }
}
"#;

/// The import ids of [`EVERYTHING`].
const IDS: [(&str, &str); 7] = [
    (CLUSTER, "team-a"),
    ("teleport_role.this", "developer"),
    ("teleport_role.bare", "bare"),
    ("teleport_user.this", "carol"),
    ("teleport_provision_token.this", "deploy"),
    ("teleport_bot.this", "deploy"),
    ("teleport_auth_preference.this", "cluster-auth-preference"),
];

/// What is generated for them. It has the values that the server fills in: nothing tells them from configured ones.
const WRITTEN: &str = r#"
resource "teleport_user" "this" {
  metadata = {
    description = "Carol"
    labels = {
      x = "y"
    }
    name = "carol"
  }
  spec = {
    github_identities = [
      {
        connector_id = "g"
        username     = "carol"
      },
    ]
    roles = ["developer"]
    traits = {
      logins = ["carol"]
    }
  }
}

resource "teleport_auth_preference" "this" {
  spec = {
    allow_headless          = false
    allow_local_auth        = true
    allow_passwordless      = false
    default_session_ttl     = "12h"
    disconnect_expired_cert = false
    idp = {
      saml = {
        enabled = true
      }
    }
    locking_mode   = "best_effort"
    second_factors = [1]
    type           = "local"
  }
  version = "v2"
}

resource "teleport_role" "bare" {
  metadata = {
    name = "bare"
  }
  spec = {
    options = {
      cert_format               = "standard"
      create_db_user            = false
      create_desktop_user       = false
      desktop_clipboard         = true
      desktop_directory_sharing = true
      enhanced_recording        = ["command", "network"]
      max_session_ttl           = "30h"
      record_session = {
        default = "best_effort"
        desktop = true
      }
      ssh_file_copy = true
    }
  }
  version = "v8"
}

resource "teleport_bot" "this" {
  metadata = {
    name = "deploy"
  }
  spec = {
    max_session_ttl = "10h"
    roles           = ["access"]
    traits = {
      logins = ["x"]
    }
  }
}

resource "teleport_workload_cluster" "this" {
  metadata = {
    name = "team-a"
  }
  spec = {
    bot = {
      name = "terraform"
    }
    regions = [
      {
        name = "us-west-2"
      },
    ]
    token = {
      allow = [
        {
          aws_account = "123456789012"
          aws_arn     = "arn:aws:sts::123456789012:assumed-role/terraform/*"
        },
      ]
      join_method = "iam"
    }
  }
}

resource "teleport_provision_token" "this" {
  metadata = {
    expires = "2031-01-31T14:00:00Z"
    name    = null # sensitive
  }
  spec = {
    allow = [
      {
        aws_account = "123456789012"
      },
    ]
    bot_name    = "deploy"
    join_method = "iam"
    roles       = ["Bot"]
  }
  version = "v2"
}

resource "teleport_role" "this" {
  metadata = {
    description = "Dev."
    expires     = "2031-01-31T14:00:00Z"
    labels = {
      a = "b"
    }
    name = "developer"
  }
  spec = {
    allow = {
      impersonate = {
        roles = ["access"]
        users = ["alice"]
      }
      kubernetes_labels = {
        env = ["dev"]
      }
      kubernetes_resources = [
        {
          kind      = "pod"
          name      = "*"
          namespace = "*"
          verbs     = ["get"]
        },
      ]
      logins = ["ubuntu"]
      node_labels = {
        env = ["dev"]
      }
      request = {
        roles = ["access"]
        thresholds = [
          {
            approve = 2
            deny    = 1
            name    = "two"
          },
        ]
      }
      rules = [
        {
          resources = ["session"]
          verbs     = ["list", "read"]
          where     = "contains(session.participants, user.metadata.name)"
        },
      ]
    }
    deny = {
      logins = ["root"]
    }
    options = {
      cert_extensions = [
        {
          name  = "a"
          value = "b"
        },
      ]
      cert_format               = "standard"
      create_db_user            = false
      create_desktop_user       = false
      create_host_user_mode     = 4
      desktop_clipboard         = true
      desktop_directory_sharing = true
      enhanced_recording        = ["command", "network"]
      forward_agent             = true
      idp = {
        saml = {
          enabled = true
        }
      }
      max_session_ttl = "8h"
      record_session = {
        default = "best_effort"
        desktop = true
      }
      ssh_file_copy = true
      ssh_port_forwarding = {
        local = {
          enabled = false
        }
        remote = {
          enabled = false
        }
      }
    }
  }
  version = "v7"
}
"#;
