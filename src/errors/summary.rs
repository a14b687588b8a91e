//! What a diagnostic is about, in a few words.

/// Defines [`Summary`]: one line for each variant and its text.
macro_rules! summaries {
    ($($variant:ident => $text:literal,)+) => {
        /// What a diagnostic is about. The texts are general and name no values: the detail does that.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Summary {
            $(#[doc = $text] $variant,)+
        }

        impl Summary {
            /// Every summary.
            #[cfg(test)]
            pub(crate) const ALL: &[Self] = &[$(Self::$variant),+];

            /// The text, in title case.
            pub(crate) const fn text(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }
    };
}

summaries! {
    AccessDenied => "Access Denied",
    AdminActionsWillRequireMfa => "Admin Actions Will Require MFA",
    AlreadyExists => "Already Exists",
    AmbiguousProviderConfiguration => "Ambiguous Provider Configuration",
    ArnNeverMatches => "ARN Never Matches",
    CannotBeRecreated => "Cannot Be Recreated",
    CertificateNotTrusted => "Certificate Not Trusted",
    ChangedBySomebodyElse => "Changed by Somebody Else",
    ClusterUnavailable => "Cluster Unavailable",
    ConflictingAttributes => "Conflicting Attributes",
    CreatedInPart => "Created in Part",
    CredentialsExpired => "Credentials Expired",
    CredentialsWouldBeReset => "Credentials Would Be Reset",
    DeletionMayBeRefused => "Deletion May Be Refused",
    DeprecatedAttribute => "Deprecated Attribute",
    ExistingSettingsWillBeReplaced => "Existing Settings Will Be Replaced",
    FeatureNotAvailable => "Feature Not Available",
    ImpossibleLabelSelector => "Impossible Label Selector",
    InsecureJoin => "Insecure Join",
    Interrupted => "Interrupted",
    InvalidAttributeCombination => "Invalid Attribute Combination",
    InvalidAttributeValue => "Invalid Attribute Value",
    InvalidConfiguration => "Invalid Configuration",
    InvalidCredentials => "Invalid Credentials",
    InvalidImportId => "Invalid Import ID",
    InvalidImportIdentity => "Invalid Import Identity",
    InvalidProviderConfiguration => "Invalid Provider Configuration",
    InviteLinkOfFormerUser => "Invite Link of a Former User",
    InviteLinkStillWorks => "Invite Link Still Works",
    JoinRefused => "Join Refused",
    LimitReached => "Limit Reached",
    LinkWithoutAddress => "Link Without an Address",
    MayExist => "May Exist",
    MfaRequired => "MFA Required",
    MissingAttributeValue => "Missing Attribute Value",
    MissingName => "Missing Name",
    NoAnswerInTime => "No Answer in Time",
    NobodyCanJoin => "Nobody Can Join the Workload Cluster",
    NotALocalUser => "Not a Local User",
    NotDeleted => "Not Deleted",
    NotFound => "Not Found",
    NotFoundAfterMove => "Not Found After the Move",
    NotKeptByCluster => "Not Kept by the Cluster",
    NotRefreshed => "Not Refreshed",
    NotSupportedByCluster => "Not Supported by the Cluster",
    NotSupportedOnWorkloadClusters => "Not Supported on Workload Clusters",
    ObjectHasExpired => "Object Has Expired",
    ObjectOfAnotherCluster => "Object of Another Cluster",
    ProviderConfigurationUnknown => "Provider Configuration Unknown",
    ProviderNotConfigured => "Provider Not Configured",
    RateLimited => "Rate Limited",
    RecreatedInAnotherCluster => "Recreated in Another Cluster",
    RefusedByTeleport => "Refused by Teleport",
    ReservedRoleName => "Reserved Role Name",
    ResetToDefaults => "Reset to the Defaults",
    RevokedNotDeleted => "Revoked, Not Deleted",
    StillInUse => "Still in Use",
    StoredOtherwise => "Stored Otherwise by the Cluster",
    TeleportError => "Teleport Error",
    UnfamiliarRegion => "Unfamiliar Region",
    UnfamiliarValue => "Unfamiliar Value",
    UnsupportedServer => "Unsupported Server",
    UserNotFound => "User Not Found",
    VersionNotKnownToCluster => "Version Not Known to the Cluster",
    WorkloadClusterFailed => "Workload Cluster Failed",
    WorkloadClusterGone => "Workload Cluster Gone",
    WorkloadClusterNameHeld => "Workload Cluster Name Held",
    WorkloadClusterNameNotAvailable => "Workload Cluster Name Not Available",
    WorkloadClusterNameWouldBeHeld => "Workload Cluster Name Would Be Held",
    WorkloadClusterNotActiveInTime => "Workload Cluster Not Active in Time",
    WorkloadClusterNotFinished => "Workload Cluster Not Finished",
    WorkloadClusterNotFound => "Workload Cluster Not Found",
    WorkloadClusterProtected => "Workload Cluster Protected",
    WrongCluster => "Wrong Cluster",
}
