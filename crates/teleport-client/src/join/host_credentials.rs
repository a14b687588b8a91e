//! The request to the web API of a proxy by which all servers joined those with a token of an identity provider before
//! `teleport.join.v1` (`HostCredentials` in `lib/client/weblogin.go` and `hostCredentials` in `lib/web/apiserver.go` in
//! gravitational/teleport). Auth servers do not have it on their own port.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{Request, StatusCode, header};
use http_body_util::Full;
use hyper::body::Bytes;
use serde::Deserialize;
use serde_json::json;
use teleport_proto::auth::Certs;
use tonic::{Code, Status};

use super::{
    JoinError,
    certificates::{Certificates, Certified},
    errors::Failure,
    id_token::IdToken,
    key::Key,
    proxy::JoinTarget,
};
use crate::dial::{transport::MAX_SMALL_ANSWER_SIZE, web_request};

/// Certificates as JSON (`Certs` in `api/proto/teleport/legacy/client/proto/certs.proto` in gravitational/teleport).
#[derive(Deserialize)]
struct Answer {
    ssh: String,
    tls: String,
    tls_ca_certs: Vec<String>,
    ssh_ca_certs: Vec<String>,
}

/// An error as JSON (`trace.WriteError` in gravitational/trace).
#[derive(Default, Deserialize)]
struct Refused {
    error: Message,
}

#[derive(Default, Deserialize)]
struct Message {
    #[serde(default)]
    message: String,
}

/// Joins with a token and a token of an identity provider.
pub(super) async fn join(
    target: &JoinTarget<'_>,
    token: &str,
    id_token: &IdToken,
) -> Result<Certified, Failure> {
    let algorithm = target.algorithm().await;
    let key = Key::generate(algorithm).await.map_err(JoinError::from)?;
    let request = request(target, token, id_token, &key)?;
    let stream = target.web().await;
    let stream = stream.map_err(|error| target.unreached(error))?;
    let answer = web_request::send(stream, request, MAX_SMALL_ANSWER_SIZE).await;
    let (status, body) =
        answer.map_err(|error| Failure::Refused(Status::unavailable(error.to_string())))?;
    if status != StatusCode::OK {
        return Err(refused(status, &body));
    }
    Ok(Certified {
        certificates: certificates(&body)?,
        key,
        algorithm,
    })
}

/// Field names as `RegisterUsingTokenRequest` has them in JSON. Byte strings are in base64.
fn request(
    target: &JoinTarget<'_>,
    token: &str,
    id_token: &IdToken,
    key: &Key,
) -> Result<Request<Full<Bytes>>, JoinError> {
    let body = json!({
        "role": "Bot",
        "token": token,
        "public_tls_key": STANDARD.encode(key.public_pem()),
        "public_ssh_key": STANDARD.encode(key.public_ssh_line()),
        "id_token": id_token.expose(),
    });
    let request = Request::post(PATH)
        .header(header::HOST, target.address.to_string())
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, target.options.user_agent)
        .body(Full::from(body.to_string()));
    request.map_err(|_invalid| JoinError::Protocol("an address that a request can name"))
}

fn certificates(body: &[u8]) -> Result<Certificates, JoinError> {
    let wrong = || JoinError::Protocol("certificates");
    let answer: Answer = serde_json::from_slice(body).map_err(|_| wrong())?;
    let bytes = |text: &String| STANDARD.decode(text).map_err(|_| wrong());
    let all = |texts: &[String]| texts.iter().map(bytes).collect::<Result<_, _>>();
    let found = Certs {
        ssh: bytes(&answer.ssh)?,
        tls: bytes(&answer.tls)?,
        tlsca_certs: all(&answer.tls_ca_certs)?,
        sshca_certs: all(&answer.ssh_ca_certs)?,
    };
    Ok(Certificates::from_text(&found)?)
}

/// A refusal as the status that the same refusal has over gRPC (`ErrorToCode` in gravitational/trace). What is no refusal of this
/// API comes from a server that does not have it.
fn refused(status: StatusCode, body: &[u8]) -> Failure {
    let refused: Option<Refused> = serde_json::from_slice(body).ok();
    let message = refused
        .as_ref()
        .map(|refused| refused.error.message.clone());
    let code = match (status, &message) {
        (
            StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT,
            _,
        ) => Code::Unavailable,
        (StatusCode::TOO_MANY_REQUESTS, _) => Code::ResourceExhausted,
        (_, None) => {
            let text = format!("{PATH} is answered with {status}");
            return Failure::NoService(Status::unimplemented(text));
        }
        (StatusCode::FORBIDDEN, _) => Code::PermissionDenied,
        (StatusCode::NOT_FOUND, _) => Code::NotFound,
        (StatusCode::BAD_REQUEST, _) => Code::InvalidArgument,
        (StatusCode::NOT_IMPLEMENTED, _) => Code::Unimplemented,
        _ => Code::Unknown,
    };
    Failure::Refused(Status::new(code, message.unwrap_or_default()))
}

const PATH: &str = "/v1/webapi/host/credentials";
