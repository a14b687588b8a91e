//! Roles, users and tokens of clusters, over HTTP.

use std::time::Duration;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    routing,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Refusal, done, parse};
use crate::{
    control::{Control, RoleChange, UserChange},
    join::{aws::AwsIdentity, id_token::IdTokenIssuer},
    rules::{provision_token::JoinToken, workload_cluster::spec::Allow},
};

/// The paths.
pub(super) fn router() -> Router<Control> {
    Router::new()
        .route("/clusters/{name}/roles", routing::get(list_roles))
        .route(
            "/clusters/{name}/roles/{role}",
            routing::post(change_role).delete(delete_role),
        )
        .route("/clusters/{name}/users", routing::get(list_users))
        .route(
            "/clusters/{name}/users/{user}",
            routing::post(change_user).delete(delete_user),
        )
        .route("/clusters/{name}/tokens", routing::get(list_tokens))
        .route(
            "/clusters/{name}/tokens/{token}",
            routing::post(put_token).delete(delete_token),
        )
        .route(
            "/clusters/{name}/objects/{kind}",
            routing::get(list_objects).post(put_object),
        )
        .route(
            "/clusters/{name}/objects/{kind}/{object}",
            routing::get(read_object).delete(delete_object),
        )
        .route("/read-lag", routing::get(read_lag).post(set_read_lag))
        .route("/aws-identities", routing::post(put_aws_identity))
        .route("/id-token-issuers", routing::post(put_id_token_issuer))
}

/// The names in a path: that of the cluster, and that of what is in it.
type Names = Path<(String, String)>;

async fn list_roles(State(control): State<Control>, Path(cluster): Path<String>) -> Answer {
    Ok(Json(json!({"roles": control.roles(&cluster)?})))
}

async fn change_role(
    State(control): State<Control>,
    Path((cluster, name)): Names,
    body: Bytes,
) -> Answer {
    let change: RoleChange = parse(&body)?;
    Ok(Json(json!(control.change_role(&cluster, &name, change)?)))
}

async fn delete_role(State(control): State<Control>, Path((cluster, name)): Names) -> Answer {
    gone(control.delete_role(&cluster, &name)?, "role", &name)
}

async fn list_users(State(control): State<Control>, Path(cluster): Path<String>) -> Answer {
    Ok(Json(json!({"users": control.users(&cluster)?})))
}

async fn change_user(
    State(control): State<Control>,
    Path((cluster, name)): Names,
    body: Bytes,
) -> Answer {
    let change: UserChange = parse(&body)?;
    Ok(Json(json!(control.change_user(&cluster, &name, change)?)))
}

async fn delete_user(State(control): State<Control>, Path((cluster, name)): Names) -> Answer {
    gone(control.delete_user(&cluster, &name)?, "user", &name)
}

async fn list_tokens(State(control): State<Control>, Path(cluster): Path<String>) -> Answer {
    Ok(Json(json!({
        "join_tokens": control.join_tokens(&cluster)?,
        "reset_tokens": control.reset_tokens(&cluster)?,
    })))
}

/// The body of `POST /clusters/NAME/tokens/TOKEN`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewToken {
    bot: String,
    allow: Vec<Allow>,
}

async fn put_token(
    State(control): State<Control>,
    Path((cluster, name)): Names,
    body: Bytes,
) -> Answer {
    let NewToken { bot, allow } = parse(&body)?;
    control.put_join_token(&cluster, JoinToken { name, bot, allow })?;
    done()
}

async fn delete_token(State(control): State<Control>, Path((cluster, name)): Names) -> Answer {
    gone(
        control.delete_join_token(&cluster, &name)?,
        "join token",
        &name,
    )
}

async fn list_objects(State(control): State<Control>, Path((cluster, kind)): Names) -> Answer {
    Ok(Json(json!({"objects": control.objects(&cluster, &kind)?})))
}

async fn put_object(
    State(control): State<Control>,
    Path((cluster, kind)): Names,
    body: Bytes,
) -> Answer {
    let object: Value = parse(&body)?;
    Ok(Json(control.put_object(&cluster, &kind, &object)?))
}

async fn read_object(
    State(control): State<Control>,
    Path((cluster, kind, name)): Path<(String, String, String)>,
) -> Answer {
    match control.object(&cluster, &kind, &name)? {
        Some(object) => Ok(Json(object)),
        None => gone(false, &kind, &name),
    }
}

async fn delete_object(
    State(control): State<Control>,
    Path((cluster, kind, name)): Path<(String, String, String)>,
) -> Answer {
    gone(control.delete_object(&cluster, &kind, &name)?, &kind, &name)
}

/// The body of `POST /read-lag`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewReadLag {
    #[serde(deserialize_with = "crate::scenario::duration")]
    read_lag: Duration,
}

async fn read_lag(State(control): State<Control>) -> Answer {
    let lag = humantime::format_duration(control.read_lag()).to_string();
    Ok(Json(json!({"read_lag": lag})))
}

async fn set_read_lag(State(control): State<Control>, body: Bytes) -> Answer {
    let NewReadLag { read_lag } = parse(&body)?;
    control.set_read_lag(read_lag);
    done()
}

async fn put_aws_identity(State(control): State<Control>, body: Bytes) -> Answer {
    let identity: AwsIdentity = parse(&body)?;
    control.put_aws_identity(identity)?;
    done()
}

async fn put_id_token_issuer(State(control): State<Control>, body: Bytes) -> Answer {
    let issuer: IdTokenIssuer = parse(&body)?;
    control.put_id_token_issuer(issuer)?;
    done()
}

fn gone(gone: bool, what: &str, name: &str) -> Answer {
    match gone {
        true => done(),
        false => Err(Refusal(
            StatusCode::NOT_FOUND,
            format!("no {what} {name:?}"),
        )),
    }
}
