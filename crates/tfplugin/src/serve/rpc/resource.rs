//! The life of managed resources: ReadResource, PlanResourceChange and ApplyResourceChange.

use super::{Caller, ProviderService, answers};
use crate::{
    Path, PlanKind, Private, Provider, Value,
    codec::{diagnostics, dynamic_value, path},
    operations::{self, ApplyRequest, PlanRequest},
    proto::tfplugin6::{apply_resource_change, plan_resource_change, read_resource},
};

impl<P: Provider> ProviderService<P> {
    pub(super) async fn read_resource(
        &self,
        caller: Caller,
        request: read_resource::Request,
    ) -> read_resource::Response {
        // If the state were null, core would remove the object.
        let kept = read_resource::Response {
            new_state: request.current_state.clone(),
            private: request.private.clone(),
            new_identity: request.current_identity,
            ..read_resource::Response::default()
        };
        let read = async {
            let found = self.resource(&request.type_name)?;
            let state = answers::read("stored object", request.current_state.as_ref(), &found.ty)?;
            let private = Private::from_bytes(&request.private);
            let resource = found.thing.clone();
            let applied = self
                .work(&caller, move |call| async move {
                    operations::read(&*resource, &call, state, private).await
                })
                .await?;
            let state = answers::write("object", &applied.state, &found.ty)?;
            let identity = answers::identity_of(&*found.thing, &applied.state, &applied.private)?;
            Ok((state, identity, applied))
        };
        match read.await {
            Ok((state, identity, applied)) => read_resource::Response {
                new_identity: if applied.state.is_null() {
                    None
                } else {
                    identity.or(kept.new_identity)
                },
                new_state: Some(state),
                private: applied.private.to_bytes(),
                diagnostics: diagnostics::encode(applied.diagnostics),
                ..kept
            },
            Err(diags) => read_resource::Response {
                diagnostics: diagnostics::encode(diags),
                ..kept
            },
        }
    }

    pub(super) async fn plan_resource_change(
        &self,
        caller: Caller,
        request: plan_resource_change::Request,
    ) -> plan_resource_change::Response {
        let kept = plan_resource_change::Response {
            planned_state: request.prior_state.clone(),
            planned_private: request.prior_private.clone(),
            // That of a new object is known after the apply.
            planned_identity: request.prior_identity,
            ..plan_resource_change::Response::default()
        };
        let plan = async {
            let found = self.resource(&request.type_name)?;
            let read = |what, value| answers::read(what, value, &found.ty);
            let question = PlanRequest {
                config: read("configuration", request.config.as_ref())?,
                prior: read("stored object", request.prior_state.as_ref())?,
                proposed: read("proposed object", request.proposed_new_state.as_ref())?,
                private: Private::from_bytes(&request.prior_private),
            };
            let prior = question.prior.clone();
            let resource = found.thing;
            let mut plan = self
                .work(&caller, move |call| async move {
                    operations::plan(&*resource, &call, question).await
                })
                .await?;
            let planned = answers::write("planned object", &plan.planned, &found.ty)?;
            plan.requires_replace
                .retain(|path| exists(path, &prior, &plan.planned));
            Ok((planned, prior.is_null(), plan))
        };
        match plan.await {
            Ok((planned, is_new, plan)) => plan_resource_change::Response {
                planned_identity: kept.planned_identity.filter(|_| !is_new),
                planned_state: Some(planned),
                requires_replace: plan.requires_replace.iter().map(path::encode).collect(),
                planned_private: plan.private.to_bytes(),
                diagnostics: diagnostics::encode(plan.diagnostics),
                ..kept
            },
            Err(diags) => plan_resource_change::Response {
                diagnostics: diagnostics::encode(diags),
                ..kept
            },
        }
    }

    pub(super) async fn apply_resource_change(
        &self,
        caller: Caller,
        request: apply_resource_change::Request,
    ) -> apply_resource_change::Response {
        let private = Private::from_bytes(&request.planned_private);
        // After a failure the object stays as it was. A failed create leaves nothing: the object of that name may belong
        // to someone else, and Terraform would destroy it one day.
        let mut kept_private = private.clone();
        PlanKind::unmark(&mut kept_private);
        let kept = apply_resource_change::Response {
            new_state: request.prior_state.clone(),
            private: kept_private.to_bytes(),
            new_identity: request.planned_identity,
            ..apply_resource_change::Response::default()
        };
        let apply = async {
            let found = self.resource(&request.type_name)?;
            let read = |what, value| answers::read(what, value, &found.ty);
            let question = ApplyRequest {
                config: read("configuration", request.config.as_ref())?,
                prior: read("stored object", request.prior_state.as_ref())?,
                planned: read("planned object", request.planned_state.as_ref())?,
                private,
            };
            let resource = found.thing.clone();
            let applied = self
                .work(&caller, move |call| async move {
                    operations::apply(&*resource, &call, question).await
                })
                .await?;
            let state = answers::write("object", &applied.state, &found.ty)?;
            let identity = answers::identity_of(&*found.thing, &applied.state, &applied.private)?;
            Ok((state, identity, applied))
        };
        match apply.await {
            Ok((state, identity, applied)) => apply_resource_change::Response {
                new_identity: if applied.state.is_null() {
                    None
                } else {
                    identity.or(kept.new_identity)
                },
                new_state: Some(state),
                private: applied.private.to_bytes(),
                diagnostics: diagnostics::encode(applied.diagnostics),
                ..kept
            },
            Err(diags) => apply_resource_change::Response {
                new_state: kept.new_state.or_else(|| Some(dynamic_value::null())),
                diagnostics: diagnostics::encode(diags),
                ..kept
            },
        }
    }
}

/// Core refuses paths that are in neither object.
fn exists(path: &Path, prior: &Value, planned: &Value) -> bool {
    let exists = path.find(prior).is_some() || path.find(planned).is_some();
    if !exists {
        tracing::warn!(%path, "an attribute that requires replacement is in neither state: left out");
    }
    exists
}
