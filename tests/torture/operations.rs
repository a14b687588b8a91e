//! What is done when the event comes.

use std::{thread, time::Duration};

use crate::{
    cells::Moment,
    support::{
        complete::Complete,
        environment::{APPLY, TestEnv, cluster},
        matrix::{EPHEMERAL_RESOURCES, Feature},
        programs::Program,
    },
};

/// An operation.
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    /// Everything that is there before the run, and the configuration of the run.
    pub(crate) world: fn(&Program) -> World,
    /// The call at which the event comes.
    pub(crate) rpc: &'static str,
    pub(crate) moments: &'static [Moment],
    /// What the program must have.
    pub(crate) needs: Option<Feature>,
}

/// A Teleport Cloud and a working folder, just before the run.
pub(crate) struct World {
    pub(crate) env: TestEnv,
    /// What is run, and run again to heal.
    pub(crate) command: &'static [&'static str],
    /// The names that the plan announces to delete.
    pub(crate) deletes: &'static [&'static str],
}

pub(crate) const OPERATIONS: &[Operation] = &[
    op(
        "create_cluster",
        create_cluster,
        "CreateWorkloadCluster",
        CALL,
    ),
    op(
        "wait_for_cluster",
        wait_for_cluster,
        "GetWorkloadCluster",
        POLL,
    ),
    op("resume_wait", resume_wait, "GetWorkloadCluster", POLL),
    op(
        "rename_cluster",
        rename_cluster,
        "CreateWorkloadCluster",
        CALL,
    ),
    op(
        "rename_cluster_destroying",
        rename_cluster,
        "DeleteWorkloadCluster",
        CALL,
    ),
    op(
        "rename_cluster_creating_first",
        rename_creating_first,
        "CreateWorkloadCluster",
        CALL,
    ),
    op(
        "rename_cluster_destroying_last",
        rename_creating_first,
        "DeleteWorkloadCluster",
        CALL,
    ),
    op(
        "destroy_cluster",
        destroy_cluster,
        "DeleteWorkloadCluster",
        CALL,
    ),
    op("create_role", create_role, "CreateRole", CALL),
    op("read_role", read_role, "GetRole", CALL),
    op("update_role", update_role, "UpdateRole", CALL),
    op("rename_role", rename_role, "CreateRole", CALL),
    op(
        "rename_role_creating_first",
        rename_role_creating_first,
        "DeleteRole",
        CALL,
    ),
    op("delete_role", delete_role, "DeleteRole", CALL),
    op("import_role", import_role, "GetRole", CALL),
    op("join_child", join_child, "Join", CALL),
    Operation {
        needs: Some(EPHEMERAL_RESOURCES),
        ..op("ephemeral_identity", ephemeral_identity, "Join", CALL)
    },
    op("complete_example", complete_example, "CreateUser", CALL),
    op(
        "complete_example_invite",
        complete_example,
        "CreateResetPasswordToken",
        CALL,
    ),
    op("tenants_example", tenants_example, "CreateUser", CALL),
];

const fn op(
    name: &'static str,
    world: fn(&Program) -> World,
    rpc: &'static str,
    moments: &'static [Moment],
) -> Operation {
    Operation {
        name,
        world,
        rpc,
        moments,
        needs: None,
    }
}

const CALL: &[Moment] = &[Moment::Before, Moment::Unanswered, Moment::Answered];
const POLL: &[Moment] = &[Moment::Polling];

impl World {
    fn new(env: TestEnv) -> Self {
        Self {
            env,
            command: APPLY,
            deletes: &[],
        }
    }

    fn deleting(self, deletes: &'static [&'static str]) -> Self {
        Self { deletes, ..self }
    }

    fn running(self, command: &'static [&'static str]) -> Self {
        Self { command, ..self }
    }

    /// Lets a cluster that is waited for become active a while after the event.
    pub(crate) fn settle(&self, moment: Moment) {
        if moment == Moment::Polling {
            thread::sleep(Duration::from_millis(500));
            for cluster in self.env.simulator.clusters() {
                self.env
                    .simulator
                    .set_state(&cluster.name, "active")
                    .unwrap();
            }
        }
    }
}

const ROLE: &str = "teleport_role.this";

fn role(name: &str, login: &str, more: &str) -> String {
    format!(
        r#"
resource "teleport_role" "this" {{
  version  = "v7"
  metadata = {{ name = "{name}" }}
  spec     = {{ allow = {{ logins = ["{login}"] }} }}
  {more}
}}
"#
    )
}

/// What is there before the run.
fn applied(program: &Program, configuration: &str) -> TestEnv {
    let env = TestEnv::with(program, "active_after_reads = 1");
    env.configure(configuration);
    env.apply().succeeded();
    env.simulator.clear_calls();
    env
}

fn create_cluster(program: &Program) -> World {
    let env = TestEnv::with(program, "active_after_reads = 1");
    env.configure(&cluster("team-a", ""));
    World::new(env)
}

fn wait_for_cluster(program: &Program) -> World {
    let env = TestEnv::with(program, "states = ['creating']");
    env.configure(&cluster("team-a", ""));
    World::new(env)
}

fn resume_wait(program: &Program) -> World {
    let world = wait_for_cluster(program);
    let mut running = world.env.start(APPLY);
    running.until("the cluster is waited for", |_| world.env.is_waiting());
    running.interrupt();
    running.wait();
    world.env.simulator.clear_calls();
    world
}

fn rename_cluster(program: &Program) -> World {
    let env = applied(program, &cluster("team-a", ""));
    env.configure(&cluster("team-b", ""));
    World::new(env).deleting(&["team-a"])
}

fn rename_creating_first(program: &Program) -> World {
    let env = applied(program, &cluster("team-a", CREATE_FIRST));
    env.configure(&cluster("team-b", CREATE_FIRST));
    World::new(env).deleting(&["team-a"])
}

fn destroy_cluster(program: &Program) -> World {
    let env = applied(program, &cluster("team-a", ""));
    World::new(env).deleting(&["team-a"]).running(DESTROY)
}

fn create_role(program: &Program) -> World {
    let env = TestEnv::new(program);
    env.configure(&role("example", "root", ""));
    World::new(env)
}

fn read_role(program: &Program) -> World {
    let env = applied(program, &role("example", "root", ""));
    World::new(env).running(&["plan", "-json"])
}

fn update_role(program: &Program) -> World {
    let env = applied(program, &role("example", "root", ""));
    env.configure(&role("example", "ubuntu", ""));
    World::new(env)
}

fn rename_role(program: &Program) -> World {
    let env = applied(program, &role("example", "root", ""));
    env.configure(&role("other", "root", ""));
    World::new(env).deleting(&["example"])
}

fn rename_role_creating_first(program: &Program) -> World {
    let env = applied(program, &role("example", "root", CREATE_FIRST));
    env.configure(&role("other", "root", CREATE_FIRST));
    World::new(env).deleting(&["example"])
}

fn delete_role(program: &Program) -> World {
    let env = applied(program, &role("example", "root", ""));
    World::new(env).deleting(&["example"]).running(DESTROY)
}

fn import_role(program: &Program) -> World {
    let env = applied(program, &role("example", "root", ""));
    env.run(&["state", "rm", ROLE]).succeeded();
    let block = format!("import {{\n  to = {ROLE}\n  id = \"example\"\n}}\n");
    env.configure(&format!("{block}{}", role("example", "root", "")));
    World::new(env)
}

/// A Teleport Cloud that has the workload cluster `team-a`, and credentials that it lets in.
fn with_child(program: &Program) -> (TestEnv, String) {
    let mut env = TestEnv::with_team_a(program);
    env.be_aws_identity("123456789012");
    let domain = env.simulator.proxy_address().replace("parent.", "team-a.");
    (env, domain)
}

fn join_child(program: &Program) -> World {
    let (env, domain) = with_child(program);
    let cluster = format!("cluster = {domain:?}");
    env.configure(&role("example", "root", &cluster));
    World::new(env)
}

fn ephemeral_identity(program: &Program) -> World {
    let (env, domain) = with_child(program);
    env.configure(&format!(
        r#"
ephemeral "teleport_identity" "this" {{
  address = {domain:?}
}}
resource "terraform_data" "program" {{
  provisioner "local-exec" {{
    command     = "test -n \"$IDENTITY\""
    environment = {{ IDENTITY = ephemeral.teleport_identity.this.identity_file }}
  }}
}}
"#
    ));
    World::new(env)
}

fn complete_example(program: &Program) -> World {
    World::new(Complete::new(program).env)
}

fn tenants_example(program: &Program) -> World {
    let mut env = TestEnv::new(program);
    env.be_aws_identity("123456789012");
    env.copy_tenants_example();
    World::new(env)
}

const CREATE_FIRST: &str = "lifecycle {\n    create_before_destroy = true\n  }";
const DESTROY: &[&str] = &["destroy", "-json", "-auto-approve"];
