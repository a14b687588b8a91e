//! `proto.AuthService`: ping, certificates and reset tokens. Its calls on objects are those of the table of kinds.

use std::sync::Arc;

use teleport_proto::{
    auth::{
        Certs, CreateAuthenticateChallengeRequest, CreateResetPasswordTokenRequest, Features,
        GetClusterCaCertResponse, GetResetPasswordTokenRequest, MfaAuthenticateChallenge,
        MfaRequired, PingRequest, PingResponse, UserCertsRequest, auth_service_server::AuthService,
        is_mfa_required_request::Target,
    },
    types::{RoleV6, SignatureAlgorithmSuite, UserTokenV3},
};
use time::OffsetDateTime;
use tonic::{Request, Response, Status};

use crate::{
    authority::{Subject, certificates, keys},
    grpc::{
        access::{self, Verb},
        peer::{self, Peer},
    },
    rules::{ROLE, USER, metadata},
    scenario::Edition,
    ssh,
    store::Reset,
    tenant::Tenant,
};

/// The service of one cluster.
pub(crate) struct Service {
    tenant: Arc<Tenant>,
}

impl Service {
    pub(crate) fn new(tenant: Arc<Tenant>) -> Self {
        Self { tenant }
    }
}

#[tonic::async_trait]
impl AuthService for Service {
    async fn ping(&self, request: Request<PingRequest>) -> Result<Response<PingResponse>, Status> {
        let peer = request.extensions().get::<Peer>();
        let settings = self.tenant.settings();
        Ok(Response::new(PingResponse {
            cluster_name: settings.name.clone(),
            server_version: settings.server_version.clone(),
            server_features: Some(Features {
                access_controls: settings.edition != Edition::Oss,
                advanced_access_workflows: settings.edition != Edition::Oss,
                cloud: settings.edition == Edition::Cloud,
            }),
            proxy_public_addr: settings.proxy_address.clone(),
            is_boring: false,
            remote_addr: peer
                .map(|peer| peer.address.to_string())
                .unwrap_or_default(),
            load_all_c_as: false,
            signature_algorithm_suite: SignatureAlgorithmSuite::BalancedV1.into(),
            license_expiry: None,
        }))
    }

    async fn get_cluster_ca_cert(
        &self,
        _: Request<()>,
    ) -> Result<Response<GetClusterCaCertResponse>, Status> {
        let pem = self.tenant.host_authority().pem();
        Ok(Response::new(GetClusterCaCertResponse {
            tlsca: pem.as_bytes().to_vec(),
        }))
    }

    async fn generate_user_certs(
        &self,
        request: Request<UserCertsRequest>,
    ) -> Result<Response<Certs>, Status> {
        peer::note(&request, &request.get_ref().username);
        Ok(Response::new(user_certs(&self.tenant, &request)?))
    }

    /// Says whether a second factor is needed. Who needs one has none here, so that there is no challenge.
    async fn create_authenticate_challenge(
        &self,
        request: Request<CreateAuthenticateChallengeRequest>,
    ) -> Result<Response<MfaAuthenticateChallenge>, Status> {
        let caller = peer::caller(&request)?;
        let asked = request.get_ref().mfa_required_check.as_ref();
        let required = match asked.and_then(|check| check.target.as_ref()) {
            None => MfaRequired::Unspecified,
            Some(Target::AdminAction(_)) => {
                let mfa = self.tenant.settings().mfa_for_admin_actions;
                match access::needs_mfa(caller, mfa) {
                    true => MfaRequired::Yes,
                    false => MfaRequired::No,
                }
            }
        };
        Ok(Response::new(MfaAuthenticateChallenge {
            mfa_required: required.into(),
        }))
    }

    async fn create_reset_password_token(
        &self,
        request: Request<CreateResetPasswordTokenRequest>,
    ) -> Result<Response<UserTokenV3>, Status> {
        peer::note(&request, &request.get_ref().name);
        let caller = peer::caller(&request)?;
        self.tenant.authorize(caller, USER.name, &[Verb::Update])?;
        let request = request.get_ref();
        let reset = Reset::new(&request.r#type, request.ttl)?;
        let proxy = &self.tenant.settings().proxy_address;
        let store = self.tenant.store();
        let token = store.create_reset_token(&request.name, &reset, proxy)?;
        Ok(Response::new(token))
    }

    async fn get_reset_password_token(
        &self,
        request: Request<GetResetPasswordTokenRequest>,
    ) -> Result<Response<UserTokenV3>, Status> {
        peer::caller(&request)?;
        let id = &request.get_ref().token_id;
        Ok(Response::new(self.tenant.store().reset_token(id)?))
    }
}

/// `GenerateUserCerts`: certificates for roles that the caller may impersonate, or for its own (`lib/auth/auth_with_roles.go`).
fn user_certs(tenant: &Tenant, request: &Request<UserCertsRequest>) -> Result<Certs, Status> {
    let caller = peer::caller(request)?;
    let wanted = request.get_ref();
    if wanted.username != caller.user() {
        return Err(Status::permission_denied(
            "access denied: impersonation of other users is not allowed",
        ));
    }
    if !caller.may_reissue() {
        return Err(Status::permission_denied(
            "access denied: identity is not allowed to reissue certificates",
        ));
    }
    let expires = wanted.expires.unwrap_or_default();
    let mut expires = OffsetDateTime::from(metadata::time_of(expires));
    let by_roles = wanted.use_role_requests || !wanted.role_requests.is_empty();
    let names = if by_roles {
        check_role_requests(tenant, caller.roles(), &wanted.role_requests)?;
        if caller.impersonator().is_some() {
            return Err(Status::permission_denied(
                "access denied: impersonated user can not request new roles",
            ));
        }
        &wanted.role_requests
    } else {
        expires = expires.min(caller.expires());
        caller.roles()
    };
    let roles = names
        .iter()
        .map(|name| tenant.store().get(&ROLE, name))
        .collect::<Result<Vec<RoleV6>, _>>()?;
    let subject = Subject {
        user: caller.user().to_owned(),
        roles: names.to_vec(),
        impersonator: match by_roles {
            true => Some(caller.user().to_owned()),
            false => caller.impersonator().map(str::to_owned),
        },
        disallow_reissue: by_roles && !wanted.reissuable_role_impersonation,
    };
    let keys = keys::PublicKeys::from_text(&wanted.tls_public_key, &wanted.ssh_public_key)?;
    let made = certificates::certify(tenant, &subject, &keys, expires, &roles)?;
    let authority = tenant.user_authority();
    Ok(Certs {
        ssh: ssh::keys::line(&made.ssh).into_bytes(),
        tls: made.tls_pem.into_bytes(),
        tlsca_certs: vec![authority.pem().as_bytes().to_vec()],
        sshca_certs: vec![ssh::keys::line(&authority.ssh_key()).into_bytes()],
    })
}

/// One of the caller's roles must allow all that it asks for, and none may deny it.
fn check_role_requests(tenant: &Tenant, held: &[String], wanted: &[String]) -> Result<(), Status> {
    if wanted.is_empty() {
        return Err(Status::invalid_argument(
            "at least one role request is required",
        ));
    }
    let held: Vec<RoleV6> = tenant.store().some(&ROLE, held);
    let sides = |role: &RoleV6| role.spec.clone().unwrap_or_default();
    let allowed = held.iter().any(|role| {
        let allow = sides(role).allow.unwrap_or_default();
        let names = allow.impersonate.unwrap_or_default().roles;
        wanted
            .iter()
            .all(|role| names.iter().any(|name| name == role || name == "*"))
    });
    let denied = held.iter().any(|role| {
        let deny = sides(role).deny.unwrap_or_default();
        let names = deny.impersonate.unwrap_or_default().roles;
        wanted
            .iter()
            .any(|role| names.iter().any(|name| name == role || name == "*"))
    });
    if !allowed || denied {
        return Err(Status::permission_denied(format!(
            "access denied: roles {wanted:?} cannot be impersonated with the roles that are held"
        )));
    }
    Ok(())
}
