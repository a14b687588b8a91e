//! What a list resource is.

use async_trait::async_trait;
use tokio::sync::mpsc;

use crate::{Call, Diagnostics, Schema, Value};

/// Finds the objects of a managed resource that exist, for `terraform query` (Terraform 1.14). The resource must have an
/// identity.
#[async_trait]
pub trait ListResource<C: Send + Sync + 'static>: Send + Sync {
    /// The name of the managed resource.
    fn type_name(&self) -> &str;

    /// The shape of the block `config`.
    fn schema(&self) -> &Schema;

    /// Checks the block `config` beyond its schema, without a client. Values may be unknown.
    fn validate(&self, _config: &Value, _diagnostics: &mut Diagnostics) {}

    /// Finds objects, and gives each to `found` at once. It may end when `found` wants no more.
    async fn list(&self, call: &Call<C>, request: List, found: &mut Found) -> Diagnostics;
}

/// A search.
#[derive(Clone, Debug)]
pub struct List {
    /// The block `config`, wholly known.
    pub config: Value,
    /// Whether the objects themselves are asked for, and not only their identities.
    pub include_resource: bool,
}

/// An object that was found.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its identity.
    pub identity: Value,
    /// What a person calls it.
    pub display_name: String,
    /// Its state, where that is asked for.
    pub resource: Option<Value>,
}

/// Takes what is found to the host, which may want a number of objects only.
#[derive(Debug)]
pub struct Found {
    host: mpsc::Sender<Listed>,
    left: Option<u64>,
}

impl Found {
    /// Takes objects to a receiver. Without a limit, it takes all.
    pub fn new(host: mpsc::Sender<Listed>, limit: Option<u64>) -> Self {
        Self { host, left: limit }
    }

    /// Hands an object over, and waits until the host takes it. Whether more objects are wanted.
    pub async fn push(&mut self, listed: Listed) -> bool {
        if self.left == Some(0) || self.host.send(listed).await.is_err() {
            return false;
        }
        self.left = self.left.map(|left| left - 1);
        self.left != Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed() -> Listed {
        Listed {
            identity: Value::Null,
            display_name: "a".to_owned(),
            resource: None,
        }
    }

    #[tokio::test]
    async fn no_more_is_wanted_than_the_limit_or_after_the_host_is_gone() {
        let (sender, mut receiver) = mpsc::channel(8);
        let mut found = Found::new(sender.clone(), Some(2));
        assert!(found.push(listed()).await);
        assert!(!found.push(listed()).await);
        assert!(!found.push(listed()).await);
        receiver.close();
        assert_eq!(std::iter::from_fn(|| receiver.try_recv().ok()).count(), 2);
        let mut found = Found::new(sender, None);
        assert!(!found.push(listed()).await);
    }
}
