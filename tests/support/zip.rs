//! Zips, which Python unpacks.

use std::{path::Path, process::Command};

use tempfile::TempDir;

/// A folder with what is in a zip. Which of the files can be executed is not kept.
#[track_caller]
pub(crate) fn unpacked(zip: &Path) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder must be creatable");
    let status = Command::new("python3")
        .args(["-m", "zipfile", "-e"])
        .args([zip, folder.path()])
        .status()
        .expect("the tests need python3");
    assert!(status.success(), "{zip:?}: {status}");
    folder
}
