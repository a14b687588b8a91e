//! The simulated Teleport Cloud that the provider works on.

use std::time::Duration;

use serde_json::{Value, json};
use teleport_simulator::{
    Allow, Bot, NewCluster, Options, Region, Scenario, Simulator, Spec, Token,
};

/// A simulated Teleport Cloud on which nothing becomes active by itself.
pub(crate) struct Cloud {
    simulator: Simulator,
    kind: Kind,
    count: usize,
}

/// What there are many of.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Cluster,
    Role,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::Cluster, Self::Role];

    /// The resource type.
    pub(crate) fn type_name(self) -> &'static str {
        match self {
            Self::Cluster => "teleport_workload_cluster",
            Self::Role => "teleport_role",
        }
    }

    pub(crate) fn plural(self) -> &'static str {
        match self {
            Self::Cluster => "clusters",
            Self::Role => "roles",
        }
    }
}

impl Cloud {
    /// One that has so many active workload clusters, or so many roles in the parent.
    pub(crate) async fn with(kind: Kind, count: usize) -> Self {
        let cluster = |index| NewCluster {
            name: name(index),
            spec: spec(),
            ..NewCluster::default()
        };
        let scenario = Scenario {
            clusters: match kind {
                Kind::Cluster => (0..count).map(cluster).collect(),
                Kind::Role => Vec::new(),
            },
            provisioning: NEVER,
            ..Scenario::default()
        };
        let simulator = Simulator::start(Options::default().scenario(scenario))
            .await
            .unwrap();
        let cloud = Self {
            simulator,
            kind,
            count,
        };
        if let Kind::Role = kind {
            for name in cloud.names() {
                let role = stored(cloud.block(&name));
                cloud.simulator.put_object("parent", "role", &role).unwrap();
            }
        }
        cloud
    }

    /// The resource type of what it has many of.
    pub(crate) fn type_name(&self) -> &'static str {
        self.kind.type_name()
    }

    /// The names of the objects that it started with.
    pub(crate) fn names(&self) -> Vec<String> {
        (0..self.count).map(name).collect()
    }

    /// The configuration of such an object.
    pub(crate) fn block(&self, name: &str) -> Value {
        match self.kind {
            Kind::Cluster => json!({ "metadata": { "name": name }, "spec": spec() }),
            Kind::Role => json!({
                "version": "v7",
                "metadata": { "name": name, "description": "What it may do", "labels": { "team": "platform" } },
                "spec": {
                    "allow": {
                        "logins": ["root", "ubuntu"],
                        "node_labels": { "env": ["dev", "staging"] },
                        "rules": [{ "resources": ["session"], "verbs": ["list", "read"] }],
                    },
                    "options": { "max_session_ttl": "8h0m0s", "forward_agent": false },
                },
            }),
        }
    }

    /// Finishes a cluster.
    pub(crate) fn activate(&self, name: &str) {
        self.simulator.set_state(name, "active").unwrap();
    }

    /// Address for the provider.
    pub(crate) fn address(&self) -> String {
        self.simulator.proxy_address()
    }

    /// Identity file for the provider.
    pub(crate) fn identity_file(&self) -> &str {
        self.simulator.identity_file().to_str().unwrap()
    }

    /// The certificate authority that the provider must trust.
    pub(crate) fn ca_file(&self) -> &str {
        self.simulator.ca_file().to_str().unwrap()
    }

    /// Stops it.
    pub(crate) async fn end(self) {
        self.simulator.shutdown().await;
    }
}

/// The role of a block as a cluster stores it.
fn stored(mut role: Value) -> Value {
    let spec = &mut role["spec"];
    let labels = &mut spec["allow"]["node_labels"];
    let environments = labels["env"].take();
    *labels = json!({ "values": { "env": { "values": environments } } });
    spec["options"]["max_session_ttl"] = json!(8 * 60 * 60 * 1_000_000_000_i64);
    role
}

/// What every cluster here is.
pub(crate) fn spec() -> Spec {
    Spec {
        regions: vec![Region {
            name: "us-west-2".to_owned(),
        }],
        bot: Some(Bot {
            name: "terraform".to_owned(),
        }),
        token: Some(Token {
            join_method: "iam".to_owned(),
            allow: vec![Allow {
                aws_account: "123456789012".to_owned(),
                aws_arn: "arn:aws:sts::123456789012:assumed-role/terraform/*".to_owned(),
            }],
        }),
    }
}

fn name(index: usize) -> String {
    format!("c{index:04}")
}

const NEVER: Duration = Duration::from_secs(24 * 60 * 60);
