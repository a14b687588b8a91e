use prost_reflect::ReflectMessage as _;
use tfplugin::{AttributeShape, Nesting, Path};

use super::*;
use crate::clusters::target::CLUSTER;

/// A configuration of a role with these options and logins.
fn config(version: &str, options: Value, logins: &[&str]) -> Value {
    let resource = role();
    let attributes = &resource.schema().block.attributes;
    let mut config = crate::engine::shapes::null(resource.schema());
    let blank = |shape: &AttributeShape| match shape {
        AttributeShape::Nested(Nesting::Single, inner) => {
            Value::object(inner.keys().map(|name| (name.as_str(), Value::Null)))
        }
        _ => Value::Null,
    };
    config.set_field("version", version.into());
    config.set_field("metadata", blank(&attributes["metadata"].shape));
    config.set_at(&["metadata", "name"], "editor".into());
    config.set_field("spec", blank(&attributes["spec"].shape));
    let AttributeShape::Nested(_, spec) = &attributes["spec"].shape else {
        panic!("spec must be nested");
    };
    for part in ["options", "allow"] {
        config.set_at(&["spec", part], blank(&spec[part].shape));
    }
    for (name, value) in options.as_fields().unwrap() {
        config.set_at(&["spec", "options", name], value.clone());
    }
    let logins = logins.iter().map(|login| Value::from(*login)).collect();
    config.set_at(&["spec", "allow", "logins"], Value::List(logins));
    config
}

fn option(name: &str, value: impl Into<Value>) -> Value {
    Value::object([(name, value.into())])
}

fn none() -> Value {
    Value::object::<String>([])
}

const TTL: [&str; 3] = ["spec", "options", "max_session_ttl"];

#[test]
fn what_the_server_filled_in_may_change() {
    let config = config("v8", none(), &["a"]);
    let mut world = World::create(role(), &config);
    world.edit(|role| role.set_at(&TTL, "1h".into()));
    assert_eq!(world.state.at(&TTL), &"1h0m0s".into());
    world.nothing_is_planned(&config);
}

#[test]
fn a_part_that_did_not_change_stays_known() {
    let mut world = World::create(role(), &config("v8", none(), &["a"]));
    let plan = world.plan(&config("v8", none(), &["b"]));
    assert_eq!(plan.planned.at(&TTL), &"30h0m0s".into());
    assert!(plan.planned.is_wholly_known());
    let plan = world.plan(&config("v7", none(), &["a"]));
    assert_eq!(plan.planned.at(&TTL), &Value::Unknown);
    world.apply(&config("v7", none(), &["a"]));
    assert!(world.state.at(&["spec", "options", "idp"]).is_set());
}

#[test]
fn what_is_not_configured_any_more_is_the_servers_again() {
    let mut world = World::create(
        role(),
        &config("v8", option("max_session_ttl", "8h"), &["a"]),
    );
    assert_eq!(world.state.at(&TTL), &"8h".into());
    let without = config("v8", none(), &["a"]);
    world.apply(&without);
    assert_eq!(world.state.at(&TTL), &"30h0m0s".into());
    world.nothing_is_planned(&without);
}

#[test]
fn other_words_change_nothing() {
    let mut world = World::create(
        role(),
        &config("v8", option("max_session_ttl", "90m"), &["a"]),
    );
    world.nothing_is_planned(&config("v8", option("max_session_ttl", "1h30m"), &["a"]));
    world.private = Private::new();
    world.nothing_is_planned(&config("v8", option("max_session_ttl", "1h30m0s"), &["a"]));
}

#[test]
fn a_mode_that_the_server_renames_is_the_same() {
    let config = config("v8", option("create_host_user_mode", 2_i64), &["a"]);
    let mut world = World::create(role(), &config);
    world.refresh();
    world.nothing_is_planned(&config);
}

#[test]
fn ignored_changes_are_none() {
    let config = config("v8", none(), &["a"]);
    let mut world = World::create(role(), &config);
    world.edit(|role| role.set_at(&TTL, "1h".into()));
    // With ignore_changes core puts what is stored into the configuration.
    let mut ignoring = config.clone();
    let stored = world.state.at(&["spec", "options"]).clone();
    ignoring.set_at(&["spec", "options"], stored);
    world.nothing_is_planned(&ignoring);
}

#[test]
fn the_policy_alone_is_no_change_of_the_object() {
    let config = config("v8", none(), &["a"]);
    let world = World::create(role(), &config);
    let mut other = config.clone();
    other.set_field("deletion_policy", "abandon".into());
    let plan = world.plan(&other);
    assert!(plan.planned.is_wholly_known());
    assert!(world.resource.shape.same(&plan.planned, &world.state));
}

/// The plan for a role of one cluster that is to be in another, and nothing else.
fn plan_for(prior: impl Into<Value>, cluster: impl Into<Value>) -> (Value, Plan) {
    let mut config = config("v8", none(), &["a"]);
    config.set_field(CLUSTER, prior.into());
    let world = World::create(role(), &config);
    config.set_field(CLUSTER, cluster.into());
    let plan = world.plan(&config);
    (world.state, plan)
}

#[test]
fn another_cluster_is_another_object() {
    for (prior, cluster) in [
        (Value::Null, Value::from("a.example.com")),
        ("a.example.com".into(), Value::Null),
        ("a.example.com".into(), "b.example.com".into()),
        ("a.example.com".into(), "a.example.com:3080".into()),
    ] {
        let (_, plan) = plan_for(prior, cluster);
        assert_eq!(plan.requires_replace, [Path::attribute(CLUSTER)]);
    }
}

#[test]
fn a_cluster_in_other_words_is_the_same_and_an_unknown_one_is_another() {
    let (_, plan) = plan_for("a.example.com", "a.example.com:443");
    assert!(plan.requires_replace.is_empty() && plan.planned.is_wholly_known());
    let (_, plan) = plan_for("a.example.com", Value::Unknown);
    assert_eq!(plan.requires_replace, [Path::attribute(CLUSTER)]);
}

#[test]
fn the_id_stays_whatever_is_updated() {
    let user_config = |roles: &[&str], with_version: bool| {
        let mut config = crate::engine::shapes::null(user().schema());
        if with_version {
            config.set_field("version", "v2".into());
        }
        config.set_field("metadata", Value::object([("name", "alice".into())]));
        let roles = roles.iter().map(|role| Value::from(*role)).collect();
        config.set_field("spec", Value::object([("roles", Value::List(roles))]));
        config
    };
    for with_version in [true, false] {
        let world = World::create(user(), &user_config(&["a"], with_version));
        let plan = world.plan(&user_config(&["a", "b"], with_version));
        assert_eq!(plan.planned.field("id"), &"alice".into());
        assert!(plan.planned.at(&["spec", "traits"]).is_null());
    }
}

#[test]
fn a_version_that_the_cluster_does_not_know_is_a_warning() {
    let config = config("v8", none(), &["a"]);
    let resource = role();
    let plan = plan(&resource, &config, &Value::Null, &Private::new());
    let mut sent = resource.shape.request(&plan.planned).unwrap();
    sent.set_field_by_name("Version", prost_reflect::Value::String("v7".to_owned()));
    let object = server::stored(&sent, 1);
    let written = Written {
        shape: &resource.shape,
        provider: None,
        config: &config,
        planned: &plan.planned,
        followed: Followed {
            object: Some(object.clone()),
            is_ready: true,
        },
    };
    let applied = written.answer(None, Private::new(), Default::default());
    let diags: Vec<_> = applied.diagnostics.iter().collect();
    assert_eq!(diags[0].path.to_string(), "version");
    for phrase in ["\"v7\"", "terraform untaint"] {
        assert!(diags[0].detail.contains(phrase), "{}", diags[0].detail);
    }
    assert_eq!(applied.state.field("version"), &"v7".into());
}

#[test]
fn a_role_of_v3_is_revoked_by_a_version_in_which_nothing_means_nothing() {
    let world = World::create(role(), &config("v3", none(), &["a"]));
    let shape = &world.resource.shape;
    let everything = ["spec", "allow", "app_labels"];
    assert!(world.state.at(&everything).is_set());
    let mut revoked = world.object.clone();
    (ROLE.revoke.unwrap().apply)(&mut revoked);
    let revoked = server::stored(&revoked, 2);
    assert_eq!(
        shape.reported(&revoked).at(&["spec", "allow"]),
        &Value::Null
    );
}

#[test]
fn a_right_that_the_provider_does_not_know_is_revoked_too() {
    use prost::Message as _;
    let world = World::create(role(), &config("v8", none(), &["a"]));
    let mut object = world.object.clone();
    let spec = object.get_field_by_name_mut("Spec").unwrap();
    let allow = spec.as_message_mut().unwrap();
    let allow = allow.get_field_by_name_mut("Allow").unwrap();
    allow
        .as_message_mut()
        .unwrap()
        .merge(&[0xfa, 0x3f, 0x02, b'h', b'i'][..])
        .unwrap();
    let contains_it = |object: &DynamicMessage| {
        let bytes = object.encode_to_vec();
        bytes.windows(2).any(|found| found == b"hi")
    };
    assert!(contains_it(&object));
    (ROLE.revoke.unwrap().apply)(&mut object);
    assert!(!contains_it(&object));
    let spec = object.get_field_by_name("Spec").unwrap();
    assert!(!spec.as_message().unwrap().has_field_by_name("Allow"));
}

#[test]
fn what_the_provider_does_not_know_survives_an_update() {
    let mut world = World::create(user(), &{
        let mut config = crate::engine::shapes::null(user().schema());
        config.set_field("version", "v2".into());
        config.set_field("metadata", Value::object([("name", "alice".into())]));
        config
    });
    use prost::Message as _;
    let mut bytes = world.object.encode_to_vec();
    bytes.extend([0xfa, 0x3f, 0x02, b'h', b'i']);
    world.object = DynamicMessage::decode(world.object.descriptor(), bytes.as_slice()).unwrap();
    let mut planned = world.state.clone();
    planned.set_field(
        "spec",
        Value::object([("roles", Value::List(vec!["a".into()]))]),
    );
    let changed = world
        .resource
        .shape
        .changed(&world.object, &planned)
        .unwrap();
    assert_eq!(changed.unknown_fields().count(), 1);
    let created_by = |user: &DynamicMessage| {
        let spec = user.get_field_by_name("Spec").unwrap().into_owned();
        spec.as_message().unwrap().has_field_by_name("CreatedBy")
    };
    assert!(created_by(&changed) && created_by(&world.object));
}

#[test]
fn the_revision_is_in_the_state_only_where_it_is_configured() {
    let path = ["metadata", "revision"];
    let first = config("v8", none(), &["a"]);
    let mut world = World::create(role(), &first);
    assert!(world.state.at(&path).is_null());
    // Somebody else writes what the configuration does not set: another revision, and nothing to do.
    world.edit(|role| role.set_at(&TTL, "1h".into()));
    assert!(world.state.at(&path).is_null());
    world.nothing_is_planned(&first);

    let mut repeated = first;
    repeated.set_at(&path, "r1".into());
    let mut world = World::create(role(), &repeated);
    world.edit(|role| role.set_at(&TTL, "1h".into()));
    assert_eq!(world.state.at(&path), &"r1".into());
    world.nothing_is_planned(&repeated);
}

#[test]
fn ignored_attributes_never_show_whatever_becomes_of_them() {
    let options = option("max_session_ttl", "8h");
    let raw = config("v8", options, &["a"]);
    let places: [&[&str]; 6] = [
        &["spec"],
        &["spec", "allow"],
        &["spec", "allow", "logins"],
        &["spec", "options", "max_session_ttl"],
        &["spec", "allow", "node_labels"],
        &["spec", "allow", "kubernetes_resources"],
    ];
    for place in places {
        let mut world = World::create(role(), &raw);
        world.edit(|role| {
            role.set_at(&["spec", "allow", "logins"], Value::Null);
            role.set_at(&["spec", "options", "max_session_ttl"], "2h".into());
            let labels = Value::Map([("env".to_owned(), Value::List(vec!["x".into()]))].into());
            role.set_at(&["spec", "allow", "node_labels"], labels);
        });
        // Core puts what is stored in the place of what is ignored.
        let mut ignoring = raw.clone();
        for place in [place, &["spec", "allow", "logins"], &["spec", "options"]] {
            ignoring.set_at(place, world.state.at(place).clone());
        }
        ignoring.set_at(
            &["spec", "allow", "node_labels"],
            world.state.at(&["spec", "allow", "node_labels"]).clone(),
        );
        world.nothing_is_planned(&ignoring);
    }
}

/// The paths at which a plan differs from the state.
fn changes(world: &World, config: &Value) -> Vec<String> {
    let plan = world.plan(config);
    let mut paths = Vec::new();
    leaves_of_difference(&plan.planned, &world.state, &Path::root(), &mut paths);
    paths
}

fn leaves_of_difference(planned: &Value, state: &Value, path: &Path, paths: &mut Vec<String>) {
    match (planned, state) {
        (Value::Object(planned), Value::Object(state)) => {
            for (name, planned) in planned {
                let path = path.with_attribute(name);
                leaves_of_difference(planned, &state[name], &path, paths);
            }
        }
        _ if planned == state => {}
        _ => paths.push(path.to_string()),
    }
}

#[test]
fn one_changed_option_is_one_changed_line() {
    for version in ["v3", "v4", "v5", "v6", "v7", "v8"] {
        let world = World::create(
            role(),
            &config(version, option("forward_agent", true), &["a"]),
        );
        let other = config(version, option("forward_agent", false), &["a"]);
        assert_eq!(
            changes(&world, &other),
            ["spec.options.forward_agent"],
            "{version}"
        );
        let other = config(version, option("forward_agent", true), &["a", "b"]);
        let expected: &[&str] = match version {
            // Without logins the server fills in no labels.
            "v3" => &["spec.allow.logins", "spec.allow.node_labels"],
            _ => &["spec.allow.logins"],
        };
        assert_eq!(changes(&world, &other), expected, "{version}");
        let without = config(version, none(), &["a"]);
        assert_eq!(
            changes(&world, &without),
            ["spec.options.forward_agent"],
            "{version}"
        );
    }
}

#[test]
fn one_changed_attribute_of_a_user_is_one_changed_line() {
    let user_config = |roles: &[&str]| {
        let mut config = crate::engine::shapes::null(user().schema());
        config.set_field("metadata", Value::object([("name", "alice".into())]));
        let roles = roles.iter().map(|role| Value::from(*role)).collect();
        config.set_field("spec", Value::object([("roles", Value::List(roles))]));
        config
    };
    let world = World::create(user(), &user_config(&["a"]));
    assert_eq!(changes(&world, &user_config(&["a", "b"])), ["spec.roles"]);
}

#[test]
fn a_side_that_is_removed_from_the_configuration_is_removed() {
    let mut first = config("v8", none(), &["a"]);
    let deny = Value::object([("logins", Value::List(vec!["root".into()]))]);
    first.set_at(&["spec", "deny"], deny);
    let mut world = World::create(role(), &first);
    let second = config("v8", none(), &["a"]);
    assert_eq!(changes(&world, &second), ["spec.deny.logins"]);
    world.apply(&second);
    assert!(world.state.at(&["spec", "deny", "logins"]).is_null());
    world.refresh();
    world.nothing_is_planned(&second);
}

#[test]
fn an_import_differs_neither_from_silence_nor_from_empty_values() {
    let world = World::create(role(), &config("v7", none(), &["a"]));
    let shape = &world.resource.shape;
    let named = shape.named(world.resource.schema(), "editor");
    let imported = shape.imported(&world.object, &named);
    let silent = config("v7", none(), &["a"]);
    let mut empty = silent.clone();
    empty.set_at(&["metadata", "labels"], Value::Map(Default::default()));
    empty.set_at(&["metadata", "description"], "".into());
    empty.set_at(&["spec", "deny"], Value::object::<String>([]));
    empty.set_at(&["spec", "options", "forward_agent"], false.into());
    for config in [silent, empty] {
        let plan = plan(&world.resource, &config, &imported, &Private::new());
        let mut paths = Vec::new();
        leaves_of_difference(&plan.planned, &imported, &Path::root(), &mut paths);
        assert_eq!(paths, [""; 0]);
    }
}

#[test]
fn the_mode_that_the_server_renames_is_planned_as_it_is_stored() {
    let config = config("v7", option("create_host_user_mode", 2_i64), &["a"]);
    let world = World::create(role(), &config);
    let shape = &world.resource.shape;
    let imported = shape.imported(
        &world.object,
        &shape.named(world.resource.schema(), "editor"),
    );
    let mode = ["spec", "options", "create_host_user_mode"];
    assert_eq!(imported.at(&mode), &Value::from(4_i64));
    let plan = plan(&world.resource, &config, &imported, &Private::new());
    assert_eq!(plan.planned.at(&mode), &Value::from(4_i64));
}

#[test]
fn the_old_port_forwarding_replaces_the_new_one_in_the_request() {
    let forwarding = |name: &str, value: Value| option(name, value);
    let first = config(
        "v8",
        forwarding("ssh_port_forwarding", Value::object::<String>([])),
        &["a"],
    );
    let world = World::create(role(), &first);
    let has_new = |role: &DynamicMessage| {
        let spec = role.get_field_by_name("Spec").unwrap().into_owned();
        let options = spec
            .as_message()
            .unwrap()
            .get_field_by_name("Options")
            .unwrap()
            .into_owned();
        options
            .as_message()
            .unwrap()
            .has_field_by_name("SSHPortForwarding")
    };
    assert!(has_new(&world.object));
    let plan = world.plan(&config(
        "v8",
        forwarding("port_forwarding", true.into()),
        &["a"],
    ));
    let changed = world.resource.shape.changed(&world.object, &plan.planned);
    assert!(!has_new(&changed.unwrap()));
}

#[test]
fn what_a_plan_shows_as_known_is_what_the_apply_answers() {
    let first = config("v8", none(), &["a"]);
    let mut world = World::create(role(), &first);
    let second = config("v8", none(), &["b"]);
    let plan = world.plan(&second);
    // In between, the server fills in something else than it showed.
    world.edit(|role| {
        role.set_at(&TTL, "1h".into());
        role.set_at(&["spec", "allow", "logins"], Value::List(vec!["b".into()]));
    });
    world.take(&second, &plan);
    assert_eq!(world.state.at(&TTL), &"30h0m0s".into());
    world.refresh();
    assert_eq!(world.state.at(&TTL), &"1h0m0s".into());
}
