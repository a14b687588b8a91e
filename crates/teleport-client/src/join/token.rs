//! How to join: the method, and the name of the token.

use std::{fmt, sync::Arc};

use super::{
    errors::JoinError,
    method::{InvalidJoinMethod, JoinMethod},
    parent::Parent,
};
use crate::{Address, credentials::contents::Contents};

/// How to join a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinRequest {
    pub(crate) method: JoinMethod,
    pub(crate) token: Option<String>,
}

/// What is wrong with the settings of a join.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidJoinRequest {
    /// The method is not supported. The error lists those that are.
    #[error(transparent)]
    Method(#[from] InvalidJoinMethod),
    /// The token is the contents of a file, which are not repeated.
    #[error(
        "the token is the contents of a file: write the name of a join token, such as terraform"
    )]
    Token,
}

/// The name of a join token. With the join method `iam` it is not a secret.
#[derive(Clone)]
pub(crate) enum TokenName {
    /// It was given.
    Given(String),
    /// It is in a workload cluster of this parent, which must list the address before anything is signed for it.
    InWorkloadCluster {
        parent: Arc<dyn Parent>,
        /// None: that of the bot, which the parent knows. Teleport Cloud names the token like the bot.
        given: Option<String>,
    },
}

impl JoinRequest {
    /// Without a method it is `iam`, the one that Teleport Cloud offers for workload clusters. Without a token it is the one of
    /// the bot that the parent cluster knows of.
    ///
    /// Only `iam` works for clusters that a client of another one joins. A token of an identity provider is not bound to a
    /// cluster, so whoever gets it could join another one with it; a signed challenge is of no use elsewhere.
    ///
    /// # Errors
    ///
    /// When the method is not supported, or the token is not a name.
    pub fn new(method: Option<&str>, token: Option<&str>) -> Result<Self, InvalidJoinRequest> {
        let some = |text: Option<&str>| {
            text.map(str::trim)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        if token.and_then(Contents::of).is_some() {
            return Err(InvalidJoinRequest::Token);
        }
        Ok(Self {
            method: match some(method) {
                Some(method) => JoinMethod::among(&CHALLENGED, &method)?,
                None => JoinMethod::Iam,
            },
            token: some(token),
        })
    }
}

impl TokenName {
    /// The name. It may ask the parent for it.
    pub(super) async fn resolve(&self, address: &Address) -> Result<String, JoinError> {
        let (parent, given) = match self {
            Self::Given(name) => return Ok(name.clone()),
            Self::InWorkloadCluster { parent, given } => (parent, given),
        };
        let found = parent.workload_cluster(address).await;
        let found = found.map_err(|error| JoinError::Parent {
            address: address.clone(),
            error,
        })?;
        let Some(cluster) = found else {
            return Err(JoinError::NoCluster {
                address: address.clone(),
                near: parent.near_address(address).await,
            });
        };
        if let Some(name) = given {
            return Ok(name.clone());
        }
        let bot = cluster.spec.and_then(|spec| spec.bot);
        let name = bot.map(|bot| bot.name).filter(|name| !name.is_empty());
        name.ok_or_else(|| JoinError::NoBot {
            address: address.clone(),
        })
    }
}

impl fmt::Display for TokenName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(name) => write!(f, "token {name:?}"),
            Self::InWorkloadCluster {
                given: Some(name), ..
            } => write!(f, "token {name:?}"),
            Self::InWorkloadCluster { given: None, .. } => {
                f.write_str("the token of the bot that the parent cluster knows")
            }
        }
    }
}

/// The methods whose proof is of no use for another cluster.
const CHALLENGED: [JoinMethod; 1] = [JoinMethod::Iam];
