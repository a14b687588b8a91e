//! Objects of every kind, from outside, in one form: protojson with the field names and enum numbers of the API.

use std::time::Duration;

use prost_reflect::{DeserializeOptions, DynamicMessage, SerializeOptions};
use serde_json::Value;
use tonic::Code;

use super::{Control, ControlError};
use crate::{
    Simulator, rules,
    store::{Kind, Op, Refusal, Write, object},
};

impl Simulator {
    /// The object `name` of a kind in the cluster `cluster`, as it is stored, without read lag: protojson with the field names
    /// of the API and enums as numbers. `None` when there is none. Kinds are `role`, `user`, `token`, `bot`,
    /// `cluster_auth_preference`, `workload_cluster` and `cloud_cluster`; the cluster is the name of a workload cluster, or `parent`.
    ///
    /// # Errors
    /// When the cluster does not run or the kind is unknown.
    pub fn object(
        &self,
        cluster: &str,
        kind: &str,
        name: &str,
    ) -> Result<Option<Value>, ControlError> {
        self.control.object(cluster, kind, name)
    }

    /// The objects of a kind, like [`object`](Self::object), in the order of their names.
    ///
    /// # Errors
    /// As there.
    pub fn objects(&self, cluster: &str, kind: &str) -> Result<Vec<Value>, ControlError> {
        self.control.objects(cluster, kind)
    }

    /// Creates or replaces an object in the name of somebody else, by the server's rules. The answer is the object as it is
    /// stored.
    ///
    /// # Errors
    /// When the cluster does not run, the kind is unknown, or the server's rules refuse the object.
    pub fn put_object(
        &self,
        cluster: &str,
        kind: &str,
        object: &Value,
    ) -> Result<Value, ControlError> {
        self.control.put_object(cluster, kind, object)
    }

    /// Removes an object without the API, even if others depend on it. A singleton goes back to its defaults. False when
    /// there is none.
    ///
    /// # Errors
    /// When the cluster does not run or the kind is unknown.
    pub fn delete_object(
        &self,
        cluster: &str,
        kind: &str,
        name: &str,
    ) -> Result<bool, ControlError> {
        self.control.delete_object(cluster, kind, name)
    }

    /// Sets how long reads lag behind writes of the API, in every cluster, for the writes from now on. Zero lets the cache catch up
    /// at once. What the simulator itself is asked to change is read at once.
    pub fn set_read_lag(&self, lag: Duration) {
        self.control.set_read_lag(lag);
    }

    /// How long reads lag behind writes.
    pub fn read_lag(&self) -> Duration {
        self.control.read_lag()
    }
}

impl Control {
    pub(crate) fn object(
        &self,
        cluster: &str,
        kind: &str,
        name: &str,
    ) -> Result<Option<Value>, ControlError> {
        let kind = kind_of(kind)?;
        let tenant = self.cluster_named(cluster)?;
        let found = tenant.store().lock().look(kind, name);
        match found {
            Ok(message) => to_json(&message).map(Some),
            Err(refusal) if refusal.code == Code::NotFound => Ok(None),
            Err(refusal) => Err(refusal.into()),
        }
    }

    pub(crate) fn objects(&self, cluster: &str, kind: &str) -> Result<Vec<Value>, ControlError> {
        let kind = kind_of(kind)?;
        let tenant = self.cluster_named(cluster)?;
        let all = tenant.store().lock().look_at_all(kind);
        all.iter().map(to_json).collect()
    }

    pub(crate) fn put_object(
        &self,
        cluster: &str,
        kind: &str,
        json: &Value,
    ) -> Result<Value, ControlError> {
        let kind = kind_of(kind)?;
        let tenant = self.cluster_named(cluster)?;
        let options = DeserializeOptions::new().deny_unknown_fields(true);
        let descriptor = object::descriptor(kind.message);
        let message = DynamicMessage::deserialize_with_options(descriptor, json, &options);
        let message = message.map_err(|error| ControlError::Invalid(error.to_string()))?;
        let write = Write {
            caller: Some("admin".to_owned()),
            ..Write::new(Op::Upsert, message)
        };
        let written = tenant.store().write(kind, write)?;
        to_json(&written)
    }

    pub(crate) fn delete_object(
        &self,
        cluster: &str,
        kind: &str,
        name: &str,
    ) -> Result<bool, ControlError> {
        let kind = kind_of(kind)?;
        let tenant = self.cluster_named(cluster)?;
        if let Some(make) = kind.singleton {
            let reset = Write::new(Op::Reset, make());
            tenant.store().write(kind, reset)?;
            return Ok(true);
        }
        Ok(tenant.store().remove(kind, name))
    }

    pub(crate) fn set_read_lag(&self, lag: Duration) {
        self.tenant.shared().read_lag.set(lag);
    }

    pub(crate) fn read_lag(&self) -> Duration {
        self.tenant.shared().read_lag.get()
    }
}

impl From<Refusal> for ControlError {
    fn from(refusal: Refusal) -> Self {
        match refusal.code {
            Code::NotFound => Self::NotFound(refusal.text),
            Code::ResourceExhausted => Self::TooMany(refusal.text),
            _ => Self::Invalid(refusal.text),
        }
    }
}

fn kind_of(name: &str) -> Result<&'static Kind, ControlError> {
    rules::kind(name).ok_or_else(|| {
        let known: Vec<&str> = rules::KINDS.iter().map(|kind| kind.name).collect();
        let known = known.join(", ");
        ControlError::NotFound(format!("no kind {name:?}, expected one of {known}"))
    })
}

fn to_json(message: &DynamicMessage) -> Result<Value, ControlError> {
    let options = SerializeOptions::new()
        .use_proto_field_name(true)
        .use_enum_numbers(true);
    let json = message.serialize_with_options(serde_json::value::Serializer, &options);
    json.map_err(|error| ControlError::Invalid(error.to_string()))
}
