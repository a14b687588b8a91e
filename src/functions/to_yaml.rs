//! The function `to_yaml`: an object as `tctl create` reads it.

use tfplugin::{Function, FunctionError, Parameter, Signature, Type, Value};

use super::{
    tctl_kinds::{refused, shape},
    yaml,
};

/// The function `provider::teleport::to_yaml`.
pub(crate) struct ToYaml {
    signature: Signature,
}

impl ToYaml {
    pub(crate) fn new() -> Self {
        Self {
            signature: signature(),
        }
    }
}

fn signature() -> Signature {
    Signature {
        summary: "Object as YAML for tctl.".to_owned(),
        description: "The YAML of an object, for `tctl create -f`: the way back of `from_yaml`. It has `kind`, `version`, `metadata` and \
             `spec` with what is set, in the order of the names. Arguments that only the provider knows, such as `cluster` and \
             `deletion_policy`, are left out, and so is what only the cluster says, such as `status` and `metadata.revision`.\n\n\
             The name of a join token is part of the text. It is sensitive in the resource, and so the text is, too: \
             `nonsensitive()` shows it. Values of write-only attributes are not in the state, and so not in the text.\n\n\
             OpenTofu warns of the deprecated attributes of a whole `teleport_bot`. An object of `kind`, `version`, `metadata` and \
             `spec` of the bot has none.\n\n\
             Functions of providers need Terraform 1.8 or OpenTofu 1.7."
            .to_owned(),
        parameters: vec![Parameter {
            name: "object".to_owned(),
            ty: Type::Dynamic,
            description: "A resource or a data source of this provider, or an object with `kind`, `version`, `metadata` and `spec`."
                .to_owned(),
            allow_null: false,
            allow_unknown: false,
        }],
        variadic: None,
        returns: Type::String,
    }
}

impl Function for ToYaml {
    fn name(&self) -> &str {
        "to_yaml"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        let object = match arguments.first() {
            Some(Value::Dynamic(typed)) => &typed.1,
            Some(object) => object,
            None => &Value::Null,
        };
        let written = shape(object)?.write_tctl(object).map_err(refused)?;
        Ok(Value::string(yaml::write(&written)))
    }
}

#[cfg(test)]
mod tests {
    use prost_reflect::DynamicMessage;
    use serde_json::Value as Json;

    use super::{super::from_yaml::FromYaml, *};
    use crate::{
        engine::{Kind, Shape},
        kinds::{
            auth_preference::AUTH_PREFERENCE,
            bot::BOT,
            provision_token::PROVISION_TOKEN,
            recordings::{message, read},
            role::ROLE,
            user::USER,
            workload_cluster::WORKLOAD_CLUSTER,
        },
    };

    fn to_yaml(object: Value) -> Result<String, FunctionError> {
        let text = ToYaml::new().call(&[object])?;
        Ok(text.as_str().unwrap().to_owned())
    }

    fn from_yaml(text: &str) -> Value {
        let value = FromYaml::new().call(&[text.into()]);
        let value = value.unwrap_or_else(|error| panic!("{error} in {text}"));
        let Value::Dynamic(typed) = value else {
            panic!("the result must have a type");
        };
        typed.1
    }

    /// A resource in a state says what `tctl` needs, and no more.
    #[test]
    fn a_resource_is_written_as_tctl_writes_it() {
        let options = Value::object([
            ("create_db_user_mode", 3.into()),
            ("forward_agent", true.into()),
            ("max_session_ttl", "8h".into()),
            ("mfa_verification_interval", "1h".into()),
            ("require_session_mfa", 1.into()),
            ("lock", Value::Null),
        ]);
        let labels = Value::Map([("env".to_owned(), Value::List(vec!["dev".into()]))].into());
        let allow = Value::object([("node_labels", labels), ("logins", Value::List(vec![]))]);
        let metadata = Value::object([
            ("name", "dev".into()),
            ("revision", "abc".into()),
            ("namespace", "default".into()),
        ]);
        let role = Value::object([
            ("id", "dev".into()),
            ("kind", "role".into()),
            ("version", "v7".into()),
            ("cluster", "a.teleport.sh".into()),
            ("deletion_policy", "delete".into()),
            ("metadata", metadata),
            (
                "spec",
                Value::object([
                    ("options", options),
                    ("allow", allow),
                    ("deny", Value::Null),
                ]),
            ),
        ]);
        let expected = "kind: role\nmetadata:\n  name: dev\nspec:\n  allow:\n    node_labels:\n      env:\n      - dev\n  options:\n    \
                        create_db_user_mode: best_effort_drop\n    forward_agent: true\n    max_session_ttl: \"8h0m0s\"\n    \
                        mfa_verification_interval: 3600000000000\n    require_session_mfa: true\nversion: v7\n";
        assert_eq!(to_yaml(role).unwrap(), expected);
    }

    #[test]
    fn protobufs_json_has_its_own_durations() {
        let bot = "kind: bot\nmetadata:\n  name: ci\nspec:\n  max_session_ttl: \"43200.5s\"\n  roles:\n  - a\n  traits:\n  - name: \
                   logins\n    values:\n    - x\nversion: v1\n";
        assert_eq!(to_yaml(from_yaml(bot)).unwrap(), bot);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let object = |kind: &str, name: &str| {
            Value::object([("kind", kind.into()), (name, Value::object::<&str>([]))])
        };
        for (object, phrase) in [
            (object("rule", "spec"), "\"rule\""),
            (object("role", "sepc"), "sepc is not a field"),
            (Value::object([("spec", Value::Null)]), "kind is missing"),
            ("kind: role".into(), "no object"),
        ] {
            let error = to_yaml(object).unwrap_err();
            assert!(error.text.contains(phrase), "{error}");
        }
    }

    #[test]
    fn recorded_objects_come_back_as_they_were() {
        for (kind, file, least) in [
            (ROLE, "roles.jsonl", 150),
            (USER, "users.jsonl", 15),
            (PROVISION_TOKEN, "provision_tokens.jsonl", 180),
            (BOT, "bots.jsonl", 30),
            (AUTH_PREFERENCE, "auth_preferences.jsonl", 60),
        ] {
            let objects = accepted(&kind, file);
            assert!(objects.len() >= least, "only {} in {file}", objects.len());
            for object in objects {
                comes_back(kind, &object);
            }
        }
    }

    #[test]
    fn a_workload_cluster_comes_back_as_it_was() {
        let json = serde_json::json!({
            "kind": "workload_cluster",
            "version": "v1",
            "metadata": { "name": "acme" },
            "spec": {
                "regions": [{ "name": "us-west-2" }],
                "bot": { "name": "ci" },
                "token": { "join_method": "iam", "allow": [{ "aws_account": "123456789012", "aws_arn": "arn:*" }] },
            },
            "status": { "state": "active", "domain": "acme.teleport.sh" },
        });
        comes_back(WORKLOAD_CLUSTER, &message(&WORKLOAD_CLUSTER, &json));
    }

    /// The resource of an object is written and read: what the provider would send is the same.
    fn comes_back(kind: Kind, object: &DynamicMessage) {
        let shape = Shape::of(kind);
        let mut reported = shape.reported(object);
        let name = shape.name(&reported).unwrap_or_default();
        reported.set_field("id", name.into());
        let text = to_yaml(reported.clone()).unwrap();
        let read = from_yaml(&text);
        let request = |object: &Value| shape.request(object).unwrap();
        assert_eq!(request(&read), request(&reported), "{text}");
        assert_eq!(to_yaml(read).unwrap(), text);
        // As people write it.
        let loose = yaml::write(&loosened(yaml::read(&text).unwrap()));
        let read = from_yaml(&loose);
        assert_eq!(request(&read), request(&reported), "{loose}");
    }

    /// The document with single values in the place of lists of one.
    fn loosened(document: Value) -> Value {
        match document {
            Value::Tuple(mut elements) => match elements.as_slice() {
                [Value::String(_)] => elements.remove(0),
                _ => Value::Tuple(elements.into_iter().map(loosened).collect()),
            },
            Value::Object(fields) => {
                let fields = fields.into_iter();
                Value::object(fields.map(|(name, value)| (name, loosened(value))))
            }
            single => single,
        }
    }

    /// The objects of a file that the server accepted, as it answered them.
    fn accepted(kind: &Kind, file: &str) -> Vec<DynamicMessage> {
        let text = read(file);
        let answers = text.lines().filter_map(|line| {
            let recording: Json = serde_json::from_str(line).unwrap();
            let steps = recording["steps"].as_array().unwrap();
            let of_object = |step: &&Json| step["code"] == "OK" && step["object"].is_object();
            if steps[0]["code"] != "OK" {
                return None;
            }
            let answer = steps.iter().find(of_object)?;
            Some(message(kind, &answer["object"]))
        });
        answers.collect()
    }
}
