//! Roles, users and reset tokens of clusters, over the wire.

use teleport_proto::{
    auth::{
        CreateResetPasswordTokenRequest, CreateRoleRequest, DeleteRoleRequest,
        GetResetPasswordTokenRequest, GetRoleRequest, ListRolesRequest, UpdateRoleRequest,
        UpsertRoleRequest, auth_service_client::AuthServiceClient,
    },
    teleport::users::v1::{
        CreateUserRequest, DeleteUserRequest, GetUserRequest, ListUsersRequest, UpdateUserRequest,
        UpsertUserRequest, users_service_client::UsersServiceClient,
    },
    types::{
        MfaDeviceKind, PasswordState, RoleFilter, RoleV6, UserSpecV2, UserStatusV2, UserTokenV3,
        UserV2,
    },
};

use super::{
    children::{child_channel, with_child},
    dial::{auth_protocols, channel},
    *,
};

type Metadata = teleport_proto::types::Metadata;

fn role(name: &str) -> RoleV6 {
    RoleV6 {
        version: "v7".to_owned(),
        metadata: Some(metadata(name)),
        ..RoleV6::default()
    }
}

pub(super) fn user(name: &str, roles: &[&str]) -> UserV2 {
    UserV2 {
        metadata: Some(metadata(name)),
        spec: Some(UserSpecV2 {
            roles: roles.iter().map(|&role| role.to_owned()).collect(),
            ..UserSpecV2::default()
        }),
        ..UserV2::default()
    }
}

fn metadata(name: &str) -> Metadata {
    Metadata {
        name: name.to_owned(),
        ..Metadata::default()
    }
}

/// The clients of the child of `a` with the bot's rights.
pub(super) async fn clients(
    simulator: &Simulator,
) -> (AuthServiceClient<Channel>, UsersServiceClient<Channel>) {
    let channel = child_channel(simulator).await;
    (
        AuthServiceClient::new(channel.clone()),
        UsersServiceClient::new(channel),
    )
}

pub(super) async fn create_user(
    users: &mut UsersServiceClient<Channel>,
    user: UserV2,
) -> Result<UserV2, Status> {
    let request = CreateUserRequest { user: Some(user) };
    let answer = users.create_user(request).await?;
    Ok(answer.into_inner().user.unwrap())
}

pub(super) async fn get_user(
    users: &mut UsersServiceClient<Channel>,
    name: &str,
) -> Result<UserV2, Status> {
    let request = GetUserRequest {
        name: name.to_owned(),
        ..GetUserRequest::default()
    };
    Ok(users.get_user(request).await?.into_inner().user.unwrap())
}

pub(super) async fn reset(
    auth: &mut AuthServiceClient<Channel>,
    name: &str,
    kind: &str,
    ttl: i64,
) -> Result<UserTokenV3, Status> {
    let request = CreateResetPasswordTokenRequest {
        name: name.to_owned(),
        r#type: kind.to_owned(),
        ttl,
    };
    Ok(auth
        .create_reset_password_token(request)
        .await?
        .into_inner())
}

#[tokio::test]
async fn the_bot_makes_reads_lists_and_updates_roles_but_deletes_none() {
    let simulator = with_child("").await;
    let (mut auth, _) = clients(&simulator).await;
    let create = CreateRoleRequest {
        role: Some(role("dev")),
    };
    let made = auth.create_role(create.clone()).await.unwrap().into_inner();
    assert_eq!(made.kind, "role");
    assert!(
        made.spec
            .as_ref()
            .unwrap()
            .options
            .as_ref()
            .unwrap()
            .max_session_ttl
            > 0
    );
    let again = auth.create_role(create).await;
    assert_refused(again, Code::AlreadyExists, "UNIQUE constraint failed");
    let get = GetRoleRequest {
        name: "dev".to_owned(),
    };
    assert_eq!(auth.get_role(get).await.unwrap().into_inner(), made);

    let blind = UpdateRoleRequest {
        role: Some(role("dev")),
    };
    assert_refused(
        auth.update_role(blind).await,
        Code::FailedPrecondition,
        "revision",
    );
    let update = UpdateRoleRequest {
        role: Some(made.clone()),
    };
    let updated = auth.update_role(update.clone()).await.unwrap().into_inner();
    let revision = |role: &RoleV6| role.metadata.clone().unwrap().revision;
    assert_ne!(revision(&updated), revision(&made));
    assert_refused(
        auth.update_role(update).await,
        Code::FailedPrecondition,
        "revision",
    );
    let missing = UpdateRoleRequest {
        role: Some(role("x")),
    };
    assert_refused(
        auth.update_role(missing).await,
        Code::FailedPrecondition,
        "revision",
    );
    let upsert = UpsertRoleRequest {
        role: Some(role("dev")),
    };
    assert!(auth.upsert_role_v2(upsert).await.is_ok());
    let delete = DeleteRoleRequest {
        name: "dev".to_owned(),
    };
    let refused = auth.delete_role(delete).await;
    assert_refused(refused, Code::PermissionDenied, "\"delete\" on \"role\"");
    let reserved = CreateRoleRequest {
        role: Some(role("Proxy")),
    };
    assert_refused(
        auth.create_role(reserved).await,
        Code::InvalidArgument,
        "reserved",
    );
}

#[tokio::test]
async fn roles_are_listed_in_pages_and_by_words() {
    let simulator = with_child("page_size = 2").await;
    let (mut auth, _) = clients(&simulator).await;
    let (mut names, mut start) = (Vec::new(), String::new());
    loop {
        let request = ListRolesRequest {
            start_key: start,
            ..ListRolesRequest::default()
        };
        let page = auth.list_roles(request).await.unwrap().into_inner();
        assert!(page.roles.len() <= 2);
        names.extend(
            page.roles
                .into_iter()
                .map(|role| role.metadata.unwrap().name),
        );
        start = page.next_key;
        if start.is_empty() {
            break;
        }
    }
    let all = [
        "access",
        "auditor",
        "bot-example-iam",
        "editor",
        "example-iam",
    ];
    assert_eq!(names, all);
    let request = ListRolesRequest {
        filter: Some(RoleFilter {
            search_keywords: vec!["SESSIONS".to_owned()],
            ..RoleFilter::default()
        }),
        ..ListRolesRequest::default()
    };
    let page = auth.list_roles(request).await.unwrap().into_inner();
    assert_eq!(page.roles.len(), 1);
    assert_eq!(page.roles[0].metadata.as_ref().unwrap().name, "auditor");
}

#[tokio::test]
async fn a_role_that_a_user_has_cannot_be_deleted() {
    let simulator = start("").await;
    let identity = dial::Identity::read(simulator.identity_file());
    let alpn = auth_protocols("parent.localhost");
    let channel = channel(simulator.addresses.proxy, &identity, &alpn).await;
    let mut auth = AuthServiceClient::new(channel.clone());
    let mut users = UsersServiceClient::new(channel);
    create_user(&mut users, user("alice2", &["access"]))
        .await
        .unwrap();
    let delete = |name: &str| DeleteRoleRequest {
        name: name.to_owned(),
    };
    let used = auth.delete_role(delete("access")).await;
    assert_refused(used, Code::Unknown, "still in use");
    let request = DeleteUserRequest {
        name: "alice2".to_owned(),
    };
    users.delete_user(request.clone()).await.unwrap();
    let again = users.delete_user(request).await;
    assert_refused(again, Code::NotFound, "user \"alice2\" not found");
    auth.delete_role(delete("access")).await.unwrap();
    let again = auth.delete_role(delete("access")).await;
    assert_refused(again, Code::NotFound, "role \"access\" is not found");
}

#[tokio::test]
async fn a_user_is_made_in_the_callers_name_and_needs_roles_that_are_there() {
    let simulator = with_child("").await;
    let (_, mut users) = clients(&simulator).await;
    let made = create_user(&mut users, user("bob", &["access"]))
        .await
        .unwrap();
    assert_eq!((made.kind.as_str(), made.version.as_str()), ("user", "v2"));
    let spec = made.spec.clone().unwrap();
    let created_by = spec.created_by.unwrap();
    assert_eq!(created_by.user.unwrap().name, "bot-example-iam");
    assert!(created_by.time.unwrap().seconds > 0);
    assert_eq!(spec.expires.unwrap().seconds, -62_135_596_800);
    assert_eq!(
        made.status,
        Some(UserStatusV2 {
            password_state: PasswordState::Unset.into(),
            mfa_weakest_device: MfaDeviceKind::Unset.into(),
        })
    );
    let again = create_user(&mut users, user("bob", &[])).await;
    assert_refused(
        again,
        Code::AlreadyExists,
        "user \"bob\" already registered",
    );
    let missing = create_user(&mut users, user("eve", &["nothing"])).await;
    assert_refused(missing, Code::NotFound, "role nothing is not found");
    let unnamed = create_user(&mut users, user("", &[])).await;
    assert_refused(unnamed, Code::InvalidArgument, "Name");
    let request = DeleteUserRequest {
        name: "bob".to_owned(),
    };
    let refused = users.delete_user(request).await;
    assert_refused(refused, Code::PermissionDenied, "\"delete\" on \"user\"");
    let secrets = GetUserRequest {
        name: "bob".to_owned(),
        with_secrets: true,
        ..GetUserRequest::default()
    };
    assert_refused(
        users.get_user(secrets).await,
        Code::PermissionDenied,
        "admin",
    );
}

#[tokio::test]
async fn an_update_wants_the_revision_and_an_upsert_forgets() {
    let simulator = with_child("").await;
    let (_, mut users) = clients(&simulator).await;
    let made = create_user(&mut users, user("bob", &["access"]))
        .await
        .unwrap();
    let mut changed = made.clone();
    changed.spec.as_mut().unwrap().roles.clear();
    changed.spec.as_mut().unwrap().created_by = None;
    let update = UpdateUserRequest {
        user: Some(changed),
    };
    let updated = users
        .update_user(update.clone())
        .await
        .unwrap()
        .into_inner();
    let spec = |user: &UserV2| user.spec.clone().unwrap();
    let updated = updated.user.unwrap();
    assert!(spec(&updated).roles.is_empty());
    assert_eq!(spec(&updated).created_by, spec(&made).created_by);
    assert_refused(
        users.update_user(update).await,
        Code::FailedPrecondition,
        "revision",
    );
    let missing = UpdateUserRequest {
        user: Some(user("eve", &[])),
    };
    assert_refused(
        users.update_user(missing).await,
        Code::FailedPrecondition,
        "revision",
    );
    let upsert = UpsertUserRequest {
        user: Some(user("bob", &[])),
    };
    let upserted = users.upsert_user(upsert).await.unwrap().into_inner();
    let upserted = upserted.user.unwrap();
    assert_eq!(upserted.status.unwrap().password_state, 0);
    let created_by = spec(&upserted).created_by.unwrap();
    assert_eq!(created_by.time.unwrap().seconds, -62_135_596_800);
}

#[tokio::test]
async fn users_are_listed_in_pages() {
    let simulator = with_child("page_size = 2").await;
    let (_, mut users) = clients(&simulator).await;
    for name in ["b", "a.e", "c"] {
        create_user(&mut users, user(name, &[])).await.unwrap();
    }
    let (mut names, mut token) = (Vec::new(), String::new());
    loop {
        let request = ListUsersRequest {
            page_token: token,
            ..ListUsersRequest::default()
        };
        let page = users.list_users(request).await.unwrap().into_inner();
        names.extend(
            page.users
                .into_iter()
                .map(|user| user.metadata.unwrap().name),
        );
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(names, ["a.e", "b", "bot-example-iam", "c"]);
    let request = ListUsersRequest {
        page_token: "!".to_owned(),
        ..ListUsersRequest::default()
    };
    assert_refused(
        users.list_users(request).await,
        Code::InvalidArgument,
        "page_token",
    );
}

#[tokio::test]
async fn what_has_expired_is_gone() {
    let simulator = with_child("").await;
    let (mut auth, mut users) = clients(&simulator).await;
    let soon = std::time::SystemTime::now() + std::time::Duration::from_millis(400);
    let mut short = user("bob", &[]);
    short.metadata.as_mut().unwrap().expires = Some(soon.into());
    let made = create_user(&mut users, short).await.unwrap();
    assert_eq!(made.metadata.unwrap().expires, Some(soon.into()));
    let token = reset(&mut auth, "bob", "invite", 1_000_000).await.unwrap();
    let gone = async {
        while get_user(&mut users, "bob").await.is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(5), gone)
        .await
        .unwrap();
    let request = GetResetPasswordTokenRequest {
        token_id: token.metadata.unwrap().name,
    };
    let gone = auth.get_reset_password_token(request).await;
    assert_refused(gone, Code::NotFound, "not found");
}

#[tokio::test]
async fn people_need_mfa_for_writes_in_children_too() {
    let simulator = with_child("mfa_for_admin_actions = true").await;
    let alice = Identity::default().user("alice");
    let path = simulator.add_child_identity("a", "human", &alice).unwrap();
    let identity = dial::Identity::read(&path);
    let alpn = auth_protocols("a.localhost");
    let channel = channel(simulator.addresses.proxy, &identity, &alpn).await;
    let mut auth = AuthServiceClient::new(channel.clone());
    let mut users = UsersServiceClient::new(channel);
    let text = "admin-level API request requires MFA verification";
    let refused = create_user(&mut users, user("bob", &[])).await;
    assert_refused(refused, Code::PermissionDenied, text);
    let refused = reset(&mut auth, "alice", "invite", 0).await;
    assert_refused(refused, Code::PermissionDenied, text);
    let create = CreateRoleRequest {
        role: Some(role("dev")),
    };
    assert_refused(auth.create_role(create).await, Code::PermissionDenied, text);
    assert!(get_user(&mut users, "alice").await.is_ok());
    let (_, mut bot) = clients(&simulator).await;
    assert!(create_user(&mut bot, user("bob", &[])).await.is_ok());
}

#[tokio::test]
async fn rights_follow_the_stored_roles_at_once() {
    let simulator = with_child("").await;
    let (mut auth, _) = clients(&simulator).await;
    let list = ListRolesRequest::default();
    assert!(auth.list_roles(list.clone()).await.is_ok());
    assert!(simulator.delete_role("a", "example-iam").unwrap());
    let refused = auth.list_roles(list).await;
    assert_refused(refused, Code::PermissionDenied, "\"list\" on \"role\"");
    assert!(!simulator.delete_role("a", "example-iam").unwrap());
}
