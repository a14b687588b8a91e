//! Finds the programs that the acceptance tests drive: every `terraform` and `tofu` that is there.
//!
//! A variable (`TERRAFORM_PATH`, `TOFU_PATH`) takes precedence: it names one program or several, separated as in `PATH`,
//! and empty it leaves the program out on purpose. Without it, the first one on `PATH` that runs counts, and the one in
//! the build folder, where `make terraform` and `make tofu` put it. Of two with the same version only the first counts.
//! A program that is not found is skipped by name; one that a variable names and that does not run is an error.

use std::{
    collections::HashSet,
    env,
    ffi::{OsStr, OsString},
    fmt,
    path::{self, Path, PathBuf},
    process::{Command, Stdio},
};

/// Every program that is there; each kind of which there is none is reported by name on stderr.
///
/// # Panics
///
/// Panics if a variable names a program that does not run.
pub(crate) fn programs() -> Vec<Program> {
    let search = Search::from_process();
    Kind::ALL
        .into_iter()
        .flat_map(|kind| match search.find(kind) {
            Ok(programs) => programs,
            Err(NotFound::Skipped(reason)) => {
                eprintln!("skipped: {kind} ({reason})");
                Vec::new()
            }
            Err(NotFound::Broken(reason)) => panic!("{kind}: {reason}"),
        })
        .collect()
}

/// What the programs are; each may be there in several versions.
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

    /// The environment variable that names the executables.
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
    /// # Errors
    ///
    /// Says why it does not run.
    fn at(kind: Kind, path: PathBuf) -> Result<Self, String> {
        let version = version(&path)?;
        Ok(Self {
            kind,
            path,
            version,
        })
    }

    /// Distinguishes the versions of a program, for example `terraform-1.11.4`.
    pub(crate) fn name(&self) -> String {
        format!("{}-{}", self.kind, self.version)
    }

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
            // A tenth of the processor time of these short processes is the garbage collector's.
            .env("GOGC", "400")
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
    /// All programs of the kind, each of another version: at least one.
    ///
    /// # Errors
    ///
    /// [`NotFound`] says where it was looked for, or why what was found is of no use.
    pub(crate) fn find(&self, kind: Kind) -> Result<Vec<Program>, NotFound> {
        let mut programs = match (self.variable)(kind.variable()) {
            Some(paths) => named(kind, &paths)?,
            None => self.installed(kind)?,
        };
        let mut versions = HashSet::new();
        programs.retain(|program| versions.insert(program.version.clone()));
        Ok(programs)
    }

    /// The first one on `PATH` that runs, and the one in the build folder.
    fn installed(&self, kind: Kind) -> Result<Vec<Program>, NotFound> {
        let folders = (self.variable)("PATH").unwrap_or_default();
        let built = self.build.join(kind.name());
        let mut reasons = vec![format!(
            "{} is not set, PATH does not have it",
            kind.variable()
        )];
        if !built.is_file() {
            reasons.push(format!("no {}", built.display()));
        }
        let mut runs = |path: PathBuf| {
            Program::at(kind, path)
                .map_err(|reason| reasons.push(reason))
                .ok()
        };
        let on_path = env::split_paths(&folders)
            .map(|folder| anchored(folder.join(kind.name())))
            .filter(|path| path.is_file())
            .find_map(&mut runs);
        let built = Some(built).filter(|path| path.is_file()).and_then(runs);
        let programs: Vec<_> = on_path.into_iter().chain(built).collect();
        if programs.is_empty() {
            let reasons = reasons.join("; ");
            return Err(NotFound::Skipped(format!("not found: {reasons}")));
        }
        Ok(programs)
    }
}

/// The programs that the variable of the kind names.
fn named(kind: Kind, paths: &OsStr) -> Result<Vec<Program>, NotFound> {
    let variable = kind.variable();
    let paths: Vec<_> = env::split_paths(paths)
        .filter(|path| !path.as_os_str().is_empty())
        .collect();
    if paths.is_empty() {
        return Err(NotFound::Skipped(format!("{variable} is empty")));
    }
    paths
        .into_iter()
        .map(|path| Program::at(kind, anchored(path)))
        .collect::<Result<_, _>>()
        .map_err(|reason| NotFound::Broken(format!("{variable}: {reason}")))
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
