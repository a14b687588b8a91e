//! The example, run against the simulator.

use std::{env, process::Command};

use teleport_simulator::{NewCluster, Options, Scenario, Simulator};

#[tokio::test(flavor = "multi_thread")]
async fn the_example_lists_the_workload_clusters() {
    let cluster = |name: &str| NewCluster {
        name: name.to_owned(),
        spec: serde_json::from_str(SPEC).unwrap(),
        ..NewCluster::default()
    };
    let scenario = Scenario {
        clusters: vec![cluster("acme"), cluster("globex")],
        ..Scenario::default()
    };
    let simulator = Simulator::start(Options::default().scenario(scenario))
        .await
        .unwrap();
    // Cargo builds examples next to the folder of tests.
    let test = env::current_exe().unwrap();
    let example = test.ancestors().nth(2).unwrap();
    let example = example.join("examples/list_workload_clusters");
    let output = tokio::task::spawn_blocking({
        let (address, identity_file) = (
            simulator.proxy_address(),
            simulator.identity_file().to_owned(),
        );
        move || {
            let mut command = Command::new(example);
            command.arg(address).arg(identity_file).arg("--insecure");
            command.output().unwrap()
        }
    })
    .await
    .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "acme\nglobex\n");
    simulator.shutdown().await;
}

const SPEC: &str = r#"{
    "regions": [{"name": "us-west-2"}],
    "bot": {"name": "builder"},
    "token": {"join_method": "iam", "allow": [{"aws_account": "123456789012"}]}
}"#;
