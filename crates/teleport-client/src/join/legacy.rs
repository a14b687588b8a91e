//! The exchange with `proto.JoinService`, by which all servers joined AWS identities before `teleport.join.v1`.

use secrecy::ExposeSecret;
use teleport_proto::{
    auth::{
        RegisterUsingIamMethodRequest, RegisterUsingIamMethodResponse,
        join_service_client::JoinServiceClient,
    },
    types::RegisterUsingTokenRequest,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming};

use super::{
    JoinError,
    caller::Caller,
    certificates::{Certificates, Certified},
    errors::Failure,
    key::{Algorithm, Key},
    sts,
};
use crate::{
    call::clock::Clock,
    dial::transport::{self, Transport},
};

/// Joins with a token and an AWS identity.
pub(super) async fn join(
    transport: Transport,
    token: &str,
    algorithm: Algorithm,
    caller: &Caller,
    clock: &Clock,
) -> Result<Certified, Failure> {
    // The server speaks first.
    let (requests, receiver) = mpsc::channel(1);
    let mut client = JoinServiceClient::with_origin(transport, transport::origin())
        .max_decoding_message_size(transport::MAX_SMALL_ANSWER_SIZE);
    let answers = client.register_using_iam_method(ReceiverStream::new(receiver));
    let mut answers = answers.await.map_err(failed)?.into_inner();
    let challenge = next(&mut answers).await?.challenge;

    let key = Key::generate(algorithm).await.map_err(JoinError::from)?;
    let signed = sts::signed_request(caller, &challenge, clock.now()).map_err(JoinError::from)?;
    let request = RegisterUsingIamMethodRequest {
        register_using_token_request: Some(RegisterUsingTokenRequest {
            role: "Bot".to_owned(),
            token: token.to_owned(),
            public_tls_key: key.public_pem().into_bytes(),
            public_ssh_key: key.public_ssh_line().into_bytes(),
            ..RegisterUsingTokenRequest::default()
        }),
        sts_identity_request: signed.expose_secret().to_vec(),
    };
    // There is room for it. If the server has stopped reading, the next answer says why.
    let _ = requests.try_send(request);

    let found = next(&mut answers).await?.certs;
    let found = found.ok_or(JoinError::Protocol("certificates"))?;
    Ok(Certified {
        key,
        algorithm,
        certificates: Certificates::from_text(&found).map_err(JoinError::from)?,
    })
}

async fn next(
    answers: &mut Streaming<RegisterUsingIamMethodResponse>,
) -> Result<RegisterUsingIamMethodResponse, Failure> {
    let answer = answers.message().await.map_err(failed)?;
    answer.ok_or_else(|| {
        failed(Status::new(
            Code::Unavailable,
            "it ended the exchange early",
        ))
    })
}

fn failed(status: Status) -> Failure {
    match status.code() {
        Code::Unimplemented => Failure::NoService(status),
        _ => Failure::Refused(status),
    }
}
