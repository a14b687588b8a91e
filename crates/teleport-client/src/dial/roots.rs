//! The roots that verify the web certificate of a proxy: those that the operating system trusts.

use std::{env, ffi::OsString, sync::Arc};

use rustls::{RootCertStore, pki_types::CertificateDer};
use rustls_native_certs::{CertificateResult, ErrorKind, load_certs_from_paths, load_native_certs};

use crate::shown;

/// Where the roots come from.
#[derive(Clone, Default)]
pub(crate) enum Roots {
    /// The operating system, or what `SSL_CERT_FILE` and `SSL_CERT_DIR` name instead. Read for each use.
    #[default]
    System,
    /// A test's own.
    #[cfg(test)]
    Given(Arc<RootCertStore>),
}

/// There are no roots.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no trusted root certificates were found{}: set SSL_CERT_FILE to a file of root certificates", because(.problems))]
pub(crate) struct NoRoots {
    /// What went wrong when looking.
    problems: Vec<String>,
}

/// Roots, and their certificates as they were given.
#[derive(Debug)]
pub(crate) struct WebRoots {
    pub(crate) store: Arc<RootCertStore>,
    certificates: Vec<CertificateDer<'static>>,
}

impl WebRoots {
    #[cfg(test)]
    pub(crate) fn new(certificates: impl IntoIterator<Item = CertificateDer<'static>>) -> Self {
        let certificates: Vec<_> = certificates.into_iter().collect();
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(certificates.clone());
        Self {
            store: Arc::new(store),
            certificates,
        }
    }

    /// Whether a certificate is one of the roots itself.
    pub(crate) fn contains(&self, certificate: &CertificateDer<'_>) -> bool {
        self.certificates.iter().any(|root| root == certificate)
    }
}

impl Roots {
    /// Reads the roots.
    pub(crate) async fn load(&self) -> Result<Arc<WebRoots>, NoRoots> {
        match self {
            Self::System => tokio::task::spawn_blocking(system)
                .await
                .unwrap_or_else(|_| {
                    let problems = vec!["reading them was interrupted".to_owned()];
                    Err(NoRoots { problems })
                }),
            #[cfg(test)]
            Self::Given(store) => Ok(Arc::new(WebRoots {
                store: store.clone(),
                certificates: Vec::new(),
            })),
        }
    }
}

/// What [`Roots::System`] are, for a sentence.
pub(crate) fn in_use(variable: impl Fn(&str) -> Option<OsString>) -> String {
    let set = VARIABLES.iter().filter_map(|name| {
        let value = variable(name).filter(|value| !value.is_empty())?;
        Some(format!("{} ({name})", shown::path(value.as_ref())))
    });
    let set: Vec<_> = set.collect();
    if set.is_empty() {
        "those that the operating system trusts".to_owned()
    } else {
        format!("those in {}", set.join(" and "))
    }
}

fn system() -> Result<Arc<WebRoots>, NoRoots> {
    store(load())
}

/// Reads the roots. A variable that is empty counts as not set.
fn load() -> CertificateResult {
    let is_named = |name: &&str| env::var_os(name).is_some_and(|value| !value.is_empty());
    if env::var_os(FILE).is_none() || VARIABLES.iter().any(is_named) {
        return load_native_certs();
    }
    // Without the variables `load_native_certs` searches here too, or asks the keychain of macOS. But it takes an empty
    // SSL_CERT_FILE for the name of a file (`CertPaths::from_env` in rustls-native-certs).
    let found = openssl_probe::probe();
    let folder = found.cert_dir.first();
    load_certs_from_paths(found.cert_file.as_deref(), folder.map(AsRef::as_ref))
}

fn store(found: CertificateResult) -> Result<Arc<WebRoots>, NoRoots> {
    let problems: Vec<_> = found.errors.iter().map(problem).collect();
    let mut roots = RootCertStore::empty();
    let (_, unusable) = roots.add_parsable_certificates(found.certs.iter().cloned());
    if !problems.is_empty() || unusable > 0 {
        tracing::debug!(?problems, unusable, "some trusted roots were ignored");
    }
    if roots.is_empty() {
        return Err(NoRoots { problems });
    }
    Ok(Arc::new(WebRoots {
        store: Arc::new(roots),
        certificates: found.certs,
    }))
}

/// A problem in words. The variables may hold the contents of a file instead of its path.
fn problem(error: &rustls_native_certs::Error) -> String {
    match &error.kind {
        ErrorKind::Io { inner, path } => format!("{}: {inner}", shown::path(path)),
        _ => error.to_string(),
    }
}

fn because(problems: &[String]) -> String {
    if problems.is_empty() {
        return String::new();
    }
    format!(" ({})", problems.join("; "))
}

const FILE: &str = "SSL_CERT_FILE";
/// The variables that replace the operating system's roots.
const VARIABLES: [&str; 2] = [FILE, "SSL_CERT_DIR"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Authority;

    #[test]
    fn a_file_of_roots_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        std::fs::write(&path, Authority::new("web").certificate_pem()).unwrap();
        assert_eq!(
            store(load_certs_from_paths(Some(&path), None))
                .unwrap()
                .store
                .len(),
            1
        );
    }

    #[test]
    fn what_names_the_roots_is_reported() {
        assert!(in_use(|_| None).contains("the operating system"));
        let file = |name: &str| (name == "SSL_CERT_FILE").then(|| "/etc/own.pem".into());
        assert_eq!(in_use(file), "those in /etc/own.pem (SSL_CERT_FILE)");
        let empty = |_: &str| Some(OsString::new());
        assert!(in_use(empty).contains("the operating system"));
    }

    #[test]
    fn the_contents_of_a_file_in_place_of_its_path_are_not_repeated() {
        let text = Authority::new("web").identity_file("bot");
        let secret = text.lines().nth(1).unwrap().to_owned();
        let path = std::path::Path::new(&text);
        let error = store(load_certs_from_paths(Some(path), None)).unwrap_err();
        let file = |name: &str| (name == "SSL_CERT_FILE").then(|| text.clone().into());
        let shown = format!("{error} {}", in_use(file));
        assert!(
            shown.contains("SSL_CERT_FILE") && !shown.contains(&secret),
            "{shown}"
        );
    }

    #[test]
    fn a_missing_file_of_roots_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing.pem");
        let error = store(load_certs_from_paths(Some(&path), None))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("missing.pem") && error.contains("SSL_CERT_FILE"),
            "{error}"
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_variable_that_is_empty_names_no_roots() {
        let finds_roots = |empty: &[&str]| {
            let mut own = std::process::Command::new(env::current_exe().unwrap());
            own.args([
                "--exact",
                "dial::roots::tests::a_process_that_needs_roots",
                "--ignored",
            ]);
            for name in VARIABLES {
                own.env_remove(name);
            }
            own.envs(empty.iter().map(|name| (name, "")));
            let output = own.output().unwrap();
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(text.contains("running 1 test"), "{text}");
            output.status.success()
        };
        let has_roots = finds_roots(&[]);
        for empty in [&VARIABLES[..], &VARIABLES[..1], &VARIABLES[1..]] {
            assert_eq!(finds_roots(empty), has_roots, "{empty:?}");
        }
    }

    #[test]
    #[ignore = "the other test starts it, with an environment of its own"]
    fn a_process_that_needs_roots() {
        system().unwrap();
    }
}
