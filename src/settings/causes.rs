//! What to do about a connection that failed, by its cause.

use teleport_client::{Cause, JoinMethod, NearAddress, Refusal, RefusalReason};

use super::platforms;

/// What to do, in full sentences. None if the error says all there is to say.
pub(crate) fn advice_on(cause: &Cause) -> Option<String> {
    let advice = match cause {
        Cause::Unreachable => {
            "Check the address: it is the host of the cluster's proxy, as in the browser, and a port only where that is not 443. \
             On Teleport Cloud it is 443. Check that this machine can connect to it. Behind a company's proxy, set HTTPS_PROXY."
        }
        Cause::UntrustedIssuer { trusted, joining } => return Some(untrusted(trusted, *joining)),
        Cause::WrongName => {
            "Set addr to a name that is in the certificate: the host that a browser opens the cluster with."
        }
        Cause::NotTls => {
            "Set addr to the proxy's web address (usually port 443 or 3080), or to the auth server's (3025)."
        }
        Cause::NotTeleport => {
            "Set addr to the proxy's web address: the host that a browser opens the cluster with."
        }
        Cause::NoTlsRouting => {
            "Use the auth server's own address (usually port 3025) if this machine can reach it, or enable TLS routing on the \
             proxy (proxy_listener_mode: multiplex)."
        }
        Cause::ConnectionUpgrade => {
            "Use an address of the proxy that does not lead through the load balancer, or the auth server's own address (usually \
             port 3025)."
        }
        Cause::WrongCluster => {
            "Check that addr and the credentials are of the same cluster. If the cluster's CA was rotated, or the cluster was \
             recreated, issue new credentials."
        }
        Cause::ClientRefused => {
            "Issue new credentials for this cluster. Those in use have expired, are from another cluster, or were issued before \
             its CA was rotated."
        }
        Cause::Closed => {
            "A server that does not accept the client certificate does this too. If it happens again, check that the credentials \
             are of this cluster."
        }
        Cause::TooOld => {
            "The cluster's version of Teleport is too old for this provider. Update the cluster."
        }
        Cause::Expired => {
            "Issue new credentials. A Machine ID bot (tbot) renews its credentials on disk while it runs, and the provider reads \
             them again for each connection."
        }
        Cause::LiteralTilde => {
            "Terraform takes a ~ at the start of a path literally. Write pathexpand(\"~/...\") in the configuration, and $HOME in \
             an environment variable."
        }
        Cause::PathAsContents => {
            "Set identity_file_path to a path, and identity_file to the contents of a file."
        }
        Cause::LostLineBreaks => {
            "Give the file as it is, with file(\"...\"), or set identity_file_base64 to its contents in base64."
        }
        Cause::NoCurrentProfile => "Log in with `tsh login`, or set profile_name.",
        Cause::NoHomeFolder => "Set profile_dir.",
        Cause::HalfAwsCredentials { missing } => {
            return Some(format!(
                "Set {missing} too. If the credentials are to come from elsewhere, such as from AWS_PROFILE, unset both variables."
            ));
        }
        Cause::NoAwsCredentials => {
            "The join method iam proves who this machine is by its AWS credentials. Log in to AWS (such as with `aws sso login` \
             and AWS_PROFILE), set the environment variables, or run it where AWS gives credentials to a machine. No rights in \
             AWS are needed."
        }
        Cause::BadAwsCredentials => {
            "Log in to AWS again (such as with `aws sso login`), or correct the AWS credentials that are configured on this \
             machine."
        }
        Cause::NoIdToken(method) => return platforms::setup(*method),
        Cause::UnknownPartition => {
            "Set AWS_REGION to a region of the AWS partition that the credentials belong to."
        }
        Cause::JoinRefused(refusal) => return on_refusal(refusal),
        Cause::NoRoles => {
            "Give the bot roles (spec.roles of the bot). In a workload cluster, Teleport Cloud gives it a role of its own name."
        }
        Cause::NoWorkloadCluster { near } => {
            let near = near.as_ref().map(|near| format!("{} ", near_address(near)));
            return Some(near.unwrap_or_default() + NO_WORKLOAD_CLUSTER);
        }
        Cause::NoBot => {
            "Give the workload cluster a bot (spec.bot), or set join_token to the name of a token in it."
        }
    };
    Some(advice.to_owned())
}

/// What an address is that is not the domain of a workload cluster, as a sentence.
pub(crate) fn near_address(near: &NearAddress) -> String {
    match near {
        NearAddress::Parent => AT_PARENT.to_owned(),
        NearAddress::Cluster { name, domain } => {
            format!("The workload cluster {name:?} has the domain {domain}.")
        }
    }
}

fn untrusted(trusted: &str, joining: bool) -> String {
    let found = format!(
        "This machine does not trust the certificate: it is self-signed, or from a CA that is none of {trusted}."
    );
    let add = if joining {
        "To use a proxy with its own CA, or an auth server,"
    } else {
        "If the cluster's proxy has its own CA,"
    };
    let risk = if joining {
        "; then somebody between this machine and the cluster can join in its place"
    } else {
        ""
    };
    format!(
        "{found} {add} add that CA there, or set the environment variable SSL_CERT_FILE to its file, which replaces all of them. \
         For a test, `insecure = true` turns off this check{risk}."
    )
}

fn on_refusal(refusal: &Refusal) -> Option<String> {
    let token = &refusal.token;
    let mut advice = match refusal.reason {
        RefusalReason::NotAllowed if refusal.method != JoinMethod::Iam => {
            platforms::on_no_rule(refusal.method)?
        }
        RefusalReason::IdToken => platforms::on_bad_token(refusal.method)?,
        RefusalReason::NotAllowed => {
            let allowed = match &refusal.rules {
                Some(rules) => format!("The token allows: {rules}."),
                None => "The rules are in spec.token.allow of the workload cluster, or in the token itself.".to_owned(),
            };
            format!(
                "{allowed} A rule names the account and the ARN as AWS STS reports them: \
                 arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION for a role, arn:aws:iam::ACCOUNT:user/NAME for a user. Use AWS \
                 credentials that a rule allows, or change the rules. `aws sts get-caller-identity` shows the identity in use."
            )
        }
        RefusalReason::NotFound => format!(
            "The cluster has no valid token {token:?}, or no bot for it. In a workload cluster the token has the name of the bot \
             (spec.bot.name), and right after the cluster became active it can take a while until both exist."
        ),
        RefusalReason::AwsExpired => {
            "The session of the AWS credentials has expired. Log in to AWS again (such as with `aws sso login`) or issue new \
             session credentials."
                .to_owned()
        }
        RefusalReason::AwsRefused => {
            "The cluster passed the request to AWS, and AWS refused it. Check that access key and secret belong together and are \
             active, that temporary credentials have their session token, and that the clock of this machine is right: `aws sts \
             get-caller-identity` must work with them."
                .to_owned()
        }
        RefusalReason::NoService => {
            let method = refusal.method;
            format!(
                "The server has no join service for the method {method}. Check that addr is the cluster's proxy, and that the \
                 cluster is up to date."
            )
        }
        RefusalReason::Transient(_) | RefusalReason::Other(_) => return None,
    };
    if refusal.at_parent {
        advice = format!("{AT_PARENT} {advice}");
    }
    if let Some(credentials) = &refusal.aws_credentials {
        advice.push_str(&format!(" The AWS credentials in use are {credentials}."));
    }
    Some(advice)
}

const AT_PARENT: &str = "That is the address of the provider block's own cluster, not of a workload cluster. Objects in the \
                         provider block's cluster leave cluster out.";

const NO_WORKLOAD_CLUSTER: &str = "Write the status.domain of a workload cluster of the provider block's cluster. The provider \
                                   signs a join request for no other address. For another cluster, use a provider block of its \
                                   own, or teleport_identity with join_token.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_untrusted_certificate_is_explained_with_the_trusted_cas_and_the_risk_of_a_join() {
        let advice = |joining| {
            let trusted = "those in /ca.pem (SSL_CERT_FILE)".to_owned();
            advice_on(&Cause::UntrustedIssuer { trusted, joining }).unwrap()
        };
        for joining in [true, false] {
            let text = advice(joining);
            assert!(text.contains("none of those in /ca.pem"), "{text}");
            assert_eq!(text.contains("can join in its place"), joining, "{text}");
        }
    }

    #[test]
    fn a_wrong_domain_is_explained_with_the_right_one() {
        let near = NearAddress::Cluster {
            name: "team-a".to_owned(),
            domain: "team-a.example.com".to_owned(),
        };
        let text = |near| advice_on(&Cause::NoWorkloadCluster { near }).unwrap();
        let found = text(Some(near));
        assert!(
            found.starts_with(
                "The workload cluster \"team-a\" has the domain team-a.example.com. Write"
            ),
            "{found}"
        );
        assert!(text(Some(NearAddress::Parent)).contains("leave cluster out. Write"));
        assert!(text(None).starts_with("Write the status.domain"));
    }
}
