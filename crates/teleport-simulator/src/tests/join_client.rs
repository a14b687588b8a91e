//! A client of its own that joins: signs for AWS, joins, has certificates made.

use rcgen::{KeyPair, PublicKeyData};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, pem::PemObject};
use teleport_proto::{
    auth::{
        self as wire, RegisterUsingIamMethodRequest, UserCertsRequest,
        auth_service_client::AuthServiceClient,
        join_service_client::JoinServiceClient as LegacyClient,
    },
    teleport::join::v1::{
        self as join, join_request::Payload as RequestPayload,
        join_response::Payload as ResponsePayload, join_service_client::JoinServiceClient,
    },
    types::RegisterUsingTokenRequest,
};
use time::{OffsetDateTime, macros::format_description};
use tokio_stream::StreamExt;
use tonic::{Status, Streaming, transport::Channel};

use super::{dial, *};
use crate::{
    join::signed_request,
    ssh::keys::{line, public},
};

/// What a client that joins sends.
#[derive(Debug, Clone)]
pub(super) struct JoinClient {
    pub(super) aws: AwsIdentity,
    /// A token of an identity provider, to join with it instead.
    pub(super) id_token: Option<String>,
    pub(super) token: String,
    pub(super) host: String,
    pub(super) role: String,
    pub(super) method: Option<String>,
    pub(super) time: OffsetDateTime,
    /// Seconds.
    pub(super) life: Option<i64>,
}

impl JoinClient {
    pub(super) fn new(aws: &AwsIdentity, token: &str) -> Self {
        Self {
            aws: aws.clone(),
            id_token: None,
            token: token.to_owned(),
            host: "sts.eu-west-1.amazonaws.com".to_owned(),
            role: "Bot".to_owned(),
            method: Some("iam".to_owned()),
            time: OffsetDateTime::now_utc(),
            life: None,
        }
    }

    fn expires(&self) -> Option<prost_types::Timestamp> {
        self.life.map(|seconds| prost_types::Timestamp {
            seconds: OffsetDateTime::now_utc().unix_timestamp() + seconds,
            nanos: 0,
        })
    }

    pub(super) fn sign(&self, challenge: &str) -> Vec<u8> {
        let format = format_description!("[year][month][day]T[hour][minute][second]Z");
        let date = self.time.format(format).unwrap();
        signed_request(&self.aws, &self.host, &date, challenge)
    }

    /// Joins by the newer service.
    pub(super) async fn join(&self, channel: Channel) -> Result<dial::Identity, Status> {
        let key = KeyPair::generate().unwrap();
        let (send, requests) = tokio::sync::mpsc::channel(4);
        let send_one = |payload| {
            let send = send.clone();
            async move {
                // A refusal may have come meanwhile; it shows at the other end.
                let _ = send
                    .send(join::JoinRequest {
                        payload: Some(payload),
                    })
                    .await;
            }
        };
        send_one(RequestPayload::ClientInit(join::ClientInit {
            join_method: self.method.clone(),
            token_name: self.token.clone(),
            system_role: self.role.clone(),
            ..join::ClientInit::default()
        }))
        .await;
        let requests = tokio_stream::wrappers::ReceiverStream::new(requests);
        let mut responses = JoinServiceClient::new(channel)
            .join(requests)
            .await?
            .into_inner();
        let init = responses.message().await?.and_then(|answer| answer.payload);
        let Some(ResponsePayload::Init(init)) = init else {
            panic!("{init:?}");
        };
        let method = self.method.as_deref().unwrap_or("iam");
        assert_eq!(init.join_method, method);
        assert_eq!(init.signature_algorithm_suite, "balanced-v1");
        let keys = join::PublicKeys {
            public_tls_key: key.subject_public_key_info(),
            public_ssh_key: public(&key),
        };
        let bot = join::BotParams {
            public_keys: Some(keys),
            expires: self.expires(),
        };
        let bot = join::client_params::Payload::BotParams(bot);
        let client_params = Some(join::ClientParams { payload: Some(bot) });
        if let Some(id_token) = &self.id_token {
            send_one(RequestPayload::OidcInit(join::OidcInit {
                client_params,
                id_token: id_token.clone().into_bytes(),
            }))
            .await;
            return finish(&key, &mut responses).await;
        }
        send_one(RequestPayload::IamInit(join::IamInit { client_params })).await;
        let challenge = responses.message().await?.and_then(|answer| answer.payload);
        let Some(ResponsePayload::Challenge(challenge)) = challenge else {
            panic!("{challenge:?}");
        };
        let Some(join::challenge::Payload::IamChallenge(challenge)) = challenge.payload else {
            panic!("{challenge:?}");
        };
        let solution = join::IamChallengeSolution {
            sts_identity_request: self.sign(&challenge.challenge),
        };
        let solution = join::challenge_solution::Payload::IamChallengeSolution(solution);
        send_one(RequestPayload::Solution(join::ChallengeSolution {
            payload: Some(solution),
        }))
        .await;
        finish(&key, &mut responses).await
    }

    /// Joins by the older service.
    pub(super) async fn join_legacy(&self, channel: Channel) -> Result<dial::Identity, Status> {
        let key = KeyPair::generate().unwrap();
        let (send, requests) = tokio::sync::mpsc::channel(1);
        let requests = tokio_stream::wrappers::ReceiverStream::new(requests);
        let mut client = LegacyClient::new(channel);
        let mut responses = client
            .register_using_iam_method(requests)
            .await?
            .into_inner();
        let asked = responses.next().await.unwrap()?;
        let register = RegisterUsingTokenRequest {
            role: self.role.clone(),
            token: self.token.clone(),
            public_tls_key: key.public_key_pem().into_bytes(),
            public_ssh_key: line(&public(&key)).into_bytes(),
            expires: self.expires(),
            ..RegisterUsingTokenRequest::default()
        };
        let request = RegisterUsingIamMethodRequest {
            register_using_token_request: Some(register),
            sts_identity_request: self.sign(&asked.challenge),
        };
        send.send(request).await.unwrap();
        let certs = responses.next().await.unwrap()?.certs.unwrap();
        assert!(
            certs
                .ssh
                .starts_with(b"ecdsa-sha2-nistp256-cert-v01@openssh.com ")
        );
        Ok(identity_of(&key, &certs, &[]))
    }
}

/// The certificates at the end of a join by the newer service.
async fn finish(
    key: &KeyPair,
    responses: &mut Streaming<join::JoinResponse>,
) -> Result<dial::Identity, Status> {
    let result = responses.message().await?.and_then(|answer| answer.payload);
    let Some(ResponsePayload::Result(join::Result {
        payload: Some(join::result::Payload::BotResult(result)),
    })) = result
    else {
        panic!("{result:?}");
    };
    assert!(responses.message().await?.is_none());
    let made = result.certificates.unwrap();
    assert_eq!(made.ssh_ca_keys.len(), 2);
    let mut certificates = vec![made.tls_cert];
    certificates.extend(made.tls_ca_certs);
    let certificates = certificates.into_iter().map(CertificateDer::from).collect();
    Ok(identity(key, certificates))
}

/// Has certificates made for the bot `bot` that has joined, with `roles`, for `seconds`.
pub(super) async fn impersonate(
    client: &mut AuthServiceClient<Channel>,
    bot: &str,
    roles: &[&str],
    seconds: i64,
) -> Result<dial::Identity, Status> {
    let key = KeyPair::generate().unwrap();
    let request = UserCertsRequest {
        username: bot.to_owned(),
        expires: Some(prost_types::Timestamp {
            seconds: OffsetDateTime::now_utc().unix_timestamp() + seconds,
            nanos: 0,
        }),
        role_requests: roles.iter().map(|&role| role.to_owned()).collect(),
        use_role_requests: true,
        ssh_public_key: line(&public(&key)).into_bytes(),
        tls_public_key: key.public_key_pem().into_bytes(),
        ..UserCertsRequest::default()
    };
    let certs = client.generate_user_certs(request).await?.into_inner();
    let host = client.get_cluster_ca_cert(()).await?.into_inner().tlsca;
    Ok(identity_of(&key, &certs, &host))
}

fn identity_of(key: &KeyPair, certs: &wire::Certs, host: &[u8]) -> dial::Identity {
    let mut pem = certs.tls.clone();
    pem.extend(certs.tlsca_certs.concat());
    pem.extend(host);
    let certificates = CertificateDer::pem_slice_iter(&pem)
        .map(Result::unwrap)
        .collect();
    identity(key, certificates)
}

fn identity(key: &KeyPair, certificates: Vec<CertificateDer<'static>>) -> dial::Identity {
    dial::Identity {
        key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        certificates,
    }
}
