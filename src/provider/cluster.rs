//! What a configured provider block is to the resources.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use super::objects::Policy;
use crate::{
    framework::{Call, Diagnostics},
    teleport::Client,
};

/// The cluster that a provider block names, as far as it is known.
#[derive(Debug)]
pub struct Cluster {
    client: Result<Client, Unknown>,
    kept: Mutex<HashMap<String, String>>,
    deletion_policy: Option<Policy>,
}

/// The arguments of the provider block that are not known yet.
#[derive(Clone, Debug)]
pub(super) struct Unknown {
    pub(super) attributes: Vec<&'static str>,
}

impl Cluster {
    pub(super) fn new(client: Result<Client, Unknown>) -> Self {
        Self {
            client,
            kept: Mutex::default(),
            deletion_policy: None,
        }
    }

    /// With what becomes of objects whose resources go and do not say it.
    pub(super) fn with_deletion_policy(mut self, policy: Option<Policy>) -> Self {
        self.deletion_policy = policy;
        self
    }

    /// What becomes of objects whose resources go and do not say it.
    pub(super) fn deletion_policy(&self) -> Option<Policy> {
        self.deletion_policy
    }

    /// The client, unless something of the provider block is not known yet.
    pub(super) fn known(&self) -> Option<&Client> {
        self.client.as_ref().ok()
    }

    /// What is not known yet, if it is not.
    pub(super) fn unknown(&self) -> Option<&Unknown> {
        self.client.as_ref().err()
    }

    /// Remembers that this process kept a cluster whose deletion was asked for, so that it can be adopted.
    pub(super) fn keep(&self, name: &str, digest: &str) {
        self.kept().insert(name.to_owned(), digest.to_owned());
    }

    /// Forgets that a cluster was kept, and says whether it was, with this digest.
    pub(super) fn take_kept(&self, name: &str, digest: &str) -> bool {
        let mut kept = self.kept();
        let same = kept.get(name).is_some_and(|found| found == digest);
        if same {
            kept.remove(name);
        }
        same
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, HashMap<String, String>> {
        // The map is whole after every single call, also when a thread died between two.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The client of a call, or an error that says why there is none.
pub(super) fn client<'c>(
    call: &'c Call<Cluster>,
    diagnostics: &mut Diagnostics,
) -> Option<&'c Client> {
    let Some(cluster) = &call.client else {
        diagnostics.error(
            "Provider Not Configured",
            "The provider was called before it was configured. This is a fault of the program that called it.",
        );
        return None;
    };
    match &cluster.client {
        Ok(client) => Some(client),
        Err(unknown) => {
            diagnostics.error(
                "Provider Configuration Unknown",
                format!(
                    "The cluster has to be reached now, but of the provider block {} known only after the apply. Apply \
                     what the block depends on first (-target), or give it values that are known at plan.",
                    unknown.describe(),
                ),
            );
            None
        }
    }
}

impl Unknown {
    /// The arguments as the start of a sentence, such as `addr is`.
    pub(super) fn describe(&self) -> String {
        let verb = if self.attributes.len() == 1 {
            "is"
        } else {
            "are"
        };
        format!("{} {verb}", self.attributes.join(", "))
    }
}
