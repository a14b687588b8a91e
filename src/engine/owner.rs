//! Who gives an attribute its value where the configuration does not.

use tfplugin::{Attribute, Path, Presence, Step, Value};

use super::Kind;

/// A field that the server fills in where the configuration does not set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ServerFilled {
    /// Where it is: attribute names, such as `spec.allow.node_labels`. A step `*` stands for any one name.
    pub(crate) path: &'static str,
    /// The other parts of the configuration that decide what the server fills in. Every such field also depends on itself
    /// and on `version`; within an element of a list, on that element.
    pub(crate) depends_on: &'static [&'static str],
    /// The versions of the object in which the server fills it in. Empty for all.
    pub(crate) versions: &'static [&'static str],
}

impl ServerFilled {
    /// A field that depends on nothing but itself and `version`.
    pub(crate) const fn new(path: &'static str) -> Self {
        Self {
            path,
            depends_on: &[],
            versions: &[],
        }
    }

    /// A field that depends on these parts of the configuration, too.
    pub(crate) const fn depending_on(
        path: &'static str,
        depends_on: &'static [&'static str],
    ) -> Self {
        Self {
            depends_on,
            ..Self::new(path)
        }
    }

    /// The same, in these versions of the object only.
    pub(crate) const fn only_in(self, versions: &'static [&'static str]) -> Self {
        Self { versions, ..self }
    }

    /// Whether the server may fill it in where the object has this version: also in one that the provider does not know.
    fn is_in(&self, version: &Value, known: &[&str]) -> bool {
        let Some(version) = version.as_str().filter(|version| known.contains(version)) else {
            return true;
        };
        self.versions.is_empty() || self.versions.contains(&version)
    }
}

/// Who gives an attribute its value where the configuration does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// Nobody: what is not configured is not there.
    Config,
    /// The server, which fills it in.
    Server(ServerFilled),
    /// The server, which reports it and never takes it.
    ReadOnly,
    /// Others: the value stays as it is.
    Others,
    /// Nobody but the state has it: the server does not return it.
    Secret,
}

impl Owner {
    /// The owner of an attribute of an object of a kind and version.
    pub(super) fn of(kind: &Kind, version: &Value, attribute: &Attribute, path: &Path) -> Self {
        let names = attribute_names(path);
        let is_covered = |pattern: &&str| is_around(pattern, &names);
        if attribute.presence == Presence::Computed || kind.read_only.iter().any(is_covered) {
            Self::ReadOnly
        } else if kind.kept.iter().any(is_covered) {
            Self::Others
        } else if kind.secrets.iter().any(|secret| is_covered(&secret.path)) {
            Self::Secret
        } else {
            let mut filled = kind.server_filled.iter();
            filled
                .find(|field| fits(field.path, &names) && field.is_in(version, kind.versions))
                .map_or(Self::Config, |field| Self::Server(*field))
        }
    }

    /// Whether an attribute holds some that are not the configuration's alone.
    pub(super) fn is_shared(kind: &Kind, path: &Path) -> bool {
        let names = attribute_names(path);
        let is_inside = |pattern: &str| {
            let steps: Vec<_> = pattern.split('.').collect();
            steps.len() > names.len() && fits_steps(&steps[..names.len()], &names)
        };
        kind.server_filled.iter().any(|field| is_inside(field.path))
            || kind.kept.iter().any(|pattern| is_inside(pattern))
            || kind.secrets.iter().any(|secret| is_inside(secret.path))
    }
}

/// The attribute names of a path, without indices and keys.
pub(super) fn attribute_names(path: &Path) -> Vec<&str> {
    let steps = path.steps().iter();
    let names = steps.filter_map(|step| match step {
        Step::Attribute(name) => Some(name.as_str()),
        Step::Index(_) | Step::Key(_) => None,
    });
    names.collect()
}

/// Whether a pattern names this attribute.
fn fits(pattern: &str, names: &[&str]) -> bool {
    let steps: Vec<_> = pattern.split('.').collect();
    fits_steps(&steps, names)
}

/// Whether a pattern names this attribute or one around it.
fn is_around(pattern: &str, names: &[&str]) -> bool {
    (1..=names.len()).any(|length| fits(pattern, &names[..length]))
}

fn fits_steps(steps: &[&str], names: &[&str]) -> bool {
    let mut pairs = steps.iter().zip(names);
    steps.len() == names.len() && pairs.all(|(step, name)| *step == "*" || step == name)
}
