//! What a person who writes configurations can do about an error of the client.

use teleport_client::{Error, ErrorKind, Part, Right, Transient};

use super::{
    attributes::{ATTRIBUTES, is_credential},
    causes::advice_on,
    sources::NOT_CONFIGURED,
};

/// What can be done, in full sentences.
pub(crate) fn advice(error: &Error) -> Option<String> {
    if let Some(parent) = error.of_parent() {
        return about_parent(parent);
    }
    if !error.is_connect() {
        return about_call(error);
    }
    if is_for_want_of_credentials(error) {
        return Some(no_credentials());
    }
    let setting = error.gave_up_after().map(|_| JOIN_TIMEOUT.to_owned());
    let advice = error.cause().and_then(|cause| advice_on(&cause));
    let parts: Vec<_> = advice.into_iter().chain(setting).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// The cluster of the provider block does not say what is needed to join one of its workload clusters.
fn about_parent(error: &Error) -> Option<String> {
    let refuses = matches!(
        error.kind(),
        ErrorKind::FeatureDisabled
            | ErrorKind::NotInEdition
            | ErrorKind::Unimplemented
            | ErrorKind::AccessDenied
    );
    let hint = refuses.then(|| OF_PARENT_ONLY.to_owned());
    let parts: Vec<_> = hint.into_iter().chain(advice(error)).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

fn about_call(error: &Error) -> Option<String> {
    let advice = match error.kind() {
        ErrorKind::AccessDenied => return Some(missing_right(error.missing_right())),
        ErrorKind::MfaRequired => MFA_REQUIRED,
        ErrorKind::FeatureDisabled => {
            "The cluster has this feature, but it is switched off. Ask Teleport support to enable it."
        }
        ErrorKind::NotInEdition => {
            "No rule of a role helps. Leave out what the message names, or use a cluster that has it: workload clusters need \
             Teleport Cloud; other features need Teleport Enterprise or Teleport Cloud."
        }
        ErrorKind::Unimplemented if is_about_preview(error) => NO_PREVIEW,
        ErrorKind::Unimplemented => {
            "The server does not know this call: it is too old, or its edition does not have the feature. Workload clusters need \
             a current Teleport Cloud cluster."
        }
        ErrorKind::Conflict => {
            "The object has changed since it was read. Run it again: it starts from the object as it is now."
        }
        ErrorKind::Unauthenticated => {
            "The cluster does not accept the credentials. Issue new ones for this cluster."
        }
        ErrorKind::CertificateExpired => "Issue new credentials.",
        ErrorKind::Transient(_) if error.may_have_been_carried_out() => {
            "It is not known whether the cluster carried it out. Check before you run it again."
        }
        ErrorKind::Transient(Transient::RateLimited) => {
            "The limit is the server's; the configuration is not to blame. Wait a little and run it again, with fewer calls at \
             once if need be, such as `-parallelism=4`."
        }
        ErrorKind::LimitReached => {
            "The limit is the server's; the configuration is not to blame. Delete what is no longer needed, or ask Teleport \
             support to raise it."
        }
        _ => return None,
    };
    Some(advice.to_owned())
}

/// Whether a call is one on the kind of the feature's preview.
fn is_about_preview(error: &Error) -> bool {
    error.rpc().is_some_and(|rpc| rpc.contains("CloudCluster"))
}

fn missing_right(right: Option<Right>) -> String {
    let rule = match right {
        Some(right) => {
            let verbs: Vec<_> = right.verbs.iter().map(|verb| format!("{verb:?}")).collect();
            format!(
                "resources = [{:?}] and verbs = [{}]",
                right.resource,
                verbs.join(", ")
            )
        }
        None => "the resource and the verbs that the message names".to_owned(),
    };
    format!(
        "The credentials were accepted, but they lack a right. Give one of their roles an allow rule with {rule}. Credentials get \
         the rights of an additional role only when they are issued again."
    )
}

/// Whether nothing is configured and the current profile of tsh does not help.
fn is_for_want_of_credentials(error: &Error) -> bool {
    error.kind() == ErrorKind::Credentials
        && error.part() == Some(Part::Source(Some(NOT_CONFIGURED.to_owned())))
}

/// What to set when nothing was.
fn no_credentials() -> String {
    let sources: Vec<_> = ATTRIBUTES
        .iter()
        .filter(|attribute| is_credential(attribute))
        .map(|attribute| format!("{} ({})", attribute.name, attribute.environment))
        .collect();
    format!(
        "No credentials are configured, so the current profile of tsh was tried. Log in with `tsh login`, or set one of these \
         arguments or environment variables: {}.",
        sources.join(", ")
    )
}

const JOIN_TIMEOUT: &str = "The argument join_timeout_duration sets how long a join is repeated.";

const NO_PREVIEW: &str = "The cluster does not have the kind cloud_cluster, by which workload clusters were known in their preview. \
                          Use teleport_workload_cluster, with spec.regions = [{ name = \"us-west-2\" }] in the place of \
                          spec.auth_region. For a cluster that is in the state: moved { from = teleport_cloud_cluster.NAME, to = \
                          teleport_workload_cluster.NAME }.";

const MFA_REQUIRED: &str = "The cluster asks for a second factor for this call, and a program cannot give one. Either run \
                            `eval \"$(tctl terraform env --role ROLE)\"` in this shell: it asks you for the second factor once and \
                            sets credentials that are valid for an hour. Or use the identity of a Machine ID bot, which needs no \
                            second factor. An identity from `tsh login` does not work.";

const OF_PARENT_ONLY: &str = "The argument cluster belongs with the provider block of the parent. If the block is that of a \
                              workload cluster itself, leave cluster out. Otherwise:";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_right_is_written_as_a_rule() {
        let right = Right {
            resource: "workload_cluster".to_owned(),
            verbs: &["list", "read"],
        };
        let text = missing_right(Some(right));
        let rule = "resources = [\"workload_cluster\"] and verbs = [\"list\", \"read\"]";
        assert!(text.contains(rule), "{text}");
        assert!(missing_right(None).contains("that the message names"));
    }

    #[test]
    fn every_source_of_credentials_is_offered() {
        let text = no_credentials();
        for part in [
            "identity_file_path (TF_TELEPORT_IDENTITY_FILE_PATH)",
            "join_method (",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }
}
