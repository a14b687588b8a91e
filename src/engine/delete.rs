//! Deleting an object, or letting go of it as its `deletion_policy` says.
//!
//! | the delete comes from | `delete` | `revoke`, `abandon` |
//! | --- | --- | --- |
//! | a destroy | deletes | takes the rights away; leaves it as it is |
//! | a replacement by an object of another name or in another cluster | deletes | the same |
//! | a replacement by an object of the same name | deletes | refused: the old one would stay and the new one could not be created |

use std::time::Duration;

use teleport_client::{Error, ErrorKind, Objects};
use tfplugin::{Call, Delete, DeleteReason, Diagnostics, Value};

use super::{
    Shape,
    kind::{Name, Revoke},
    private_state::PrivateState,
    read::{not_found_after_move, settled_read},
};
use crate::{
    clusters::{
        ProviderData,
        guard::{self, Checked},
        target::{CLUSTER, Target, named},
    },
    engine::run::Run,
    errors::{self, Summary, call_failed, chain},
    settings::policy::{POLICY, Policy},
};

/// Does with the object what its policy says.
pub(super) async fn delete(
    shape: &Shape,
    call: &Call<ProviderData>,
    request: Delete,
) -> Diagnostics {
    let Delete { prior, private, .. } = &request;
    let mut diags = Diagnostics::new();
    let noun = shape.kind.noun;
    let Some(name) = shape.name(prior) else {
        errors::error(Summary::MissingName).detail(format!(
                "The state holds a {noun} without a name. Remove it from the state: terraform state rm ADDRESS."
            )).add(&mut diags);
        return diags;
    };
    let what = shape.what(&name);
    let Some(policy) = policy_for(shape, prior, call.client.as_deref()) else {
        errors::error(Summary::ProviderConfigurationUnknown).detail(format!(
                "The {what} was not deleted, because {POLICY} of the provider block is not known yet, and it may say to keep \
                 the {noun}. Set {POLICY} there to a known value, or on this resource and apply that first."
            )).add(&mut diags);
        return diags;
    };
    let memory = PrivateState::read(private);
    let planned = memory.planned.as_ref();
    let planned = planned.filter(|_| request.reason != DeleteReason::Destroy);
    let is_same = planned
        .zip(shape.note(prior))
        .is_some_and(|(planned, note)| planned.is_same(&note));
    if policy != Policy::Delete && is_same {
        errors::error(Summary::CannotBeRecreated)
            .detail(stays(&what, policy))
            .add(&mut diags);
        return diags;
    }
    if policy == Policy::Abandon {
        errors::warning(Summary::NotDeleted).detail(format!(
                "The {what} is no longer managed. Because of {POLICY} = \"abandon\" it was left in {} as it is.",
                named(prior.field(CLUSTER)),
            )).add(&mut diags);
        return diags;
    }
    let run = Run::apply(call);
    if let Some(lifecycle) = shape.kind.lifecycle
        && !lifecycle
            .before_delete(&shape.kind, &run, &request, planned, &mut diags)
            .await
    {
        return diags;
    }
    if let Some(unknown) = Target::unknown(prior, &run) {
        let text = format!("The {what} was not deleted, because {unknown} not known now.");
        if !shape.kind.in_workload_clusters {
            errors::error(Summary::ProviderConfigurationUnknown)
                .detail(format!(
                    "{text} Apply what the provider block depends on first."
                ))
                .add(&mut diags);
            return diags;
        }
        errors::error(Summary::ProviderConfigurationUnknown).detail(format!(
                "{text} If that is because the workload cluster is gone, \
                 the {noun} is gone with it: remove it from the state (terraform state rm ADDRESS), or destroy with {POLICY} = \
                 \"abandon\" in the provider block."
            )).add(&mut diags);
        return diags;
    }
    let Some(target) = Target::of(prior, &run, &mut diags) else {
        return diags;
    };
    match guard::check(&target, &memory, &what, &mut diags).await {
        Checked::Here(_) => {}
        Checked::Gone | Checked::Refused => return diags,
    }
    let work = Work {
        shape,
        objects: target.client().objects(shape.kind.rpcs),
        target: &target,
        prior,
        memory: &memory,
        name: &name,
        what: &what,
    };
    let verb = if policy == Policy::Revoke {
        "revoking"
    } else {
        "deleting"
    };
    let doing = format!("{verb} the {what}");
    let carry_out = async {
        match (policy, &shape.kind.revoke) {
            (Policy::Revoke, Some(revoke)) => work.revoke(revoke, &doing).await,
            _ => work.delete(&doing).await,
        }
    };
    let done = run.write(&doing, PLAN_AGAIN, &mut diags, carry_out).await;
    diags.append(done.unwrap_or_default());
    diags
}

/// What the plan of a destroy or a replacement has to say about its destroy half.
pub(super) fn warn_at_plan(
    shape: &Shape,
    call: &Call<ProviderData>,
    prior: &Value,
    diags: &mut Diagnostics,
) {
    let Some(cluster) = call.client.as_deref() else {
        return;
    };
    if let Name::Fixed(_) = shape.kind.name {
        errors::warning(Summary::ResetToDefaults).detail(format!(
                "The {} cannot be deleted. Destroying this resource resets it to the defaults of the cluster.",
                shape.kind.noun
            )).add(diags);
        return;
    }
    let is_bot = prior.field(CLUSTER).is_set() || cluster.joins();
    let deletes = policy_for(shape, prior, Some(cluster)) == Some(Policy::Delete);
    if shape.kind.revoke.is_some() && is_bot && deletes {
        let noun = shape.kind.noun;
        errors::warning(Summary::DeletionMayBeRefused).detail(format!(
                "This plan deletes the {} in a cluster that the provider joins as a bot. The bot that Teleport Cloud creates in a \
                 workload cluster may not delete a {noun}, and the apply then fails with \"Access Denied\". Set {POLICY} to \
                 \"revoke\" or \"abandon\" on this resource or in the provider block, and apply that first; or \"delete\" if \
                 the bot may delete.",
                shape.what(&shape.name(prior).unwrap_or_default()),
            )).add(diags);
    }
}

/// The policy of an object: its own, or else that of the provider block, or else to delete it. None if that is not known yet.
pub(super) fn policy_for(
    shape: &Shape,
    object: &Value,
    cluster: Option<&ProviderData>,
) -> Option<Policy> {
    if shape.kind.revoke.is_none() {
        return Some(Policy::Delete);
    }
    Policy::of(object).or_else(|| {
        let inherited = cluster.map_or(Ok(None), ProviderData::deletion_policy);
        Some(inherited.ok()?.unwrap_or_default())
    })
}

struct Work<'a> {
    shape: &'a Shape,
    target: &'a Target,
    objects: Objects,
    prior: &'a Value,
    memory: &'a PrivateState,
    name: &'a str,
    what: &'a str,
}

impl Work<'_> {
    async fn delete(&self, doing: &str) -> Diagnostics {
        let mut diags = Diagnostics::new();
        let mut refusal: Option<Error> = None;
        for wait in WAITS {
            tokio::time::sleep(wait).await;
            match self.objects.delete(self.name).await {
                Ok(()) => {
                    if let Some(lifecycle) = self.shape.kind.lifecycle {
                        lifecycle
                            .deleted(&self.shape.kind, self.name)
                            .add(&mut diags);
                    }
                    return diags;
                }
                Err(error) if error.kind() == ErrorKind::NotFound && self.memory.moved => {
                    let cluster = self.memory.cluster.as_deref().unwrap_or_default();
                    not_found_after_move(self.shape, self.what, cluster).add(&mut diags);
                    return diags;
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    tracing::info!(noun = self.shape.kind.noun, "it was gone already");
                    return diags;
                }
                // What uses it may be changing at this moment.
                Err(error) if error.is_still_in_use() => refusal = Some(error),
                Err(error)
                    if error.kind() == ErrorKind::AccessDenied
                        && self.shape.kind.revoke.is_some() =>
                {
                    errors::error(Summary::AccessDenied)
                        .detail(self.not_allowed(&error))
                        .add(&mut diags);
                    return diags;
                }
                Err(error) => {
                    self.target
                        .is_gone(&error, doing, self.memory, &mut diags)
                        .await;
                    return diags;
                }
            }
        }
        if let Some(error) = refusal {
            errors::error(Summary::StillInUse)
                .detail(self.still_in_use(&error))
                .add(&mut diags);
        }
        diags
    }

    async fn revoke(&self, revoke: &Revoke, doing: &str) -> Diagnostics {
        let mut diags = Diagnostics::new();
        let mut conflict: Option<Error> = None;
        for wait in WAITS {
            tokio::time::sleep(wait).await;
            let write = self.memory.write.as_ref();
            let stored =
                settled_read(self.shape, &self.objects, self.name, self.prior, write).await;
            let stored = match stored {
                Ok(stored) => stored,
                Err(error) if error.kind() == ErrorKind::NotFound => return diags,
                Err(error) => {
                    self.target
                        .is_gone(&error, doing, self.memory, &mut diags)
                        .await;
                    return diags;
                }
            };
            let mut message = stored.clone();
            (revoke.apply)(&mut message);
            let written = if message == stored {
                Ok(())
            } else {
                self.objects.update(message).await.map(|_| ())
            };
            match written {
                Ok(()) => {
                    errors::warning(Summary::RevokedNotDeleted).detail(format!(
                            "The {} is no longer managed. Because of {POLICY} = \"revoke\" it was left in {} as a {} {}.",
                            self.what,
                            named(self.prior.field(CLUSTER)),
                            self.shape.kind.noun,
                            revoke.leaves
                        )).add(&mut diags);
                    return diags;
                }
                // Somebody wrote in between, or an answer got lost: it is read again, and revoked as it is then.
                Err(error)
                    if error.kind() == ErrorKind::Conflict || error.may_have_been_carried_out() =>
                {
                    conflict = Some(error);
                }
                Err(error) => {
                    call_failed(&error, doing, &mut diags);
                    return diags;
                }
            }
        }
        if let Some(error) = conflict {
            call_failed(&error, doing, &mut diags);
        }
        diags
    }

    fn not_allowed(&self, error: &Error) -> String {
        let noun = self.shape.kind.noun;
        let leaves = self.shape.kind.revoke.map_or("", |revoke| revoke.leaves);
        format!(
            "The {} was not deleted: {}.\n\nThe bot that Teleport Cloud creates in a workload cluster may create, read and \
             update users and roles, but not delete them. To stop managing the {noun} without deleting it, set {POLICY} on this \
             resource, or in the provider block for all, apply that, and then destroy:\n    - \"revoke\" takes its rights away \
             and leaves a {noun} {leaves};\n    - \"abandon\" leaves it as it is, which is right if the cluster itself is \
             destroyed.\n\nTo delete it, use an identity with a role that has the verb delete on the resource {noun}.",
            self.what,
            chain(error),
        )
    }

    /// Terraform destroys a role before it changes the user that has it, in whatever way the user refers to the role.
    fn still_in_use(&self, error: &Error) -> String {
        format!(
            "The {} was not deleted: {}.\n\nTerraform destroys it before it changes what uses it. Do one of these:\n    - take \
             it away from its users and apply; then remove this resource and apply again;\n    - set lifecycle {{ \
             create_before_destroy = true }} on this resource, apply that, and then make the change: Terraform destroys it last.",
            self.what,
            chain(error),
        )
    }
}

fn stays(what: &str, policy: Policy) -> String {
    let policy = policy.name();
    format!(
        "This plan replaces the {what} by one of the same name. But because of {POLICY} = {policy:?} the old one stays in the \
         cluster, and the new one could not be created. Nothing was done.\n\nIf the resource is tainted: terraform untaint \
         ADDRESS. If the replacement was asked for, leave out -replace. To recreate it with an identity that may delete it, set \
         {POLICY} = \"delete\" on the resource, apply that, and try again."
    )
}

const PLAN_AGAIN: &str = "It is still in the state. Apply again.";

/// How long to wait before each try.
const WAITS: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clusters::provider_data::Unknown,
        kinds::{role::ROLE, workload_cluster::WORKLOAD_CLUSTER},
    };

    #[test]
    fn what_is_nearest_to_an_object_decides_and_what_is_not_known_is_not_guessed() {
        let unknown = || Unknown {
            attributes: vec![POLICY],
        };
        let cluster =
            |policy| ProviderData::new(Err(unknown()), Err(unknown())).with_deletion_policy(policy);
        let none = cluster(Ok(None));
        let abandon = cluster(Ok(Some(Policy::Abandon)));
        let later = cluster(Err(unknown()));
        let silent = Value::object([(POLICY, Value::Null)]);
        let own = Value::object([(POLICY, "revoke".into())]);
        let shape = Shape::of(ROLE);
        let policy = |object, cluster| policy_for(&shape, object, cluster);
        for cluster in [&none, &abandon, &later] {
            assert_eq!(policy(&own, Some(cluster)), Some(Policy::Revoke));
        }
        assert_eq!(policy(&silent, None), Some(Policy::Delete));
        assert_eq!(policy(&silent, Some(&none)), Some(Policy::Delete));
        assert_eq!(policy(&silent, Some(&abandon)), Some(Policy::Abandon));
        assert_eq!(policy(&silent, Some(&later)), None);
        // A kind whose objects have no rights has no policy.
        let shape = Shape::of(WORKLOAD_CLUSTER);
        let policy = policy_for(&shape, &silent, Some(&abandon));
        assert_eq!(policy, Some(Policy::Delete));
    }
}
