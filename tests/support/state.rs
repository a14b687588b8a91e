//! The state file, as terraform and tofu write it (version 4).

use serde_json::{Value, json};

/// What a state file holds.
#[derive(Debug, Clone)]
pub(crate) struct State(pub(crate) Value);

/// An object in the state.
#[derive(Debug, Clone)]
pub(crate) struct Instance {
    /// Its attributes.
    pub(crate) attributes: Value,
    /// Its identity. Null where it has none.
    pub(crate) identity: Value,
    /// Whether it is tainted.
    pub(crate) tainted: bool,
}

impl State {
    /// The current object of a resource, which is named `TYPE.NAME` or `data.TYPE.NAME`.
    pub(crate) fn find(&self, address: &str) -> Option<Instance> {
        let (mode, rest) = match address.strip_prefix("data.") {
            Some(rest) => ("data", rest),
            None => ("managed", address),
        };
        let (kind, name) = rest.split_once('.').expect("an address must be TYPE.NAME");
        let resource = self.resources().iter().find(|resource| {
            resource["mode"] == mode && resource["type"] == kind && resource["name"] == name
        })?;
        let instances = resource["instances"].as_array()?;
        let current = instances
            .iter()
            .find(|instance| instance["deposed"].is_null())?;
        Some(Instance {
            attributes: current["attributes"].clone(),
            identity: current["identity"].clone(),
            tainted: current["status"] == "tainted",
        })
    }

    /// As [`find`](Self::find).
    ///
    /// # Panics
    ///
    /// Panics if it is not there.
    #[track_caller]
    pub(crate) fn get(&self, address: &str) -> Instance {
        self.find(address)
            .unwrap_or_else(|| panic!("no {address} in {:#}", self.0))
    }

    /// The same state as a version without identities wrote it.
    pub(crate) fn without_identities(mut self) -> Self {
        let resources = self.0["resources"].as_array_mut().into_iter().flatten();
        let instances = resources.flat_map(|resource| resource["instances"].as_array_mut());
        for instance in instances.flatten() {
            if let Some(fields) = instance.as_object_mut() {
                fields.retain(|name, _| !name.starts_with("identity"));
            }
        }
        self
    }

    /// The value of an output.
    pub(crate) fn output(&self, name: &str) -> &Value {
        &self.0["outputs"][name]["value"]
    }

    /// Whether nothing is in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.resources().is_empty()
    }

    /// A state file that holds one object of another provider, as that one wrote it.
    pub(crate) fn with_object(provider: &str, kind: &str, name: &str, attributes: &Value) -> Self {
        Self(json!({
            "version": 4,
            "terraform_version": "1.11.4",
            "serial": 1,
            "lineage": "0b7a2a9c-53f2-4d58-9d7e-6d5a3f6f2f11",
            "outputs": {},
            "resources": [{
                "mode": "managed",
                "type": kind,
                "name": name,
                "provider": format!("provider[{provider:?}]"),
                "instances": [{ "schema_version": 0, "attributes": attributes, "sensitive_attributes": [] }],
            }],
            "check_results": null,
        }))
    }

    fn resources(&self) -> &[Value] {
        self.0["resources"].as_array().map_or(&[], Vec::as_slice)
    }
}
