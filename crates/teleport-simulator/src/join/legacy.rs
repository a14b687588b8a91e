//! `proto.JoinService`: the older join service, of which the simulator has the RPC for AWS identities.

use std::sync::Arc;

use teleport_proto::auth::{
    RegisterUsingIamMethodRequest, RegisterUsingIamMethodResponse, join_service_server::JoinService,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming, codegen::BoxStream};

use super::{JoinServer, TIMEOUT, challenge};
use crate::{authority::keys::PublicKeys, faults::journal::CallNote, tenant::Tenant};

/// The service of one cluster.
pub(crate) struct LegacyJoin {
    server: JoinServer,
}

impl LegacyJoin {
    pub(crate) fn new(tenant: Arc<Tenant>) -> Self {
        Self {
            server: JoinServer { tenant },
        }
    }
}

#[tonic::async_trait]
impl JoinService for LegacyJoin {
    async fn register_using_iam_method(
        &self,
        request: Request<Streaming<RegisterUsingIamMethodRequest>>,
    ) -> Result<Response<BoxStream<RegisterUsingIamMethodResponse>>, Status> {
        let note = request.extensions().get::<CallNote>().cloned();
        let note = note.unwrap_or_default();
        let mut requests = request.into_inner();
        let (send, answers) = mpsc::channel(1);
        let server = self.server.clone();
        tokio::spawn(async move {
            let join = converse(&server, &mut requests, &send, &note);
            let joined = tokio::time::timeout(TIMEOUT, join).await;
            let joined = joined.unwrap_or_else(|_| {
                let text = "timed out waiting for the response to the challenge";
                Err(Status::resource_exhausted(text))
            });
            note.ended(joined.as_ref().err().map_or(tonic::Code::Ok, Status::code));
            if let Err(status) = joined {
                // The client may have closed the connection.
                let _ = send.send(Err(status)).await;
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(answers))))
    }
}

type Answers = mpsc::Sender<Result<RegisterUsingIamMethodResponse, Status>>;

async fn converse(
    server: &JoinServer,
    requests: &mut Streaming<RegisterUsingIamMethodRequest>,
    answers: &Answers,
    note: &CallNote,
) -> Result<(), Status> {
    let challenge = challenge();
    let asked = RegisterUsingIamMethodResponse {
        challenge: challenge.clone(),
        certs: None,
    };
    answer(answers, asked).await?;
    let early = || Status::invalid_argument("join stream ended early");
    let request = requests.message().await?.ok_or_else(early)?;
    let Some(wanted) = request.register_using_token_request else {
        return Err(Status::invalid_argument(
            "missing parameter RegisterUsingTokenRequest",
        ));
    };
    note.name(&wanted.token);
    let token = server.token(&wanted.token, &wanted.role, &wanted.node_name)?;
    server.admit(&token, &challenge, &request.sts_identity_request)?;
    let keys = PublicKeys::from_text(&wanted.public_tls_key, &wanted.public_ssh_key)?;
    let made = server.certify(&token, &keys, wanted.expires)?;
    let certs = RegisterUsingIamMethodResponse {
        challenge: String::new(),
        certs: Some(server.certs(&made)),
    };
    answer(answers, certs).await
}

async fn answer(answers: &Answers, answer: RegisterUsingIamMethodResponse) -> Result<(), Status> {
    let sent = answers.send(Ok(answer)).await;
    sent.map_err(|_| Status::cancelled("client closed the connection"))
}
