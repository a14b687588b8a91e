//! The services of a cluster that bots can join.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};
use serde_json::{Value, json};
use teleport_proto::{
    auth::{
        self, Certs, GetClusterCaCertResponse, GetRoleRequest, PingRequest, PingResponse,
        RegisterUsingIamMethodRequest, RegisterUsingIamMethodResponse, UserCertsRequest,
        auth_service_server::AuthService,
    },
    teleport::join::v1::{
        BotParams, BotResult, Certificates, Challenge, ClientParams, IamChallenge, JoinRequest,
        JoinResponse, Result as JoinResult, ServerInit, challenge, challenge_solution,
        client_params, join_request, join_response, join_service_server::JoinService, result,
    },
    types::{ImpersonateConditions, RoleConditions, RoleSpecV6, RoleV6},
};
use tonic::{Status, Streaming, codegen::BoxStream};

use super::{Behaviour, State, USER, ssh};
use crate::{credentials::pem, join::key, testing::Authority};

/// The newer service.
pub(super) struct Newer(pub(super) Arc<State>);

#[async_trait]
impl JoinService for Newer {
    async fn join(
        &self,
        request: tonic::Request<Streaming<JoinRequest>>,
    ) -> Result<tonic::Response<BoxStream<JoinResponse>>, Status> {
        let state = self.0.clone();
        let behaviour = state.behaviour();
        if let Err(code) = behaviour.newer {
            return Err(Status::new(code, "not here"));
        }
        state.note("Join");
        let mut requests = request.into_inner();
        let (answers, receiver) = tokio::sync::mpsc::channel(4);
        tokio::spawn(async move {
            let outcome = newer(&state, behaviour, &mut requests, &answers).await;
            let _ = answers
                .send(outcome.map(|payload| JoinResponse {
                    payload: Some(payload),
                }))
                .await;
        });
        let stream = tokio_stream::wrappers::ReceiverStream::new(receiver);
        Ok(tonic::Response::new(Box::pin(stream)))
    }
}

async fn newer(
    state: &State,
    behaviour: Behaviour,
    requests: &mut Streaming<JoinRequest>,
    answers: &tokio::sync::mpsc::Sender<Result<JoinResponse, Status>>,
) -> Result<join_response::Payload, Status> {
    let said = async |requests: &mut Streaming<JoinRequest>| {
        requests.message().await.unwrap().unwrap().payload.unwrap()
    };
    let answer = async |payload| {
        answers
            .send(Ok(JoinResponse {
                payload: Some(payload),
            }))
            .await
            .unwrap()
    };
    let join_request::Payload::ClientInit(init) = said(requests).await else {
        panic!()
    };
    let method = init.join_method.unwrap();
    assert!(init.proxy_supplied_parameters.is_none() && !init.forwarded_by_proxy);
    answer(join_response::Payload::Init(ServerInit {
        join_method: method.clone(),
        signature_algorithm_suite: behaviour.suite.to_owned(),
    }))
    .await;
    let bot_of = |params: Option<ClientParams>| match params.unwrap().payload {
        Some(client_params::Payload::BotParams(bot)) => bot,
        _ => panic!(),
    };
    let iam = match said(requests).await {
        join_request::Payload::IamInit(iam) => iam,
        join_request::Payload::OidcInit(oidc) => {
            assert_ne!(method, "iam");
            let id_token = String::from_utf8(oidc.id_token).unwrap();
            state.decide_token(&init.token_name, &init.system_role, &id_token)?;
            return Ok(newer_result(state, &behaviour, bot_of(oidc.client_params)));
        }
        _ => panic!(),
    };
    assert_eq!(method, "iam");
    let bot = bot_of(iam.client_params);
    let asked = challenge();
    answer(join_response::Payload::Challenge(Challenge {
        payload: Some(challenge::Payload::IamChallenge(IamChallenge {
            challenge: asked.clone(),
        })),
    }))
    .await;
    let join_request::Payload::Solution(solution) = said(requests).await else {
        panic!()
    };
    let Some(challenge_solution::Payload::IamChallengeSolution(solution)) = solution.payload else {
        panic!()
    };
    state.decide(
        &init.token_name,
        &init.system_role,
        &solution.sts_identity_request,
        &asked,
    )?;
    Ok(newer_result(state, &behaviour, bot))
}

fn newer_result(state: &State, behaviour: &Behaviour, bot: BotParams) -> join_response::Payload {
    let keys = bot.public_keys.unwrap();
    let own = state.own();
    let certificates = Certificates {
        tls_cert: state
            .certify(&keys.public_tls_key, behaviour.own_life)
            .to_vec(),
        tls_ca_certs: vec![
            own.user_ca.certificate().to_vec(),
            own.host_ca.certificate().to_vec(),
        ],
        ssh_cert: ssh::certificate(),
        ssh_ca_keys: vec![ssh::key(ssh::USER_CA), ssh::key(ssh::HOST_CA)],
    };
    join_response::Payload::Result(JoinResult {
        payload: Some(result::Payload::BotResult(BotResult {
            certificates: Some(certificates),
            bound_keypair_result: None,
        })),
    })
}

/// The older way with a token of an identity provider: a request to the web API. Status and body.
pub(super) fn host_credentials(state: &State, body: &[u8]) -> (u16, String) {
    if !state.behaviour().older {
        return (404, "404 page not found".to_owned());
    }
    state.note("POST /v1/webapi/host/credentials");
    let wanted: Value = serde_json::from_slice(body).unwrap();
    let text = |field: &str| wanted[field].as_str().unwrap().to_owned();
    if let Err(status) = state.decide_token(&text("token"), &text("role"), &text("id_token")) {
        let code = match status.code() {
            tonic::Code::PermissionDenied => 403,
            tonic::Code::Unavailable => 503,
            _ => 500,
        };
        return (
            code,
            json!({"error": {"message": status.message()}}).to_string(),
        );
    }
    assert!(
        STANDARD
            .decode(text("public_ssh_key"))
            .unwrap()
            .starts_with(b"ecdsa-sha2-nistp256 ")
    );
    let own = state.own();
    let certs = certs(
        state,
        &STANDARD.decode(text("public_tls_key")).unwrap(),
        state.behaviour().own_life,
        &[&own.user_ca, &own.host_ca],
    );
    let all = |texts: Vec<Vec<u8>>| -> Vec<_> {
        texts.iter().map(|text| STANDARD.encode(text)).collect()
    };
    let body = json!({
        "ssh": STANDARD.encode(certs.ssh),
        "tls": STANDARD.encode(certs.tls),
        "tls_ca_certs": all(certs.tlsca_certs),
        "ssh_ca_certs": all(certs.sshca_certs),
    });
    (200, body.to_string())
}

/// The older service.
pub(super) struct Older(pub(super) Arc<State>);

#[async_trait]
impl auth::join_service_server::JoinService for Older {
    async fn register_using_iam_method(
        &self,
        request: tonic::Request<Streaming<RegisterUsingIamMethodRequest>>,
    ) -> Result<tonic::Response<BoxStream<RegisterUsingIamMethodResponse>>, Status> {
        let state = self.0.clone();
        if !state.behaviour().older {
            return Err(Status::unimplemented("gone"));
        }
        state.note("RegisterUsingIAMMethod");
        let mut requests = request.into_inner();
        let (answers, receiver) = tokio::sync::mpsc::channel(4);
        tokio::spawn(async move {
            let asked = challenge();
            let first = RegisterUsingIamMethodResponse {
                challenge: asked.clone(),
                certs: None,
            };
            answers.send(Ok(first)).await.unwrap();
            let said = requests.message().await.unwrap().unwrap();
            let question = said.register_using_token_request.unwrap();
            let decided = state.decide(
                &question.token,
                &question.role,
                &said.sts_identity_request,
                &asked,
            );
            let own = state.own();
            let answer = decided.map(|()| RegisterUsingIamMethodResponse {
                challenge: String::new(),
                certs: Some(certs(
                    &state,
                    &question.public_tls_key,
                    state.behaviour().own_life,
                    &[&own.user_ca, &own.host_ca],
                )),
            });
            let _ = answers.send(answer).await;
        });
        let stream = tokio_stream::wrappers::ReceiverStream::new(receiver);
        Ok(tonic::Response::new(Box::pin(stream)))
    }
}

/// Certificates as the older API hands them out.
fn certs(state: &State, public_key: &[u8], life: Duration, cas: &[&Authority]) -> Certs {
    let public_key = std::str::from_utf8(public_key).unwrap();
    let der = key::tests::der_of(public_key);
    let spki = match pem::labels(public_key).next().unwrap() {
        "PUBLIC KEY" => der,
        "RSA PUBLIC KEY" => key::tests::spki_of_pkcs1(&der),
        label => panic!("{label}"),
    };
    let certificate = state.certify(&spki, life);
    Certs {
        ssh: format!("{}\n", ssh::CERTIFICATE).into_bytes(),
        tls: pem::text("CERTIFICATE", &certificate).into_bytes(),
        tlsca_certs: cas
            .iter()
            .map(|ca| ca.certificate_pem().into_bytes())
            .collect(),
        sshca_certs: vec![ssh::USER_CA.into(), ssh::HOST_CA.into()],
    }
}

/// The auth server's calls, which need a certificate.
pub(super) struct Auth(pub(super) Arc<State>);

#[async_trait]
impl AuthService for Auth {
    async fn ping(
        &self,
        _: tonic::Request<PingRequest>,
    ) -> Result<tonic::Response<PingResponse>, Status> {
        if !self.0.behaviour().pings {
            return Err(Status::unavailable("starting"));
        }
        Ok(tonic::Response::new(PingResponse {
            cluster_name: "child".to_owned(),
            server_version: "18.0.0".to_owned(),
            ..PingResponse::default()
        }))
    }

    async fn get_role(
        &self,
        request: tonic::Request<GetRoleRequest>,
    ) -> Result<tonic::Response<RoleV6>, Status> {
        self.0.note("GetRole");
        assert_eq!(request.into_inner().name, USER);
        if let Some(failure) = self.0.behaviour.lock().unwrap().role_failures.pop_front() {
            return Err(failure);
        }
        let roles = self
            .0
            .behaviour()
            .roles
            .iter()
            .map(|role| (*role).to_owned())
            .collect();
        let impersonate = ImpersonateConditions {
            roles,
            ..ImpersonateConditions::default()
        };
        let allow = RoleConditions {
            impersonate: Some(impersonate),
            ..RoleConditions::default()
        };
        let spec = RoleSpecV6 {
            allow: Some(allow),
            ..RoleSpecV6::default()
        };
        Ok(tonic::Response::new(RoleV6 {
            spec: Some(spec),
            ..RoleV6::default()
        }))
    }

    async fn generate_user_certs(
        &self,
        request: tonic::Request<UserCertsRequest>,
    ) -> Result<tonic::Response<Certs>, Status> {
        self.0.note("GenerateUserCerts");
        let request = request.into_inner();
        self.0.requests.lock().unwrap().push(request.clone());
        let certs = certs(
            &self.0,
            &request.tls_public_key,
            self.0.behaviour().acting_life,
            &[&self.0.own().user_ca],
        );
        Ok(tonic::Response::new(certs))
    }

    async fn get_cluster_ca_cert(
        &self,
        _: tonic::Request<()>,
    ) -> Result<tonic::Response<GetClusterCaCertResponse>, Status> {
        self.0.note("GetClusterCACert");
        let tlsca = self.0.own().host_ca.certificate_pem().into_bytes();
        Ok(tonic::Response::new(GetClusterCaCertResponse { tlsca }))
    }
}

fn challenge() -> String {
    STANDARD_NO_PAD.encode(std::array::from_fn::<u8, 32, _>(|_| fastrand::u8(..)))
}
