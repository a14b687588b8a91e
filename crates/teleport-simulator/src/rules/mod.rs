//! The kinds of objects that a cluster stores: a table of what describes them, and special rules as functions, a file each.
//!
//! To add a kind, add a row to the table, with the gRPC calls on it, and a file for its rules if it has any.

pub(crate) mod auth_preference;
pub(crate) mod bot;
mod cloud_cluster;
pub(crate) mod metadata;
pub(crate) mod provision_token;
pub(crate) mod role;
pub(crate) mod user;
pub(crate) mod workload_cluster;

use crate::{
    grpc::access::Caller,
    store::{Kind, Op},
};

/// Every kind.
pub(crate) static KINDS: [&Kind; 7] = [
    &ROLE,
    &USER,
    &TOKEN,
    &BOT,
    &AUTH_PREFERENCE,
    &WORKLOAD_CLUSTER,
    &CLOUD_CLUSTER,
];

/// The kind of a name. `None` when there is none.
pub(crate) fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.into_iter().find(|kind| kind.name == name)
}

pub(crate) static ROLE: Kind = Kind {
    name: "role",
    message: "types.RoleV6",
    service: "proto.AuthService",
    calls: &[
        ("GetRole", Op::Get),
        ("ListRoles", Op::List),
        ("CreateRole", Op::Create),
        ("UpdateRole", Op::Update),
        ("UpsertRoleV2", Op::Upsert),
        ("DeleteRole", Op::Delete),
    ],
    most: 5_000,
    readable: |caller, name| caller.roles().iter().any(|role| role == name),
    system: Some(("teleport.internal/resource-type", Some("system"))),
    check: role::check,
    show: role::show,
    may_delete: role::may_delete,
    missing: role::missing,
    ..Kind::DEFAULT
};

pub(crate) static USER: Kind = Kind {
    name: "user",
    message: "types.UserV2",
    service: "teleport.users.v1.UsersService",
    calls: &[
        ("GetUser", Op::Get),
        ("ListUsers", Op::List),
        ("CreateUser", Op::Create),
        ("UpdateUser", Op::Update),
        ("UpsertUser", Op::Upsert),
        ("DeleteUser", Op::Delete),
    ],
    most: 10_000,
    readable: |caller: &Caller, name| caller.user() == name,
    system: Some((user::BOT_LABEL, None)),
    check: user::check,
    place: user::place,
    show: user::show,
    deleted: user::deleted,
    missing: user::missing,
    exists: user::exists,
    ..Kind::DEFAULT
};

pub(crate) static TOKEN: Kind = Kind {
    name: "token",
    message: "types.ProvisionTokenV2",
    service: "proto.AuthService",
    calls: &[
        ("GetToken", Op::Get),
        ("GetTokens", Op::List),
        ("CreateTokenV2", Op::Create),
        ("UpsertTokenV2", Op::Upsert),
        ("DeleteToken", Op::Delete),
    ],
    check: provision_token::check,
    missing: provision_token::missing,
    ..Kind::DEFAULT
};

pub(crate) static BOT: Kind = Kind {
    name: "bot",
    message: "teleport.machineid.v1.Bot",
    service: "teleport.machineid.v1.BotService",
    calls: &[
        ("GetBot", Op::Get),
        ("ListBots", Op::List),
        ("CreateBot", Op::Create),
        ("UpdateBot", Op::Update),
        ("UpsertBot", Op::Upsert),
        ("DeleteBot", Op::Delete),
    ],
    composed: Some(&bot::COMPOSED),
    ..Kind::DEFAULT
};

pub(crate) static AUTH_PREFERENCE: Kind = Kind {
    name: "cluster_auth_preference",
    message: "types.AuthPreferenceV2",
    service: "teleport.clusterconfig.v1.ClusterConfigService",
    calls: &[
        ("GetAuthPreference", Op::Get),
        ("UpdateAuthPreference", Op::Update),
        ("UpsertAuthPreference", Op::Upsert),
        ("ResetAuthPreference", Op::Reset),
    ],
    check: auth_preference::check,
    singleton: Some(auth_preference::default),
    ..Kind::DEFAULT
};

pub(crate) static WORKLOAD_CLUSTER: Kind = Kind {
    name: "workload_cluster",
    message: "teleport.workloadcluster.v1.WorkloadCluster",
    service: "teleport.workloadcluster.v1.WorkloadClusterService",
    calls: &[
        ("GetWorkloadCluster", Op::Get),
        ("ListWorkloadClusters", Op::List),
        ("CreateWorkloadCluster", Op::Create),
        ("UpdateWorkloadCluster", Op::Update),
        ("UpsertWorkloadCluster", Op::Upsert),
        ("DeleteWorkloadCluster", Op::Delete),
    ],
    most: 5_000,
    offered: workload_cluster::offered,
    known: workload_cluster::known,
    check: workload_cluster::check,
    place: workload_cluster::place,
    show: workload_cluster::show,
    deleted: workload_cluster::deleted,
    missing: workload_cluster::missing,
    exists: workload_cluster::exists,
    update_missing: workload_cluster::missing,
    ..Kind::DEFAULT
};

pub(crate) static CLOUD_CLUSTER: Kind = Kind {
    name: "cloud_cluster",
    message: "teleport.cloudcluster.v1.CloudCluster",
    service: "teleport.cloudcluster.v1.CloudClusterService",
    calls: &[
        ("GetCloudCluster", Op::Get),
        ("ListCloudClusters", Op::List),
        ("CreateCloudCluster", Op::Create),
        ("UpdateCloudCluster", Op::Update),
        ("UpsertCloudCluster", Op::Upsert),
        ("DeleteCloudCluster", Op::Delete),
    ],
    most: 5_000,
    kept_as: Some("workload_cluster"),
    offered: cloud_cluster::offered,
    check: cloud_cluster::check,
    place: cloud_cluster::place,
    show: cloud_cluster::show,
    deleted: workload_cluster::deleted,
    missing: cloud_cluster::missing,
    exists: cloud_cluster::exists,
    update_missing: cloud_cluster::missing,
    ..Kind::DEFAULT
};
