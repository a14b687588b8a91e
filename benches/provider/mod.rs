//! What is measured, in this order.

// All of this is test code, the functions between the tests too.
#![allow(clippy::unwrap_used)]

mod cloud;
mod machine;
mod plugin;
mod process;
mod report;
mod terraform;

#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/protocol/host/mod.rs"]
mod host;
#[allow(
    dead_code,
    clippy::print_stderr,
    reason = "the tests use more of it, and it names what it skips"
)]
#[path = "../../tests/support/programs.rs"]
mod programs;

use std::{
    env,
    time::{Duration, Instant},
};

use cloud::{Cloud, Kind};
use futures_util::future::join_all;
use host::{Host, Launch};
use plugin::Plugin;
use process::Usage;
use programs::Program;
use report::{Report, Unit};
use tokio::{runtime::Runtime, time::sleep};

/// Measures and reports. Arguments name the parts that are wanted; without any it is all of them.
pub(crate) fn main() {
    // Cargo adds options of its own.
    let parts: Vec<_> = env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|name| name == part);
    let mut report = Report::new(machine::describe());
    Runtime::new().unwrap().block_on(async {
        if wanted("start") {
            start(&mut report).await;
        }
        if wanted("schema") {
            schema_and_idle(&mut report).await;
        }
        if wanted("refresh") {
            for clusters in COUNTS {
                refresh(clusters, &mut report).await;
            }
        }
        if wanted("terraform") {
            with_programs(&mut report).await;
        }
        if wanted("create") {
            for waited in WAITED {
                creation(waited, &mut report).await;
            }
        }
    });
    report.print();
}

async fn start(report: &mut Report) {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let launch = Launch::program(machine::provider());
        let begin = Instant::now();
        let mut process = launch.spawn();
        process.handshake().await;
        times.push(begin.elapsed());
    }
    report.times("process start to handshake line", &times, Some(65.0));
}

async fn schema_and_idle(report: &mut Report) {
    let (mut times, mut resident, mut proportional) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let host = Host::launch(Launch::program(machine::provider())).await;
        let begin = Instant::now();
        plugin::schema(&host).await;
        times.push(begin.elapsed());
        let usage = Usage::of(host.process.pid());
        resident.push(usage.resident);
        proportional.push(usage.proportional);
        host.shut_down().await;
    }
    report.times("GetProviderSchema, first call", &times, Some(27.0));
    report.sizes("resident memory after the schema", &resident, Some(90.0));
    report.sizes("the same, shared pages in proportion", &proportional, None);
}

/// A plan without changes, as far as the provider takes part in it.
async fn refresh(clusters: usize, report: &mut Report) {
    let cloud = Cloud::with(Kind::Cluster, clusters).await;
    let stored = Plugin::start(&cloud).await.import_all(&cloud.names()).await;

    let plugin = Plugin::start(&cloud).await;
    let begin = Instant::now();
    plugin.refresh_all(&stored).await;
    let wall = begin.elapsed();
    let usage = Usage::of(plugin.pid());
    plugin.end().await;
    cloud.end().await;

    let official = |figure| (clusters == 1_000).then_some(figure);
    let name = |what| format!("refresh and plan of {clusters}, driven by the test host: {what}");
    report.times(&name("wall time"), &[wall], None);
    report.figure(
        &name("processor time of the process"),
        Unit::Seconds,
        usage.cpu.as_secs_f64(),
        official(78.0),
    );
    report.sizes(
        &name("peak resident memory"),
        &[usage.peak],
        official(266.0),
    );
}

async fn with_programs(report: &mut Report) {
    for program in programs::programs() {
        for (kind, count) in Kind::ALL
            .into_iter()
            .flat_map(|kind| COUNTS.map(|count| (kind, count)))
        {
            let cloud = Cloud::with(kind, count).await;
            let run = terraform::plan(&program, &cloud).await;
            cloud.end().await;

            // That was a plan of roles.
            let official = |figure| (count == 1_000).then_some(figure);
            let name = |what| {
                let Program {
                    kind: program,
                    version,
                    ..
                } = &program;
                format!(
                    "{program} {version} plan of {count} {}: {what}",
                    kind.plural()
                )
            };
            let mut seconds = |what, time: Duration, official| {
                report.figure(&name(what), Unit::Seconds, time.as_secs_f64(), official);
            };
            seconds("wall time", run.wall, None);
            seconds("processor time of the program", run.own_cpu, None);
            seconds("processor time of the provider", run.cpu, official(78.0));
            report.sizes(
                &name("peak resident memory of the provider"),
                &[run.peak],
                official(266.0),
            );
        }
    }
}

/// How long after a cluster became active the creation that waits for it returns.
async fn creation(waited: Duration, report: &mut Report) {
    let cloud = Cloud::with(Kind::Cluster, 0).await;
    let plugin = Plugin::start(&cloud).await;
    let names: Vec<_> = (0..CREATIONS).map(|index| format!("new{index}")).collect();
    let delays = join_all(names.iter().enumerate().map(|(index, name)| {
        let (plugin, cloud) = (&plugin, &cloud);
        async move {
            let create = async {
                plugin.create(name).await;
                Instant::now()
            };
            let activate = async {
                // Not all at once, so that no common beat of theirs is measured.
                sleep(waited + SPREAD * u32::try_from(index).unwrap()).await;
                cloud.activate(name);
                Instant::now()
            };
            let (returned, active) = tokio::join!(create, activate);
            returned.duration_since(active)
        }
    }))
    .await;
    plugin.end().await;
    cloud.end().await;
    let name = format!(
        "active on the server to the creation's return, {} s after its start",
        waited.as_secs()
    );
    report.times(&format!("{name}: median"), &delays, None);
    report.times(
        &format!("{name}: longest"),
        delays
            .iter()
            .max()
            .into_iter()
            .copied()
            .collect::<Vec<_>>()
            .as_slice(),
        None,
    );
}

const STARTS: usize = 25;
const COUNTS: [usize; 3] = [1, 100, 1_000];
const CREATIONS: usize = 20;
const SPREAD: Duration = Duration::from_millis(100);
/// The looks become rarer with time.
const WAITED: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(60)];
