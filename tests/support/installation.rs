//! The provider as users have it: installed from a filesystem mirror by `init`, with a lock file.
//!
//! That is done once per program and test run. A working folder gets a copy of the lock file and shares the folder that
//! `init` filled (`TF_DATA_DIR`), which nothing writes to afterwards.

use std::{
    collections::HashMap,
    env::consts,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex, PoisonError},
};

use super::programs::Program;

/// Where the provider is installed for a program.
#[derive(Debug)]
pub(crate) struct Installation {
    /// The CLI configuration file that knows the mirror and nothing else.
    pub(crate) cli_config: PathBuf,
    /// The data folder that `init` filled.
    pub(crate) data: PathBuf,
    /// The lock file that `init` wrote.
    pub(crate) lock: PathBuf,
    /// That of a configuration which names the official provider, too.
    pub(crate) lock_with_official: PathBuf,
}

/// The name of a lock file.
pub(crate) const LOCK_FILE: &str = ".terraform.lock.hcl";

/// Where the official provider comes from. The program under test is installed there too, since core asks every provider that
/// a state names for its schema.
pub(crate) const OFFICIAL: &str = "terraform.releases.teleport.dev/gravitational/teleport";

/// The block that every configuration begins with.
pub(crate) const REQUIRED: &str = r#"
terraform {
  required_providers {
    teleport = {
      source = "teleport-community/teleport"
    }
  }
}
"#;

impl Installation {
    /// The installation for `program`, which is made the first time that it is asked for.
    ///
    /// # Panics
    ///
    /// Panics if `init` fails.
    pub(crate) fn of(program: &Program) -> Arc<Self> {
        static MADE: Mutex<Option<HashMap<String, Arc<Installation>>>> = Mutex::new(None);
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        let installation = made
            .get_or_insert_default()
            .entry(program.name())
            .or_insert_with(|| {
                Arc::new(Self::make(program).expect("the provider must be installable"))
            });
        Arc::clone(installation)
    }

    fn make(program: &Program) -> io::Result<Self> {
        let folder =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("installed-{}", program.name()));
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        let mirror = folder.join("mirror");
        put(
            &mirror,
            &format!(
                "{}/teleport-community/teleport",
                program.kind.registry_host()
            ),
            VERSION,
        )?;
        put(&mirror, OFFICIAL, "18.0.0")?;
        let installation = Self {
            cli_config: folder.join("cli.tfrc"),
            data: folder.join("data"),
            lock: folder.join(LOCK_FILE),
            lock_with_official: folder.join("with-official.lock.hcl"),
        };
        let settings = format!(
            "provider_installation {{\n  filesystem_mirror {{\n    path = {mirror:?}\n  }}\n}}\n"
        );
        fs::write(&installation.cli_config, settings)?;
        let official = format!("official = {{\n source = {OFFICIAL:?}\n }}\n    teleport =");
        let with_official = REQUIRED.replacen("teleport =", &official, 1);
        installation.init(program, &folder, &with_official)?;
        fs::rename(&installation.lock, &installation.lock_with_official)?;
        installation.init(program, &folder, REQUIRED)?;
        Ok(installation)
    }

    /// Installs what the configuration names, and writes the lock file.
    fn init(&self, program: &Program, folder: &Path, configuration: &str) -> io::Result<()> {
        fs::write(folder.join("main.tf"), configuration)?;
        let output = program
            .command(folder, &self.cli_config)
            .env("TF_DATA_DIR", &self.data)
            .args(["init", "-no-color"])
            .output()?;
        assert!(
            output.status.success(),
            "init failed:\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }
}

/// Puts the provider into a mirror, as the package that this source address names.
fn put(mirror: &Path, source: &str, version: &str) -> io::Result<()> {
    let system = match consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let architecture = match consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let package = mirror
        .join(source)
        .join(version)
        .join(format!("{system}_{architecture}"));
    fs::create_dir_all(&package)?;
    // Every command computes the hash of every locked package, and half of a debug build is symbols.
    let built = env!("CARGO_BIN_EXE_terraform-provider-teleport");
    let installed = package.join(format!("terraform-provider-teleport_v{version}"));
    let strip = Command::new("strip")
        .arg("-o")
        .args([&installed, Path::new(built)])
        .status();
    if !strip.is_ok_and(|status| status.success()) {
        fs::hard_link(built, installed)?;
    }
    Ok(())
}

const VERSION: &str = env!("CARGO_PKG_VERSION");
