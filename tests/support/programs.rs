//! Finds the programs that the acceptance tests drive: `terraform` and `tofu`.
//!
//! Each one is looked for in this order: the variable that names it (`TERRAFORM_PATH`, `TOFU_PATH`), the folders of
//! `PATH`, the build folder (`build/tofu`, where `make tofu` puts it). A variable that is set and empty leaves the
//! program out on purpose. One that is not there is skipped by name; one that a variable names and that does not run
//! is an error, since somebody meant it to.

use std::{
    env,
    ffi::OsString,
    fmt,
    path::{self, Path, PathBuf},
    process::{Command, Stdio},
};

/// The programs that are there; each one that is not is reported by name on stderr.
///
/// # Panics
///
/// Panics if a variable names a program that does not run.
pub(crate) fn programs() -> Vec<Program> {
    let search = Search::from_process();
    Kind::ALL
        .into_iter()
        .filter_map(|kind| match search.find(kind) {
            Ok(program) => Some(program),
            Err(NotFound::Skipped(reason)) => {
                eprintln!("skipped: {kind} ({reason})");
                None
            }
            Err(NotFound::Broken(reason)) => panic!("{kind}: {reason}"),
        })
        .collect()
}

/// The columns of the acceptance matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Terraform,
    OpenTofu,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::Terraform, Self::OpenTofu];

    /// The name of the executable.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Terraform => "terraform",
            Self::OpenTofu => "tofu",
        }
    }

    /// The environment variable that names the executable.
    pub(crate) fn variable(self) -> &'static str {
        match self {
            Self::Terraform => "TERRAFORM_PATH",
            Self::OpenTofu => "TOFU_PATH",
        }
    }

    /// The host that a source address without one belongs to.
    pub(crate) fn registry_host(self) -> &'static str {
        match self {
            Self::Terraform => "registry.terraform.io",
            Self::OpenTofu => "registry.opentofu.org",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A program that is there and runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) kind: Kind,
    pub(crate) path: PathBuf,
    /// As the program says it, for example `1.11.4`.
    pub(crate) version: String,
}

impl Program {
    /// A command of this program in `directory`, which sees nothing of the caller's environment but `PATH`: no
    /// credentials, no `TF_` variables. `cli_config` is its CLI configuration file.
    pub(crate) fn command(&self, directory: &Path, cli_config: &Path) -> Command {
        let mut command = Command::new(&self.path);
        command
            .current_dir(directory)
            .env_clear()
            .envs(env::var_os("PATH").map(|path| ("PATH", path)))
            .env("HOME", directory)
            .env("TF_CLI_CONFIG_FILE", cli_config)
            .env("TF_IN_AUTOMATION", "1")
            .env("CHECKPOINT_DISABLE", "1")
            .stdin(Stdio::null());
        command
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} ({})",
            self.kind,
            self.version,
            self.path.display()
        )
    }
}

/// Why a program is not in the matrix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NotFound {
    /// It is not there, or left out on purpose.
    Skipped(String),
    /// It was asked for, and does not run.
    Broken(String),
}

/// Where to look.
pub(crate) struct Search<'a> {
    /// The environment.
    pub(crate) variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// The build folder of the repository.
    pub(crate) build: PathBuf,
}

impl Search<'static> {
    /// The environment and the repository of this process.
    pub(crate) fn from_process() -> Self {
        Self {
            variable: &|name| env::var_os(name),
            build: Path::new(env!("CARGO_MANIFEST_DIR")).join("build"),
        }
    }
}

impl Search<'_> {
    /// # Errors
    ///
    /// [`NotFound`] says where it was looked for, or why what was found is of no use.
    pub(crate) fn find(&self, kind: Kind) -> Result<Program, NotFound> {
        let variable = kind.variable();
        if let Some(path) = (self.variable)(variable) {
            if path.is_empty() {
                return Err(NotFound::Skipped(format!("{variable} is empty")));
            }
            let path = anchored(PathBuf::from(path));
            return match version(&path) {
                Ok(version) => Ok(Program {
                    kind,
                    path,
                    version,
                }),
                Err(reason) => Err(NotFound::Broken(format!("{variable}: {reason}"))),
            };
        }
        let folders = (self.variable)("PATH").unwrap_or_default();
        let built = self.build.join(kind.name());
        let mut reasons = vec![format!("{variable} is not set, PATH does not have it")];
        for path in env::split_paths(&folders)
            .map(|folder| anchored(folder.join(kind.name())))
            .chain([built.clone()])
            .filter(|path| path.is_file())
        {
            match version(&path) {
                Ok(version) => {
                    return Ok(Program {
                        kind,
                        path,
                        version,
                    });
                }
                Err(reason) => reasons.push(reason),
            }
        }
        if !built.is_file() {
            reasons.push(format!("no {}", built.display()));
        }
        Err(NotFound::Skipped(format!(
            "not found: {}",
            reasons.join("; ")
        )))
    }
}

/// A path that holds in another working folder; a name without a folder is left to `PATH`.
fn anchored(path: PathBuf) -> PathBuf {
    if path.components().count() == 1 {
        return path;
    }
    path::absolute(&path).unwrap_or(path)
}

/// What `PROGRAM version -json` says.
fn version(path: &Path) -> Result<String, String> {
    let shown = path.display();
    let output = Command::new(path)
        .args(["version", "-json"])
        .env("CHECKPOINT_DISABLE", "1")
        .env_remove("TF_CLI_CONFIG_FILE")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{shown} does not run: {error}"))?;
    serde_json::from_slice::<serde_json::Value>(&output.stdout)
        .ok()
        .and_then(|answer| Some(answer.get("terraform_version")?.as_str()?.to_owned()))
        .ok_or_else(|| format!("{shown} does not tell its version ({})", output.status))
}
