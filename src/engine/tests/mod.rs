mod configurations;
mod plans;
mod recordings;
mod server;

use proptest::{prelude::*, strategy::ValueTree as _, test_runner::TestRunner};
use prost_reflect::DynamicMessage;
use tfplugin::{
    Call, Private, Resource, Stop, Value,
    operations::{self, Plan, PlanRequest},
};

use self::configurations::{configurations, has, leaves, proposed, valid};
use super::{
    Followed, KindResource,
    create::Written,
    differences::{comparable, differences},
};
use crate::{
    clusters::ProviderData,
    kinds::{role::ROLE, user::USER},
};

/// A resource with its object in a cluster and in the state.
struct World {
    resource: KindResource,
    object: DynamicMessage,
    state: Value,
    private: Private,
    revision: u32,
}

impl World {
    fn plan(&self, config: &Value) -> Plan {
        plan(&self.resource, config, &self.state, &self.private)
    }

    /// The first apply.
    fn create(resource: KindResource, config: &Value) -> Self {
        let plan = plan(&resource, config, &Value::Null, &Private::new());
        let shape = &resource.shape;
        let object = server::stored(&shape.request(&plan.planned).unwrap(), 1);
        let mut world = Self {
            object,
            state: Value::Null,
            private: Private::new(),
            revision: 1,
            resource,
        };
        world.take(config, &plan);
        world
    }

    /// A further apply.
    fn apply(&mut self, config: &Value) {
        let plan = self.plan(config);
        assert!(plan.requires_replace.is_empty());
        let shape = &self.resource.shape;
        if !shape.is_as_before(&plan.planned, &self.state) {
            let changed = shape.changed(&self.object, &plan.planned).unwrap();
            self.revision += 1;
            self.object = server::stored(&changed, self.revision);
        }
        self.take(config, &plan);
    }

    fn take(&mut self, config: &Value, plan: &Plan) {
        let shape = &self.resource.shape;
        let written = Written {
            shape,
            provider: None,
            config,
            planned: &plan.planned,
            followed: Followed {
                object: Some(self.object.clone()),
                is_ready: true,
            },
        };
        let applied = written.answer(None, self.private.clone(), Default::default());
        assert!(applied.diagnostics.is_empty(), "{:#?}", applied.diagnostics);
        // Core's law: what was planned is what is.
        let broken = differences(&plan.planned, &applied.state);
        assert!(broken.is_empty(), "{broken:?}");
        (self.state, self.private) = (applied.state, applied.private);
    }

    fn refresh(&mut self) {
        self.state = self.resource.shape.value(&self.object, &self.state);
    }

    /// What somebody else does.
    fn edit(&mut self, edit: impl FnOnce(&mut Value)) {
        let shape = &self.resource.shape;
        let mut value = shape.reported(&self.object);
        edit(&mut value);
        let changed = shape.changed(&self.object, &value).unwrap();
        self.revision += 1;
        self.object = server::stored(&changed, self.revision);
        self.refresh();
    }

    #[track_caller]
    fn nothing_is_planned(&self, config: &Value) {
        let plan = self.plan(config);
        let changed = differences(&plan.planned, &self.state);
        assert!(
            changed.is_empty() && plan.planned == self.state,
            "{changed:?}\n{:#?}",
            plan.planned
        );
    }
}

fn plan(resource: &KindResource, config: &Value, prior: &Value, private: &Private) -> Plan {
    let call = Call {
        client: None,
        stop: Stop::never(),
    };
    let plan = plan_by(resource, &call, config, prior, private);
    assert!(!plan.diagnostics.has_errors());
    plan
}

fn plan_by(
    resource: &KindResource,
    call: &Call<ProviderData>,
    config: &Value,
    prior: &Value,
    private: &Private,
) -> Plan {
    let request = PlanRequest {
        config: config.clone(),
        prior: prior.clone(),
        proposed: proposed(resource, config, prior),
        private: private.clone(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let mut plan = runtime.block_on(operations::plan(resource, call, request));
    // What core stores beside the object has no marks of plans.
    tfplugin::PlanKind::unmark(&mut plan.private);
    plan
}

fn role() -> KindResource {
    KindResource::new(ROLE)
}

fn user() -> KindResource {
    KindResource::new(USER)
}

/// The whole life of an object.
fn life(make: fn() -> KindResource, name: &str, first: Value, second: Value) {
    let (first, second) = (valid(&make(), first, name), valid(&make(), second, name));
    let mut world = World::create(make(), &first);
    world.nothing_is_planned(&first);
    world.refresh();
    world.nothing_is_planned(&first);
    world.apply(&second);
    world.refresh();
    world.nothing_is_planned(&second);
    // It is what it would be if it had been made like that.
    let shape = &world.resource.shape;
    let recreated = World::create(make(), &second);
    let said = |world: &World| comparable(shape, &shape.reported(&world.object));
    let (recreated, changed) = (said(&recreated), said(&world));
    assert!(
        shape.same(&recreated, &changed),
        "{:?}",
        differences(&recreated, &changed)
    );

    // An import brings what there is, and the configuration says that.
    let named = shape.named(world.resource.schema(), name);
    let imported = shape.imported(&world.object, &named);
    let plan = plan(&world.resource, &second, &imported, &Private::new());
    let (planned, there) = (
        comparable(shape, &plan.planned),
        comparable(shape, &imported),
    );
    assert_eq!(differences(&planned, &there), []);
    let generated = operations::configuration(&world.resource, &imported);
    let plan = self::plan(&world.resource, &generated, &imported, &Private::new());
    assert_eq!(differences(&plan.planned, &imported), []);
}

fn pairs(make: fn() -> KindResource) -> impl Strategy<Value = (Value, Value)> {
    let values = configurations(&make(), &[]);
    (values.clone(), values)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_role_is_made_and_changed_and_nothing_is_left_to_do((first, second) in pairs(role)) {
        life(role, "editor", first, second);
    }

    #[test]
    fn any_user_is_made_and_changed_and_nothing_is_left_to_do((first, second) in pairs(user)) {
        life(user, "alice", first, second);
    }
}

/// Every attribute that can be configured goes through a life at least once. The thorough configuration has those that a
/// random one does not get right.
fn every_attribute(make: fn() -> KindResource, name: &str, thorough: Value, refused: &[&str]) {
    let resource = make();
    let mut runner = TestRunner::deterministic();
    let bare = crate::engine::shapes::null(resource.schema());
    let valid = |config: &Value| valid(&resource, config.clone(), name);
    let is_in_thorough = {
        let thorough = valid(&thorough);
        move |names: &[String]| has(&thorough, names)
    };
    let mut unset = Vec::new();
    for names in leaves(&resource) {
        if is_in_thorough(&names) {
            continue;
        }
        let any = configurations(&resource, &names);
        let mut drawn = (0..DRAWS).map(|_| any.new_tree(&mut runner).unwrap().current());
        match drawn.find(|config| has(&valid(config), &names)) {
            Some(config) => life(make, name, bare.clone(), config),
            None => unset.push(names.join(".")),
        }
    }
    life(make, name, bare, thorough);
    assert_eq!(unset, refused);
}

/// How often a configuration is drawn until one with the attribute is valid.
const DRAWS: usize = 100;

#[test]
fn every_attribute_of_a_role_is_made_and_changed() {
    let texts = |texts: &[&str]| Value::List(texts.iter().map(|text| (*text).into()).collect());
    let one = |value: Value| Value::List(vec![value]);
    let rule = Value::object([
        ("resources", texts(&["session"])),
        ("verbs", texts(&["list", "read"])),
        (
            "where",
            "contains(session.participants, user.metadata.name)".into(),
        ),
        ("actions", texts(&["log(\"info\", \"listed\")"])),
    ]);
    let deployments = Value::object([
        ("kind", "deployments".into()),
        ("api_group", "apps".into()),
        ("namespace", "*".into()),
        ("name", "*".into()),
        ("verbs", texts(&["get"])),
    ]);
    let spiffe = Value::object([
        ("path", "/svc/*".into()),
        ("dns_sans", texts(&["*.example.com"])),
        ("ip_sans", texts(&["10.0.0.0/8"])),
    ]);
    let side = Value::object([
        ("rules", one(rule)),
        ("spiffe", one(spiffe)),
        ("kubernetes_resources", one(deployments)),
    ]);
    let mut thorough = crate::engine::shapes::null(role().schema());
    thorough.set_field("version", "v8".into());
    thorough.set_field(
        "spec",
        Value::object([("allow", side.clone()), ("deny", side)]),
    );
    let refused = [
        "cluster",
        "metadata.revision",
        "spec.deny.request.thresholds.approve",
        "spec.deny.request.thresholds.deny",
        "spec.deny.request.thresholds.filter",
        "spec.deny.request.thresholds.name",
    ];
    every_attribute(role, "editor", thorough, &refused);
}

#[test]
fn every_attribute_of_a_user_is_made_and_changed() {
    let bare = crate::engine::shapes::null(user().schema());
    every_attribute(user, "alice", bare, &["cluster", "metadata.revision"]);
}
