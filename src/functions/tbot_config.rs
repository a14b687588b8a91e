//! The function `tbot_config`: the configuration with which `tbot` gets an identity in a workload cluster.

use teleport_client::Address;
use tfplugin::{Function, FunctionError, Parameter, Signature, Type, Value};

use super::{blame, yaml::quoted};

/// The function `provider::teleport::tbot_config`.
pub(crate) struct TbotConfig {
    signature: Signature,
}

impl TbotConfig {
    pub(crate) fn new() -> Self {
        Self {
            signature: signature(),
        }
    }
}

fn signature() -> Signature {
    // An object of these attributes alone: core drops the other ones of a resource, so an unknown one does not make the result
    // unknown. If one of these is missing, core names it.
    let bot = Type::object([("bot", Type::object([("name", Type::String)]))]);
    let cluster = Type::object([
        ("spec", bot),
        ("status", Type::object([("domain", Type::String)])),
    ]);
    let parameter = |name: &str, ty, description: &str| Parameter {
        name: name.to_owned(),
        ty,
        description: description.to_owned(),
        allow_null: false,
        allow_unknown: false,
    };
    Signature {
        summary: "Configuration of tbot for a workload cluster.".to_owned(),
        description: "The text of a `tbot.yaml`, version `v2`. With it, `tbot start -c tbot.yaml` joins a workload cluster once as the \
             bot that Teleport Cloud creates there, and writes an identity file. Terraform itself needs no `tbot`: use \
             `join_method` of the provider block, or the ephemeral resource `teleport_identity`.\n\n`tbot` joins with the AWS \
             credentials that it finds, which must match a rule in `spec.token.allow` of the cluster. There is no secret in the \
             text.\n\nFunctions of providers need Terraform 1.8 or OpenTofu 1.7."
            .to_owned(),
        parameters: vec![parameter(
            "cluster",
            cluster,
            "The workload cluster: a resource or data source `teleport_workload_cluster`, or any object with \
             `spec.bot.name` and `status.domain`.",
        )],
        variadic: Some(parameter(
            "directory",
            Type::String,
            "The folder that `tbot` writes to, at most one; the identity file is `identity` in it. Default: \
             `./tbot-output`.",
        )),
        returns: Type::String,
    }
}

impl Function for TbotConfig {
    fn name(&self) -> &str {
        "tbot_config"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        let (cluster, directories) = arguments.split_first().unwrap_or((&Value::Null, &[]));
        let bot = text(cluster, &["spec", "bot", "name"]).ok_or_else(|| {
            blame(
                0,
                "spec.bot.name of the cluster is not set, so the workload cluster has no bot that tbot can join as",
            )
        })?;
        let domain = text(cluster, &["status", "domain"]).ok_or_else(|| {
            blame(
                0,
                "status.domain of the cluster is not set: a workload cluster gets its domain when it is created; if it is missing \
                 in the state, refresh the resource",
            )
        })?;
        let address = Address::parse(domain).map_err(|error| {
            blame(
                0,
                format!("status.domain of the cluster is not an address: {error}"),
            )
        })?;
        let directory = match directories {
            [] => DIRECTORY,
            [directory] => directory
                .as_str()
                .filter(|text| !text.trim().is_empty())
                .ok_or_else(|| {
                    blame(
                        1,
                        "directory must not be empty: leave it out for ./tbot-output",
                    )
                })?,
            _ => return Err(blame(2, "there can be one directory at most")),
        };
        Ok(Value::string(config(&address, bot, directory)))
    }
}

/// The file of Teleport's guide "Workload Clusters" (docs/pages/zero-trust-access/management in gravitational/teleport).
fn config(address: &Address, bot: &str, directory: &str) -> String {
    let address = quoted(&address.to_string());
    // Teleport Cloud names bot and token alike, and lets them join by iam alone.
    let token = quoted(bot);
    let path = quoted(directory);
    format!(
        "version: v2
oneshot: true
proxy_server: {address}
onboarding:
  join_method: iam
  token: {token}
storage:
  type: memory
services:
  - type: identity
    destination:
      type: directory
      path: {path}
"
    )
}

fn text<'v>(cluster: &'v Value, names: &[&str]) -> Option<&'v str> {
    let text = cluster.at(names).as_str().map(str::trim);
    text.filter(|text| !text.is_empty())
}

/// The folder that the guide uses.
const DIRECTORY: &str = "./tbot-output";

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn cluster(bot: Value, domain: Value) -> Value {
        let bot = Value::object([("bot", Value::object([("name", bot)]))]);
        Value::object([
            ("spec", bot),
            ("status", Value::object([("domain", domain)])),
        ])
    }

    fn good() -> Value {
        cluster("terraform".into(), "child.teleport.sh".into())
    }

    fn call(arguments: &[Value]) -> Result<String, FunctionError> {
        let result = TbotConfig::new().call(arguments)?;
        Ok(result.as_str().unwrap().to_owned())
    }

    fn parsed(yaml: &str) -> Json {
        serde_saphyr::from_str(yaml).unwrap()
    }

    #[test]
    fn the_configuration_is_that_of_the_guide() {
        assert_eq!(
            parsed(&call(&[good()]).unwrap()),
            json!({
                "version": "v2",
                "oneshot": true,
                "proxy_server": "child.teleport.sh:443",
                "onboarding": { "join_method": "iam", "token": "terraform" },
                "storage": { "type": "memory" },
                "services": [{
                    "type": "identity",
                    "destination": { "type": "directory", "path": "./tbot-output" },
                }],
            })
        );
    }

    #[test]
    fn a_port_of_the_domain_and_a_directory_are_taken() {
        let cluster = cluster("ci".into(), "child.localhost:3080".into());
        let config = parsed(&call(&[cluster, "/var/lib/tbot out".into()]).unwrap());
        assert_eq!(config["proxy_server"], "child.localhost:3080");
        assert_eq!(
            config["services"][0]["destination"]["path"],
            "/var/lib/tbot out"
        );
    }

    #[test]
    fn names_that_yaml_takes_for_something_else_stay_texts() {
        for name in [
            "no",
            "null",
            "1.10",
            "0x1F",
            "- a",
            "a: b",
            "#a",
            "a\"b\\c",
            "\u{85}\u{2028}\t\n",
        ] {
            let config = parsed(&call(&[good(), format!("./{name}").into()]).unwrap());
            assert_eq!(
                config["services"][0]["destination"]["path"],
                format!("./{name}")
            );
            let bot = cluster(name.into(), "child.teleport.sh".into());
            if !name.trim().is_empty() {
                assert_eq!(parsed(&call(&[bot]).unwrap())["onboarding"]["token"], name);
            }
        }
    }

    #[test]
    fn what_is_missing_or_wrong_is_named_at_its_argument() {
        let domain = || Value::from("child.teleport.sh");
        for (arguments, argument, phrase) in [
            (vec![cluster(Value::Null, domain())], 0, "spec.bot.name"),
            (vec![cluster(" ".into(), domain())], 0, "spec.bot.name"),
            (vec![cluster("ci".into(), Value::Null)], 0, "status.domain"),
            (
                vec![cluster("ci".into(), "https://a.b".into())],
                0,
                "a scheme",
            ),
            (vec![good(), " ".into()], 1, "directory"),
            (vec![good(), "a".into(), "b".into()], 2, "one directory"),
        ] {
            let error = call(&arguments).unwrap_err();
            assert_eq!(error.argument, Some(argument), "{error}");
            assert!(error.text.contains(phrase), "{error}");
            assert!(!error.text.ends_with('.'), "{error}");
        }
        let without = Value::object([("spec", Value::Null), ("status", Value::Null)]);
        assert!(call(&[without]).is_err());
    }
}
