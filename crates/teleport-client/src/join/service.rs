//! The exchange with `teleport.join.v1.JoinService`, which newer servers have (`lib/join/joinclient` in gravitational/teleport).

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming};

use super::{
    JoinError,
    caller::Caller,
    certificates::{Certificates, Certified},
    errors::Failure,
    key::{Algorithm, Key},
    method::JoinMethod,
    proof::Proof,
    refusal::falls_back,
    sts,
};
use crate::{
    call::clock::Clock,
    dial::transport::{self, Transport},
};
use secrecy::ExposeSecret;
use teleport_proto::teleport::join::v1::{
    BotParams, ChallengeSolution, ClientInit, ClientParams, GivingUp, IamChallengeSolution,
    IamInit, JoinRequest, JoinResponse, OidcInit, PublicKeys, challenge, challenge_solution,
    client_params, giving_up::Reason, join_request::Payload, join_response,
    join_service_client::JoinServiceClient, result,
};

/// Joins with a token.
pub(super) async fn join(
    transport: Transport,
    token: &str,
    method: JoinMethod,
    proof: &Proof,
    clock: &Clock,
) -> Result<Certified, Failure> {
    let (requests, receiver) = mpsc::channel(REQUESTS);
    let exchange = Exchange { requests };
    exchange.say(Payload::ClientInit(ClientInit {
        join_method: Some(method.name().to_owned()),
        token_name: token.to_owned(),
        system_role: "Bot".to_owned(),
        ..ClientInit::default()
    }));
    let mut client = JoinServiceClient::with_origin(transport, transport::origin())
        .max_decoding_message_size(transport::MAX_SMALL_ANSWER_SIZE);
    let answers = client.join(ReceiverStream::new(receiver)).await;
    let mut answers = answers.map_err(|status| failed(status, true))?.into_inner();

    let join_response::Payload::Init(init) = next(&mut answers, true).await? else {
        return Err(JoinError::Protocol("how to continue").into());
    };
    let algorithm = Algorithm::of_suite(&init.signature_algorithm_suite);
    let key = Key::generate(algorithm).await.map_err(JoinError::from)?;
    let public_keys = PublicKeys {
        public_tls_key: key.public_der().to_vec(),
        public_ssh_key: key.public_ssh().to_vec(),
    };
    let bot = BotParams {
        public_keys: Some(public_keys),
        expires: None,
    };
    let client_params = Some(ClientParams {
        payload: Some(client_params::Payload::BotParams(bot)),
    });
    match proof {
        Proof::Aws(caller) => {
            exchange.say(Payload::IamInit(IamInit { client_params }));
            sign(&exchange, &mut answers, caller, clock).await?;
        }
        Proof::IdToken(id_token) => exchange.say(Payload::OidcInit(OidcInit {
            client_params,
            id_token: id_token.expose().into(),
        })),
    }

    let join_response::Payload::Result(done) = next(&mut answers, false).await? else {
        return Err(JoinError::Protocol("certificates").into());
    };
    let found = match done.payload {
        Some(result::Payload::BotResult(result)) => result.certificates,
        _ => None,
    };
    let found = found.ok_or(JoinError::Protocol("certificates for a bot"))?;
    Ok(Certified {
        key,
        algorithm,
        certificates: Certificates::from_wire(found).map_err(JoinError::from)?,
    })
}

/// Signs the challenge of the server with an AWS identity.
async fn sign(
    exchange: &Exchange,
    answers: &mut Streaming<JoinResponse>,
    caller: &Caller,
    clock: &Clock,
) -> Result<(), Failure> {
    let join_response::Payload::Challenge(asked) = next(answers, false).await? else {
        return Err(JoinError::Protocol("a challenge").into());
    };
    let Some(challenge::Payload::IamChallenge(asked)) = asked.payload else {
        exchange.give_up(
            Reason::UnsupportedMessageType,
            "only the challenge of IAM is known",
        );
        return Err(JoinError::Protocol("a challenge for the method iam").into());
    };
    let signed = match sts::signed_request(caller, &asked.challenge, clock.now()) {
        Ok(signed) => signed,
        Err(error) => {
            exchange.give_up(
                Reason::ChallengeSolutionFailed,
                "the challenge cannot be signed",
            );
            return Err(JoinError::from(error).into());
        }
    };
    let solution = IamChallengeSolution {
        sts_identity_request: signed.expose_secret().to_vec(),
    };
    exchange.say(Payload::Solution(ChallengeSolution {
        payload: Some(challenge_solution::Payload::IamChallengeSolution(solution)),
    }));
    Ok(())
}

struct Exchange {
    requests: mpsc::Sender<JoinRequest>,
}

impl Exchange {
    fn say(&self, payload: Payload) {
        let request = JoinRequest {
            payload: Some(payload),
        };
        // There is room for all messages. If the server has stopped reading, the next answer says why.
        let _ = self.requests.try_send(request);
    }

    /// Tells the server, for its log, why the client stops.
    fn give_up(&self, reason: Reason, message: &str) {
        self.say(Payload::GivingUp(GivingUp {
            reason: reason.into(),
            msg: message.to_owned(),
        }));
    }
}

async fn next(
    answers: &mut Streaming<JoinResponse>,
    first: bool,
) -> Result<join_response::Payload, Failure> {
    match answers.message().await {
        Ok(Some(JoinResponse {
            payload: Some(payload),
        })) => Ok(payload),
        Ok(Some(JoinResponse { payload: None })) => {
            Err(JoinError::Protocol("a message that this client knows").into())
        }
        Ok(None) => Err(failed(
            Status::new(Code::Unavailable, "it ended the exchange early"),
            first,
        )),
        Err(status) => Err(failed(status, first)),
    }
}

fn failed(status: Status, first: bool) -> Failure {
    if falls_back(&status, first) {
        Failure::NoService(status)
    } else {
        Failure::Refused(status)
    }
}

/// Messages of one exchange, at most.
const REQUESTS: usize = 4;
