//! Workload clusters that are renamed or recreated, with objects in them that name their cluster themselves.

use teleport_simulator::Fault;
use tonic::Code;

use super::{
    tenants::{INVITE, ROLE, USER, domain, everything, has_role, roles_of},
    tenants_changes::{calls, recreates_everything},
};
use crate::support::{
    environment::{CLUSTER, TestEnv, cluster},
    matrix::{Scenario, scenarios},
    programs::Program,
    state::Instance,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    objects_are_recreated_in_a_cluster_that_replaces_one_of_its_name,
    what_was_in_a_recreated_cluster_under_a_written_out_address_is_in_the_next_plan,
    what_is_in_a_renamed_cluster_is_recreated_in_the_new_one,
    a_rename_that_stopped_halfway_goes_on,
];

fn objects_are_recreated_in_a_cluster_that_replaces_one_of_its_name(program: &Program) {
    let mut env = TestEnv::with(program, "active_after_reads = 0\nname_hold = '0s'");
    env.be_aws_identity("123456789012");
    let cluster = cluster("acme", "allow_same_name_replacement = true");
    let objects = everything("teleport_workload_cluster.this.status.domain");
    let body = format!("{cluster}{objects}");
    env.configure(&body);
    env.apply().succeeded().without_diagnostics();
    env.configure(&body.replace("us-west-2", "eu-central-1"));
    env.apply().succeeded();
    assert!(has_role(&env, "acme"));
    assert_eq!(
        roles_of(&env, "acme", "carol"),
        Some(vec!["developer".to_owned()])
    );
    env.plan_is_empty().without_diagnostics();
}

/// The address is no reference, so the plan does not know that the cluster behind it is another one after the apply.
fn what_was_in_a_recreated_cluster_under_a_written_out_address_is_in_the_next_plan(
    program: &Program,
) {
    let mut env = TestEnv::with(program, "active_after_reads = 0\nname_hold = '0s'");
    env.be_aws_identity("123456789012");
    let cluster =
        |region| cluster("acme", "allow_same_name_replacement = true").replace("us-west-2", region);
    env.configure(&cluster("us-west-2"));
    env.apply().succeeded();
    let domain = format!("{:?}", domain(&env, "acme"));
    let objects = |description| {
        everything(&domain)
            .replace(
                "{ name = \"developer\" }",
                &format!("{{\n  name = \"developer\"\n  description = {description:?}\n}}"),
            )
            .replace(
                "  cluster ",
                "  depends_on = [teleport_workload_cluster.this]\n  cluster ",
            )
    };
    let body = |region, description| format!("{}{}", cluster(region), objects(description));
    env.configure(&body("us-west-2", "a"));
    env.apply().succeeded();
    let all = |action: &str| {
        [ROLE, USER]
            .map(|address| (address.to_owned(), action.to_owned()))
            .to_vec()
    };

    // What was planned as a change does not become a creation.
    env.configure(&body("eu-central-1", "b"));
    let error = env
        .apply()
        .error(&["Not Found", "role \"developer\"", "recreated", "Plan again"]);
    assert_eq!(error.address, ROLE);
    assert!(!has_role(&env, "acme"));
    assert_eq!(env.plan().planned(), all("create"));
    env.apply_plan().succeeded();
    assert!(has_role(&env, "acme"));
    assert!(roles_of(&env, "acme", "carol").is_some());

    // Without a change there is nothing that could fail, and the next plan shows what is missing.
    env.configure(&body("us-east-1", "b"));
    env.apply().succeeded();
    assert!(!has_role(&env, "acme"));
    assert_eq!(env.plan().planned(), all("create"));
    env.apply_plan().succeeded();
    assert!(has_role(&env, "acme"));
    assert!(roles_of(&env, "acme", "carol").is_some());
    for (rpc, times) in [
        ("CreateRole", 3),
        ("CreateUser", 3),
        ("UpdateRole", 0),
        ("UpdateUser", 0),
    ] {
        assert_eq!(env.calls(rpc), times, "{rpc}");
    }
    env.plan_is_empty()
        .warning(&["Invite Link of a Former User"]);
}

/// A workload cluster of another name is another cluster, and what is in it is recreated there. The bot of the old one may
/// not delete.
fn what_is_in_a_renamed_cluster_is_recreated_in_the_new_one(program: &Program) {
    for lifecycle in ["", "lifecycle { create_before_destroy = true }"] {
        let mut env = TestEnv::new(program);
        env.be_aws_identity("123456789012");
        let body = |name| {
            let cluster = cluster(name, lifecycle);
            let objects = everything("teleport_workload_cluster.this.status.domain");
            let objects = objects.replace("deletion_policy = \"revoke\"", "");
            format!("{cluster}{objects}")
        };
        env.configure(&body("acme"));
        env.apply().succeeded().without_diagnostics();
        let invite = env.state().get(INVITE);
        env.configure(&body("globex"));
        let plan = env.plan();
        recreates_everything(&env, &plan, "known only after the apply");
        for (address, noun) in [(ROLE, "role"), (USER, "user")] {
            let may_not = format!("may not delete a {noun}");
            let warning = plan.warning(&["Deletion May Be Refused", &may_not, "deletion_policy"]);
            assert_eq!(warning.address, address);
        }
        env.apply_plan().error(&[
            "Access Denied",
            "user \"carol\"",
            "in the provider block for all",
            "\"abandon\"",
        ]);
        assert!(env.names().contains(&"acme".to_owned()));
        env.state().get(ROLE);
        env.state().get(USER);

        // The policy of the provider block counts at once, also where the resource cannot be updated any more.
        let provider = env.provider("deletion_policy = \"abandon\"");
        env.write(&format!("{provider}{}", body("globex")));
        let outcome = env.apply().succeeded();
        for what in ["role \"developer\"", "user \"carol\""] {
            outcome.warning(&["Not Deleted", what, "acme.localhost"]);
        }
        outcome.warning(&["Workload Cluster Name Held", "acme"]);
        let order = outcome.order();
        let place = |address: &str| order.iter().position(|begun| begun == address).unwrap();
        assert!(place(USER) < place(ROLE), "{order:?}");
        assert_eq!(
            order[order.len() - 1] == CLUSTER,
            !lifecycle.is_empty(),
            "{order:?}"
        );
        assert_eq!(env.names(), ["globex"]);
        assert!(has_role(&env, "globex"));
        let roles = roles_of(&env, "globex", "carol");
        assert_eq!(roles, Some(vec!["developer".to_owned()]));
        let url = |instance: &Instance| instance.attributes["url"].clone();
        assert_ne!(url(&env.state().get(INVITE)), url(&invite));
        for (rpc, times) in [
            ("CreateRole", 2),
            ("CreateUser", 2),
            ("DeleteUser", 1),
            ("DeleteRole", 0),
            ("UpdateRole", 0),
            ("UpdateUser", 0),
        ] {
            assert_eq!(env.calls(rpc), times, "{rpc}");
        }
        env.plan_is_empty().without_diagnostics();
    }
}

/// The new cluster exists and the old one is still there.
fn a_rename_that_stopped_halfway_goes_on(program: &Program) {
    let mut env = TestEnv::new(program);
    env.be_aws_identity("123456789012");
    let body = |name| {
        let cluster = cluster(name, "lifecycle { create_before_destroy = true }");
        let objects = everything("teleport_workload_cluster.this.status.domain");
        format!("{cluster}{objects}")
    };
    env.configure(&body("acme"));
    env.apply().succeeded().without_diagnostics();
    env.configure(&body("globex"));
    let refused = Fault::code("CreateUser", Code::InvalidArgument).cluster("globex");
    env.simulator.add_fault(refused).unwrap();
    env.apply().error(&["creating the user \"carol\""]);
    assert_eq!(env.names(), ["acme", "globex"]);
    assert_eq!(roles_of(&env, "acme", "carol"), Some(Vec::new()));
    assert!(has_role(&env, "globex") && env.state().find(USER).is_none());

    let outcome = env.apply().succeeded();
    assert_eq!(outcome.order(), [USER, INVITE, CLUSTER]);
    assert_eq!(env.names(), ["globex"]);
    let roles = roles_of(&env, "globex", "carol");
    assert_eq!(roles, Some(vec!["developer".to_owned()]));
    assert_eq!(calls(&env, "globex", "CreateRole"), 1);
    assert_eq!(calls(&env, "globex", "CreateUser"), 2);
    env.plan_is_empty().without_diagnostics();
}
