//! The cause of a failed connection, as a type: a caller decides by it what to advise.

use crate::join::{Refusal, method::JoinMethod};

/// Why there is no connection, for the causes that a person can do something about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Nothing answers at the address in time.
    Unreachable,
    /// The certificate at the address is not from a trusted CA.
    UntrustedIssuer {
        /// Which CAs are trusted, for a sentence: `those in /etc/ca.pem (SSL_CERT_FILE)`.
        trusted: String,
        /// Whether it was a join, which proves nothing to the client but this certificate.
        joining: bool,
    },
    /// The certificate at the address is for other names.
    WrongName,
    /// What answers does not speak TLS.
    NotTls,
    /// What answers is not a Teleport proxy.
    NotTeleport,
    /// The proxy does not route by ALPN.
    NoTlsRouting,
    /// A load balancer in front of the proxy drops ALPN.
    ConnectionUpgrade,
    /// The credentials are from another cluster than the one that answers.
    WrongCluster,
    /// The cluster refuses the client certificate.
    ClientRefused,
    /// The cluster closes the connection right after the handshake.
    Closed,
    /// The cluster runs a version of Teleport that is not supported any more.
    TooOld,
    /// Every credential has expired.
    Expired,
    /// The path of the credentials begins with a `~`, which only a shell expands.
    LiteralTilde,
    /// What was given as the contents of an identity file looks like the path of one.
    PathAsContents,
    /// The line breaks of an identity file are lost.
    LostLineBreaks,
    /// No profile of `tsh` is the current one.
    NoCurrentProfile,
    /// The home folder is not known, so there is no folder of `tsh` profiles.
    NoHomeFolder,
    /// One of the two environment variables of AWS credentials is set.
    HalfAwsCredentials {
        /// The variable that is not.
        missing: &'static str,
    },
    /// This machine has no AWS credentials.
    NoAwsCredentials,
    /// The AWS credentials of this machine have expired or cannot be loaded.
    BadAwsCredentials,
    /// The platform that this runs on does not give a token to join with.
    NoIdToken(JoinMethod),
    /// The AWS region is in a partition that Teleport does not know.
    UnknownPartition,
    /// The cluster refuses the join.
    JoinRefused(Box<Refusal>),
    /// The bot may not impersonate any role.
    NoRoles,
    /// The parent has no workload cluster with this domain.
    NoWorkloadCluster {
        /// What the address may be instead.
        near: Option<NearAddress>,
    },
    /// The workload cluster has no bot to join as.
    NoBot,
}

/// What an address may be that is not the domain of a workload cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NearAddress {
    /// The address of the parent itself.
    Parent,
    /// It differs from the domain of a workload cluster, but begins with its name.
    Cluster {
        /// Name of the workload cluster.
        name: String,
        /// Its domain.
        domain: String,
    },
}
