//! What `make release` built.

use std::{
    env,
    env::consts,
    ffi::OsStr,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::support::zip::unpacked;

/// The version of this package.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Every platform that a release may have.
pub(crate) const PLATFORMS: [&str; 5] = [
    "linux_amd64",
    "linux_arm64",
    "windows_amd64",
    "darwin_amd64",
    "darwin_arm64",
];

/// The platform of this machine.
pub(crate) fn own_platform() -> String {
    let system = match consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let architecture = match consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("{system}_{architecture}")
}

/// The folder of the release.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("dist")
}

/// A file of the release, such as `SHA256SUMS`.
///
/// # Errors
///
/// Says that it was not built.
pub(crate) fn file(end: &str) -> Result<PathBuf, String> {
    let name = format!("terraform-provider-teleport_{VERSION}_{end}");
    let path = folder().join(&name);
    if path.is_file() {
        Ok(path)
    } else {
        Err(format!("no dist/{name}: make release"))
    }
}

/// The zip of a platform.
///
/// # Errors
///
/// Says that it was not built.
pub(crate) fn zip(platform: &str) -> Result<PathBuf, String> {
    file(&format!("{platform}.zip"))
}

/// The program of a zip, unpacked.
pub(crate) struct Unpacked {
    folder: TempDir,
    suffix: &'static str,
}

impl Unpacked {
    /// # Errors
    ///
    /// Says that the zip was not built.
    pub(crate) fn of(platform: &str) -> Result<Self, String> {
        let folder = unpacked(&zip(platform)?);
        let suffix = if platform.starts_with("windows") {
            ".exe"
        } else {
            ""
        };
        let unpacked = Self { folder, suffix };
        fs::set_permissions(unpacked.program(), fs::Permissions::from_mode(0o755)).unwrap();
        Ok(unpacked)
    }

    pub(crate) fn program(&self) -> PathBuf {
        let name = format!("terraform-provider-teleport_v{VERSION}{}", self.suffix);
        self.folder.path().join(name)
    }

    /// The names of what is in the zip, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// Whether an ELF program runs without a loader, and so without any library of the system.
pub(crate) fn is_static(program: &[u8]) -> bool {
    let (headers, size, count) = (
        number(program, 0x20, 8),
        number(program, 0x36, 2),
        number(program, 0x38, 2),
    );
    assert!(count > 0);
    (0..count).all(|index| number(program, headers + index * size, 4) != PT_INTERP)
}

/// Whether an ELF program runs wherever in memory it is loaded.
pub(crate) fn is_position_independent(program: &[u8]) -> bool {
    number(program, 0x10, 2) == ET_DYN
}

/// A number in an ELF program of 64 bits.
fn number(program: &[u8], at: usize, bytes: usize) -> usize {
    assert_eq!(&program[..5], b"\x7fELF\x02", "it must be a 64-bit ELF");
    let bytes = &program[at..at + bytes];
    bytes
        .iter()
        .rev()
        .fold(0, |number, byte| number << 8 | usize::from(*byte))
}

/// The first of some programs that is on `PATH`.
///
/// # Errors
///
/// Says that none is.
pub(crate) fn tool(names: &[&str]) -> Result<PathBuf, String> {
    let folders = env::var_os("PATH").unwrap_or_default();
    let found = names.iter().find_map(|name| {
        env::split_paths(&folders)
            .map(|folder| folder.join(OsStr::new(name)))
            .find(|path| path.is_file())
    });
    found.ok_or_else(|| format!("no {} on PATH", names.join(" or ")))
}

/// The program header that names a loader.
const PT_INTERP: usize = 3;
/// The type of a program that can be loaded anywhere.
const ET_DYN: usize = 3;
