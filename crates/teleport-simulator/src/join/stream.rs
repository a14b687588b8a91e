//! `teleport.join.v1.JoinService`: the newer join service.

use std::sync::Arc;

use teleport_proto::teleport::join::v1::{
    BotParams, BotResult, Certificates, Challenge, ClientInit, ClientParams, IamChallenge,
    JoinRequest, JoinResponse, Result as JoinResult, ServerInit, challenge, challenge_solution,
    client_params, join_request::Payload as RequestPayload, join_response::Payload as Answer,
    join_service_server::JoinService, result,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming, codegen::BoxStream};

use super::{IAM, JoinServer, TIMEOUT, challenge};
use crate::{
    authority::{
        Authority,
        keys::{PublicKeys, SUITE},
    },
    faults::journal::CallNote,
    rules::provision_token::BotToken,
    tenant::Tenant,
};

/// The service of one cluster.
pub(crate) struct Join {
    server: JoinServer,
}

impl Join {
    pub(crate) fn new(tenant: Arc<Tenant>) -> Self {
        Self {
            server: JoinServer { tenant },
        }
    }
}

#[tonic::async_trait]
impl JoinService for Join {
    async fn join(
        &self,
        request: Request<Streaming<JoinRequest>>,
    ) -> Result<Response<BoxStream<JoinResponse>>, Status> {
        let note = request.extensions().get::<CallNote>().cloned();
        let note = note.unwrap_or_default();
        let mut requests = request.into_inner();
        // Like every Go server, this one sends nothing, not even headers, before its first message.
        let first = tokio::time::timeout(TIMEOUT, next(&mut requests)).await;
        let RequestPayload::ClientInit(init) = first.map_err(|_| late())?? else {
            return Err(unexpected("client_init"));
        };
        note.name(&init.token_name);
        let token = check(&self.server, &init)?;
        let (send, answers) = mpsc::channel(1);
        let server = self.server.clone();
        tokio::spawn(async move {
            let join = converse(&server, &token, &mut requests, &send);
            let joined = tokio::time::timeout(TIMEOUT, join).await;
            let joined = joined.unwrap_or_else(|_| Err(late()));
            note.ended(joined.as_ref().err().map_or(tonic::Code::Ok, Status::code));
            if let Err(status) = joined {
                // The client may have closed the connection.
                let _ = send.send(Err(status)).await;
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(answers))))
    }
}

type Answers = mpsc::Sender<Result<JoinResponse, Status>>;

fn check(server: &JoinServer, init: &ClientInit) -> Result<BotToken, Status> {
    if init.proxy_supplied_parameters.is_some() {
        return Err(Status::permission_denied(
            "client is not allowed to set proxy supplied parameters",
        ));
    }
    let token = server.token(&init.token_name, &init.system_role, "")?;
    match &init.join_method {
        Some(method) if *method != token.method => Err(Status::invalid_argument(format!(
            "requested join method {method:?} does not match the token's, {:?}",
            token.method
        ))),
        _ => Ok(token),
    }
}

async fn converse(
    server: &JoinServer,
    token: &BotToken,
    requests: &mut Streaming<JoinRequest>,
    answers: &Answers,
) -> Result<(), Status> {
    let init = ServerInit {
        join_method: token.method.clone(),
        signature_algorithm_suite: SUITE.to_owned(),
    };
    answer(answers, Answer::Init(init)).await?;
    let bot = match (token.method.as_str(), next(requests).await?) {
        (IAM, RequestPayload::IamInit(init)) => {
            let bot = bot(init.client_params)?;
            challenge_aws(server, token, requests, answers).await?;
            bot
        }
        (IAM, _) => return Err(unexpected("iam_init")),
        (_, RequestPayload::OidcInit(init)) => {
            let bot = bot(init.client_params)?;
            let id_token = String::from_utf8_lossy(&init.id_token);
            server.admit_id_token(token, &id_token)?;
            bot
        }
        _ => return Err(unexpected("oidc_init")),
    };
    let certificates = certify(server, token, bot)?;
    let result = JoinResult {
        payload: Some(result::Payload::BotResult(BotResult {
            certificates: Some(certificates),
            bound_keypair_result: None,
        })),
    };
    answer(answers, Answer::Result(result)).await
}

fn bot(params: Option<ClientParams>) -> Result<BotParams, Status> {
    match params.and_then(|params| params.payload) {
        Some(client_params::Payload::BotParams(bot)) => Ok(bot),
        _ => Err(Status::invalid_argument("bot_params are required")),
    }
}

/// Asks for a signed request to AWS STS, and checks it.
async fn challenge_aws(
    server: &JoinServer,
    token: &BotToken,
    requests: &mut Streaming<JoinRequest>,
    answers: &Answers,
) -> Result<(), Status> {
    let challenge = challenge();
    let iam = IamChallenge {
        challenge: challenge.clone(),
    };
    let asked = Challenge {
        payload: Some(challenge::Payload::IamChallenge(iam)),
    };
    answer(answers, Answer::Challenge(asked)).await?;
    let RequestPayload::Solution(solution) = next(requests).await? else {
        return Err(unexpected("solution"));
    };
    let Some(challenge_solution::Payload::IamChallengeSolution(solution)) = solution.payload else {
        return Err(unexpected("iam_challenge_solution"));
    };
    server.admit(token, &challenge, &solution.sts_identity_request)
}

fn certify(server: &JoinServer, token: &BotToken, bot: BotParams) -> Result<Certificates, Status> {
    let keys = bot.public_keys.unwrap_or_default();
    let keys = PublicKeys::from_binary(&keys.public_tls_key, &keys.public_ssh_key)?;
    let made = server.certify(token, &keys, bot.expires)?;
    let authorities = [
        server.tenant.user_authority(),
        server.tenant.host_authority(),
    ];
    Ok(Certificates {
        tls_cert: made.tls,
        tls_ca_certs: authorities
            .map(|authority| authority.certificate().to_vec())
            .to_vec(),
        ssh_cert: made.ssh,
        ssh_ca_keys: authorities.map(Authority::ssh_key).to_vec(),
    })
}

async fn next(requests: &mut Streaming<JoinRequest>) -> Result<RequestPayload, Status> {
    match requests
        .message()
        .await?
        .and_then(|message| message.payload)
    {
        Some(RequestPayload::GivingUp(giving_up)) => {
            tracing::info!(
                reason = giving_up.reason,
                text = giving_up.msg,
                "join: client gave up"
            );
            Err(Status::aborted("client gave up"))
        }
        Some(requests) => Ok(requests),
        None => Err(Status::invalid_argument("join stream ended early")),
    }
}

async fn answer(answers: &Answers, payload: Answer) -> Result<(), Status> {
    let answer = JoinResponse {
        payload: Some(payload),
    };
    let sent = answers.send(Ok(answer)).await;
    sent.map_err(|_| Status::cancelled("client closed the connection"))
}

fn unexpected(expected: &str) -> Status {
    Status::invalid_argument(format!("unexpected message, expected {expected}"))
}

fn late() -> Status {
    Status::resource_exhausted("join took too long")
}
