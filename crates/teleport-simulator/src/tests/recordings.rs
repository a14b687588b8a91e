//! Replays what was asked of a real server, and compares the answers. `tests/recordings/README.md` says what is in a recording.

mod replay;
mod steps;

use std::{env, fs, path::PathBuf};

use self::replay::{Recording, Replay};
use super::*;

/// Texts by which the cases are known that differ when the simulator is Teleport Cloud, and why they differ. The
/// open-source edition differs nowhere.
const CLOUD_DIFFERS: [(&str, &str); 4] = [
    ("requires Teleport Enterprise", LICENCE),
    ("only available in enterprise subscriptions", LICENCE),
    ("only available with an enterprise license", LICENCE),
    ("can not delete system role", "Cloud has no role \"admin\""),
];
const LICENCE: &str = "Cloud has the Enterprise licence that the recorded server lacked";

#[tokio::test]
async fn the_open_source_edition_answers_as_recorded() {
    replay("edition = 'oss'", |_| true).await;
}

#[tokio::test]
async fn teleport_cloud_answers_as_recorded_but_for_what_needs_a_licence() {
    for (text, reason) in CLOUD_DIFFERS {
        let known = |recording: &Recording| recording.says(text);
        let recordings = recordings();
        assert!(recordings.iter().any(known), "no case for: {reason}");
    }
    let differs =
        |recording: &Recording| CLOUD_DIFFERS.iter().any(|(text, _)| recording.says(text));
    replay("", |recording| !differs(recording)).await;
}

async fn replay(scenario: &str, wanted: impl Fn(&Recording) -> bool) {
    let simulator = start(scenario).await;
    let mut replay = Replay::new(&simulator).await;
    for recording in recordings().iter().filter(|recording| wanted(recording)) {
        replay.play(recording).await;
    }
    replay.finish();
}

fn recordings() -> Vec<Recording> {
    let texts = files()
        .into_iter()
        .map(|file| fs::read_to_string(file).unwrap());
    let text: String = texts.collect();
    let recording = |line| serde_json::from_str(line).unwrap();
    text.lines().map(recording).collect()
}

fn files() -> Vec<PathBuf> {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recordings");
    let folder = env::var_os("RECORDINGS_DIR").unwrap_or_else(|| own.into());
    let entries = fs::read_dir(&folder).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|end| end == "jsonl"));
    files.sort_unstable();
    assert!(!files.is_empty(), "no recordings in {folder:?}");
    files
}
