//! The page of the control API, in a real browser without a screen.
//!
//! Without Chromium the tests are shown as `ignored`. `UPDATE=1 cargo test -p teleport-simulator --test page` writes the
//! picture in the documentation.

// The exception for tests covers test functions, not what they share.
#![allow(clippy::unwrap_used)]

mod browser;
#[allow(dead_code, reason = "the tests of the library use more of it")]
#[path = "../../src/tests/dial.rs"]
mod dial;

use std::{fs, path::Path, process::ExitCode, time::Duration};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use teleport_proto::teleport::workloadcluster::v1::{
    GetWorkloadClusterRequest, workload_cluster_service_client::WorkloadClusterServiceClient,
};
use teleport_simulator::{ClusterChange, Fault, Options, RoleChange, Simulator, UserChange};
use tokio::runtime::Runtime;
use tonic::{Code, transport::Channel};

use self::browser::Browser;

type Test = fn(&Runtime, &mut Browser);

const TESTS: [(&str, Test); 4] = [
    ("the_page_shows_what_there_is", the_page_shows_what_there_is),
    (
        "texts_of_clients_are_only_text",
        texts_of_clients_are_only_text,
    ),
    ("buttons_change_the_simulator", buttons_change_the_simulator),
    (
        "the_picture_of_the_documentation_can_be_taken",
        the_picture_of_the_documentation_can_be_taken,
    ),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = TESTS.map(|(name, test)| {
        Trial::ignorable_test(name, move || -> Result<Completion, Failed> {
            let Some(program) = browser::find() else {
                return Ok(Completion::ignored_with("no chromium on PATH"));
            };
            test(&Runtime::new()?, &mut Browser::start(&program));
            Ok(Completion::Completed)
        })
    });
    libtest_mimic::run(&arguments, trials.into()).exit_code()
}

fn the_page_shows_what_there_is(runtime: &Runtime, browser: &mut Browser) {
    let simulator = with_some_things(runtime);
    runtime.block_on(get(&simulator, "acme-dev"));
    let mut page = browser.open(&simulator.control_url());
    page.wait_for("text('clusters').includes('acme-prod')");
    let clusters = page.text("clusters");
    for part in [
        "parent",
        "acme-dev",
        "active",
        "acme-dev.localhost:",
        "creating",
    ] {
        assert!(clusters.contains(part), "{part}: {clusters}");
    }
    assert!(page.text("held").contains("acme-old"));
    let faults = page.text("faults");
    assert!(
        faults.contains("CreateUser") && faults.contains("unavailable"),
        "{faults}"
    );
    let calls = page.text("calls");
    for part in ["GetWorkloadCluster", "acme-dev", "bot-terraform", "ok"] {
        assert!(calls.contains(part), "{part}: {calls}");
    }
    page.wait_for("text('chosen') === 'In parent' && text('contents').includes('Roles')");

    page.click("#clusters button.name", "acme-dev");
    page.wait_for("text('chosen') === 'In acme-dev' && text('contents').includes('alice')");
    let contents = page.text("contents");
    for part in [
        "developer",
        "alice",
        "Join tokens (1)",
        "Bots (1)",
        "terraform",
    ] {
        assert!(contents.contains(part), "{part}: {contents}");
    }
    page.click("#clusters button.name", "acme-prod");
    page.wait_for("text('contents').includes('no cluster runs')");

    // It is live.
    simulator.set_state("acme-prod", "suspended").unwrap();
    page.wait_for("text('clusters').includes('suspended')");
}

fn texts_of_clients_are_only_text(runtime: &Runtime, browser: &mut Browser) {
    let simulator = start(runtime, &format!("held_names = [{HOSTILE:?}]"));
    let spec = ClusterChange {
        spec: Some(serde_json::from_str(SPEC).unwrap()),
        state: Some(HOSTILE.to_owned()),
        domain: Some(HOSTILE.to_owned()),
        message: Some(HOSTILE.to_owned()),
        ..ClusterChange::default()
    };
    simulator.change_cluster("acme", spec).unwrap();
    let role = RoleChange {
        description: Some(HOSTILE.to_owned()),
        ..RoleChange::default()
    };
    simulator.change_role("parent", "developer", role).unwrap();
    simulator
        .add_fault(Fault::code("Ping", Code::Unavailable).cluster(HOSTILE))
        .unwrap();
    runtime.block_on(get(&simulator, HOSTILE));

    let mut page = browser.open(&simulator.control_url());
    page.wait_for("text('contents').includes('Roles')");
    page.evaluate("document.querySelectorAll('details').forEach((found) => { found.open = true })");
    for id in ["clusters", "held", "contents", "faults", "calls"] {
        let text = page.text(id);
        assert!(text.contains(HOSTILE), "{id}: {text}");
    }
    // A text that is taken for an element would have run by now, or stand among the elements.
    let found = page.evaluate("document.querySelectorAll('img, main script').length");
    assert_eq!(found, 0);
    assert_eq!(page.evaluate("typeof window.pwned"), "undefined");
}

fn buttons_change_the_simulator(runtime: &Runtime, browser: &mut Browser) {
    let simulator = with_some_things(runtime);
    let mut page = browser.open(&simulator.control_url());
    page.wait_for("text('clusters').includes('acme-dev')");

    page.evaluate("at('new-name').value = 'made-here'; at('new-cluster').click()");
    page.wait_for("text('clusters').includes('made-here')");
    assert!(simulator.cluster("made-here").is_some());
    page.evaluate("at('new-name').value = 'Not A Label'; at('new-cluster').click()");
    page.wait_for("text('message').includes('Not A Label')");

    page.evaluate(
        "{ const select = document.querySelector('select[aria-label=\"state of acme-prod\"]');
           select.value = 'error'; select.onchange(); }",
    );
    page.wait_for("document.querySelector('#clusters .bad')?.textContent === 'error'");
    assert_eq!(simulator.cluster("acme-prod").unwrap().state, "error");
    page.click("#held button", "Release");
    page.wait_for("text('held') === 'none'");
    assert!(simulator.held_names().is_empty());

    page.click("#clear-faults", "Clear");
    page.wait_for("text('faults') === 'none'");
    assert!(simulator.faults().is_empty());
    page.evaluate(
        "at('fault-rpc').value = 'GetUser'; at('fault-times').value = 3; at('add-fault').click()",
    );
    page.wait_for("text('faults').includes('GetUser')");
    let fault = Fault::code("GetUser", Code::Unavailable).times(3);
    assert_eq!(simulator.faults(), [fault]);

    page.evaluate("at('lag').value = '2s'; at('set-lag').click()");
    page.wait_for("shown.size > 0 && text('message') === ''");
    runtime.block_on(get(&simulator, "acme-dev"));
    page.wait_for("text('calls').includes('GetWorkloadCluster')");
    assert_eq!(simulator.read_lag(), Duration::from_secs(2));
    page.click("#clear-calls", "Clear");
    page.wait_for("text('calls') === ''");
    assert!(simulator.calls().is_empty());

    page.click("#clusters button.name", "acme-dev");
    page.wait_for("text('chosen') === 'In acme-dev' && text('contents').includes('alice')");
    page.evaluate(
        "[...document.querySelectorAll('#contents tr')]
           .find((row) => row.querySelector('summary').textContent === 'alice')
           .querySelector('td.actions button:last-child').click()",
    );
    page.wait_for("!text('contents').includes('alice')");
    assert!(
        simulator
            .users("acme-dev")
            .unwrap()
            .iter()
            .all(|user| user.name != "alice")
    );
}

fn the_picture_of_the_documentation_can_be_taken(runtime: &Runtime, browser: &mut Browser) {
    let simulator = with_some_things(runtime);
    for name in ["acme-dev", "acme-prod", "acme-test"] {
        runtime.block_on(get(&simulator, name));
    }
    let mut page = browser.open(&simulator.control_url());
    page.wait_for("text('clusters').includes('acme-dev')");
    page.click("#clusters button.name", "acme-dev");
    page.wait_for("text('contents').includes('alice')");
    let png = page.picture();
    assert!(png.starts_with(b"\x89PNG"));
    assert!(png.len() < MOST_BYTES, "{} bytes", png.len());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides/images/simulator.png");
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, png).unwrap();
    }
    assert!(path.is_file());
}

/// A simulator with a running cluster that has a user, one that is not there yet, a held name, and a fault to come.
fn with_some_things(runtime: &Runtime) -> Simulator {
    let simulator = start(runtime, "held_names = ['acme-old']");
    for (name, state) in [("acme-dev", "active"), ("acme-prod", "creating")] {
        let change = ClusterChange {
            spec: Some(serde_json::from_str(SPEC).unwrap()),
            state: Some(state.to_owned()),
            ..ClusterChange::default()
        };
        simulator.change_cluster(name, change).unwrap();
    }
    let role = RoleChange::default();
    simulator
        .change_role("acme-dev", "developer", role)
        .unwrap();
    let user = UserChange {
        roles: Some(vec!["developer".to_owned()]),
        ..UserChange::default()
    };
    simulator.change_user("acme-dev", "alice", user).unwrap();
    simulator
        .add_fault(Fault::code("CreateUser", Code::Unavailable))
        .unwrap();
    simulator
}

fn start(runtime: &Runtime, scenario: &str) -> Simulator {
    let options = Options::default().scenario(scenario.parse().unwrap());
    runtime.block_on(Simulator::start(options)).unwrap()
}

/// Reads a workload cluster as a client does, whatever is answered.
async fn get(simulator: &Simulator, name: &str) {
    let identity = dial::Identity::read(simulator.identity_file());
    let alpn = dial::auth_protocols("parent.localhost");
    let address = simulator.auth_address().parse().unwrap();
    let channel: Channel = dial::channel(address, &identity, &alpn).await;
    let request = GetWorkloadClusterRequest {
        name: name.to_owned(),
    };
    let _ = WorkloadClusterServiceClient::new(channel)
        .get_workload_cluster(request)
        .await;
}

const SPEC: &str = r#"{"regions": [{"name": "us-west-2"}], "bot": {"name": "terraform"},
    "token": {"join_method": "iam", "allow": [{"aws_account": "123456789012"}]}}"#;
const HOSTILE: &str = "<img src=x onerror='window.pwned = 1'>";
const MOST_BYTES: usize = 200_000;
