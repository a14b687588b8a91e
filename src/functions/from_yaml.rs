//! The function `from_yaml`: an object as `tctl` writes it, in the form of its resource.

use tfplugin::{Function, FunctionError, Parameter, Signature, Type, Value};

use super::{
    blame,
    tctl_kinds::{refused, shape},
    yaml,
};

/// The function `provider::teleport::from_yaml`.
pub(crate) struct FromYaml {
    signature: Signature,
}

impl FromYaml {
    pub(crate) fn new() -> Self {
        Self {
            signature: signature(),
        }
    }
}

fn signature() -> Signature {
    Signature {
        summary: "Object of tctl's YAML.".to_owned(),
        description: "The object that a text describes as `tctl get` prints it, in the form of its resource: with `kind`, `version`, \
             `metadata` and `spec`, whose attributes can be used as they are. Attributes that the text does not set are null. It knows \
             the kinds `bot`, `cloud_cluster`, `cluster_auth_preference`, `role`, `token`, `user` and `workload_cluster`.\n\n\
             In contrast to `yamldecode`, single values become lists where the resource has a list (`node_labels: {env: dev}`), \
             scalars get the type of the attribute, texts such as `require_session_mfa: hardware_key` become the numbers that the \
             attributes have, and durations have one form. A name that is no field is an error, with its path. What only the cluster \
             says, such as `metadata.revision`, `status`, or the `created_by` of a user, is left out. So after \
             `tctl get role/x > x.yaml`, an import with the configuration of this function changes nothing.\n\n\
             The text has one document, of at most 1 MiB. Anchors, aliases and `<<` are resolved. The name of a join token is in the \
             result as in the text, and can be a secret: `sensitive()` marks it.\n\n\
             Functions of providers need Terraform 1.8 or OpenTofu 1.7."
            .to_owned(),
        parameters: vec![Parameter {
            name: "text".to_owned(),
            ty: Type::String,
            description: "The text in YAML or JSON, as `file(\"role.yaml\")`.".to_owned(),
            allow_null: false,
            allow_unknown: false,
        }],
        variadic: None,
        returns: Type::Dynamic,
    }
}

impl Function for FromYaml {
    fn name(&self) -> &str {
        "from_yaml"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        let text = arguments.first().and_then(Value::as_str);
        let document =
            yaml::read(text.unwrap_or_default()).map_err(|error| blame(0, error.to_string()))?;
        let shape = shape(&document)?;
        let object = shape.read_tctl(&document).map_err(refused)?;
        Ok(Value::Dynamic(Box::new((shape.tctl_type(), object))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(text: &str) -> Result<Value, FunctionError> {
        let value = FromYaml::new().call(&[text.into()])?;
        let Value::Dynamic(typed) = value else {
            panic!("the result must have a type");
        };
        assert!(typed.0.admits(&typed.1));
        Ok(typed.1)
    }

    fn list<const N: usize>(texts: [&str; N]) -> Value {
        Value::List(texts.map(Value::from).to_vec())
    }

    #[test]
    fn a_role_as_people_write_it_gets_the_form_of_the_resource() {
        let role = call(
            "kind: role\nversion: v7\nmetadata: {name: dev, labels: {cost: 12, open: true}}\nspec:\n  options:\n    \
             max_session_ttl: 8h\n    require_session_mfa: hardware_key_touch\n    create_host_user_mode: insecure-drop\n    \
             forward_agent: yes\n    max_sessions: '3'\n    mfa_verification_interval: 3600000000000\n    cert_extensions: \
             [{type: ssh, mode: extension, name: login@github.com, value: x}]\n  allow:\n    logins: root\n    node_labels: \
             {env: dev, region: [a, b], '*': '*', release: 1.10}\n    rules: [{resources: role, verbs: [list, read]}]\n  deny: {}\n",
        )
        .unwrap();
        assert_eq!(role.at(&["metadata", "labels", "cost"]), &"12".into());
        assert_eq!(role.at(&["metadata", "labels", "open"]), &"true".into());
        let options = role.at(&["spec", "options"]);
        for (name, value) in [
            ("max_session_ttl", "8h0m0s".into()),
            ("require_session_mfa", 3.into()),
            ("create_host_user_mode", 4.into()),
            ("forward_agent", true.into()),
            ("max_sessions", 3.into()),
            ("mfa_verification_interval", "1h0m0s".into()),
            ("ssh_file_copy", Value::Null),
        ] {
            assert_eq!(options.field(name), &value, "{name}");
        }
        let allow = role.at(&["spec", "allow"]);
        assert_eq!(allow.field("logins"), &list(["root"]));
        let labels = allow.field("node_labels");
        assert_eq!(labels.field("env"), &list(["dev"]));
        assert_eq!(labels.field("region"), &list(["a", "b"]));
        assert_eq!(labels.field("release"), &list(["1.10"]));
        let rules = allow.field("rules").as_elements().unwrap();
        assert_eq!(rules[0].field("resources"), &list(["role"]));
        assert_eq!(role.at(&["spec", "deny"]), &Value::Null);
    }

    #[test]
    fn what_only_the_cluster_says_is_left_out() {
        let user = call(
            "kind: user\nversion: v2\nmetadata:\n  name: alice\n  revision: abc\n  id: 3\nspec:\n  created_by:\n    time: x\n    \
             user: {name: bob}\n  expires: \"0001-01-01T00:00:00Z\"\n  roles: [dev]\n  status: {is_locked: false}\n  traits:\n    \
             logins: null\n    kube: [a]\nstatus: {password_state: 1}\n",
        )
        .unwrap();
        assert_eq!(user.field("status"), &Value::Null);
        assert_eq!(user.at(&["metadata", "revision"]), &Value::Null);
        let spec = user.field("spec").as_fields().unwrap();
        assert!(!spec.contains_key("created_by") && !spec.contains_key("expires"));
        let traits = spec["traits"].as_fields().unwrap();
        assert_eq!(traits["logins"], Value::List(Vec::new()));
        assert_eq!(traits["kube"], list(["a"]));
        let cluster = call(
            "kind: workload_cluster\nversion: v1\nmetadata: {name: a}\nspec: {regions: [{name: us-west-2}]}\nstatus: {state: \
             active, domain: a.teleport.sh}\n",
        );
        assert_eq!(cluster.unwrap().field("status"), &Value::Null);
    }

    #[test]
    fn bots_are_read_as_newer_and_older_versions_of_tctl_write_them() {
        let bot = |ttl: &str, expires: &str| {
            call(&format!(
                "kind: bot\nversion: v1\nmetadata: {{name: ci, expires: {expires}}}\nspec:\n  max_session_ttl: {ttl}\n  roles: \
                 [dev]\n  traits: [{{name: logins, values: [a, b]}}]\nstatus: {{user_name: bot-ci}}\n"
            ))
            .unwrap()
        };
        let newer = bot("43200s", "\"2030-01-31T12:00:00Z\"");
        assert_eq!(newer.at(&["spec", "max_session_ttl"]), &"12h0m0s".into());
        assert_eq!(newer.at(&["spec", "traits", "logins"]), &list(["a", "b"]));
        let older = bot("{seconds: 43200}", "{seconds: 1896091200, nanos: 0}");
        assert_eq!(newer, older);
        assert_eq!(
            newer.at(&["metadata", "expires"]),
            &"2030-01-31T12:00:00Z".into()
        );
    }

    #[test]
    fn the_other_kinds_have_their_form_too() {
        let token = call(
            "kind: token\nversion: v2\nmetadata: {name: t}\nspec: {roles: Bot, join_method: iam, aws_iid_ttl: 5m, bot_name: ci, \
             suggested_labels: {a: b}, allow: [{aws_account: 123456789012}]}\n",
        )
        .unwrap();
        assert_eq!(token.at(&["spec", "roles"]), &list(["Bot"]));
        assert_eq!(token.at(&["spec", "aws_iid_ttl"]), &"5m0s".into());
        assert_eq!(token.at(&["spec", "suggested_labels", "a"]), &list(["b"]));
        let rules = token.at(&["spec", "allow"]).as_elements().unwrap();
        assert_eq!(rules[0].field("aws_account"), &"123456789012".into());
        let preference = call(
            "kind: cluster_auth_preference\nversion: v2\nmetadata: {name: cluster-auth-preference}\nspec: {second_factors: [webauthn, \
             sso], signature_algorithm_suite: balanced-v1, require_session_mfa: on, allow_headless: 'false'}\n",
        )
        .unwrap();
        let spec = preference.field("spec");
        assert_eq!(
            spec.field("second_factors"),
            &Value::List(vec![2.into(), 3.into()])
        );
        assert_eq!(spec.field("signature_algorithm_suite"), &2.into());
        assert_eq!(spec.field("require_session_mfa"), &1.into());
        assert_eq!(spec.field("allow_headless"), &false.into());
    }

    #[test]
    fn what_is_wrong_is_named_with_its_path() {
        let role =
            |spec: &str| format!("kind: role\nversion: v7\nmetadata: {{name: a}}\nspec: {spec}\n");
        for (text, phrases) in [
            ("kind: node\n".to_owned(), ["\"node\"", "cluster_auth_preference, role, token"]),
            ("version: v7\n".to_owned(), ["kind is missing", "role"]),
            ("kind: [role]\n".to_owned(), ["kind must be a text", "role"]),
            ("- kind: role\n".to_owned(), ["no object", "kind"]),
            (String::new(), ["text is empty", ""]),
            ("kind: role\nsepc: {}\n".to_owned(), ["sepc", "not a field"]),
            (role("{allow: {logns: [a]}}"), ["spec.allow.logns", "not a field"]),
            (
                role("{allow: {rules: [{resources: [a]}, {verb: [b]}]}}"),
                ["spec.allow.rules[1].verb", "not a field"],
            ),
            (role("{allow: [a]}"), ["spec.allow", "mapping"]),
            (role("{allow: {node_labels: [a]}}"), ["spec.allow.node_labels", "mapping"]),
            (role("{allow: {logins: {a: b}}}"), ["spec.allow.logins[0]", "single value"]),
            (role("{allow: {logins: [a, null]}}"), ["spec.allow.logins[1]", "null"]),
            (role("{options: {forward_agent: maybe}}"), ["spec.options.forward_agent", "true or false"]),
            (role("{options: {max_sessions: many}}"), ["spec.options.max_sessions", "number"]),
            (role("{options: {max_sessions: 1e9999999}}"), ["spec.options.max_sessions", "number"]),
            (role("{options: {max_session_ttl: 8}}"), ["spec.options.max_session_ttl", "duration"]),
            (
                role("{options: {create_host_user_mode: kept}}"),
                ["spec.options.create_host_user_mode", "off, drop, keep, insecure-drop"],
            ),
            (
                "kind: bot\nversion: v1\nmetadata: {name: a}\nspec: {traits: [{name: a, value: b}]}\n".to_owned(),
                ["spec.traits[0].value", "not a field"],
            ),
        ] {
            let error = call(&text).unwrap_err();
            assert!(phrases.iter().all(|phrase| error.text.contains(phrase)), "{text}: {error}");
            assert!(!error.text.ends_with('.') && error.argument == Some(0), "{error}");
        }
    }

    #[test]
    fn no_error_has_a_value() {
        let error = call(
            "kind: token\nversion: v2\nmetadata: {name: [hunter2]}\nspec: {roles: [Bot], aws_iid_ttl: hunter2}\n",
        );
        let error = error.unwrap_err();
        assert!(
            error.text.contains("metadata.name") && !error.text.contains("hunter2"),
            "{error}"
        );
    }
}
