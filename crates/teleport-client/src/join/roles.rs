//! From the bot's own identity to one for calls: certificates for the roles that the bot may impersonate
//! (`lib/tbot/internal/identity` in gravitational/teleport).

use std::time::{Duration, SystemTime};

use teleport_proto::auth::{
    GetRoleRequest, UserCertsRequest, auth_service_client::AuthServiceClient,
};
use tonic::{Request, Response, Status};

use super::{
    JoinError,
    certificates::{Certificates, Certified},
    key::Key,
};
use crate::{
    Address,
    call::{clock::Clock, outcome::outcome},
    credentials::identity::Identity,
    dial::transport::{self, Transport},
};

/// A request for certificates, over a connection with the bot's own identity.
pub(super) struct CertificateRequest<'a> {
    pub(super) transport: Transport,
    pub(super) address: &'a Address,
    pub(super) identity: &'a Identity,
    pub(super) joined: &'a Certified,
}

impl CertificateRequest<'_> {
    /// Certificates for all roles that the bot may impersonate. The cluster may shorten their time.
    pub(super) async fn certificates(
        &self,
        ttl: Duration,
        clock: &Clock,
    ) -> Result<Certified, JoinError> {
        let mut client =
            AuthServiceClient::with_origin(self.transport.clone(), transport::origin())
                .max_decoding_message_size(transport::MAX_SMALL_ANSWER_SIZE);
        // A bot's user and its role have the same name.
        let user = self.identity.user().to_owned();
        let request = Request::new(GetRoleRequest { name: user.clone() });
        let role = self.answer("GetRole", client.get_role(request)).await?;
        let roles = role
            .spec
            .and_then(|spec| spec.allow?.impersonate)
            .map(|impersonate| impersonate.roles)
            .filter(|roles| !roles.is_empty())
            .ok_or_else(|| JoinError::NoRoles(user.clone()))?;

        let algorithm = self.joined.algorithm;
        let key = Key::generate(algorithm).await?;
        let request = UserCertsRequest {
            username: user,
            expires: Some(SystemTime::from(clock.now() + ttl).into()),
            route_to_cluster: self.identity.cluster_name().unwrap_or_default().to_owned(),
            role_requests: roles,
            use_role_requests: true,
            ssh_public_key: key.public_ssh_line().into_bytes(),
            tls_public_key: key.public_pem().into_bytes(),
            ..UserCertsRequest::default()
        };
        let issued = client.generate_user_certs(Request::new(request));
        let issued = self.answer("GenerateUserCerts", issued).await?;
        let mut certificates = Certificates::from_text(&issued)?;
        // The answer has the CA of users. The cluster's servers are verified by the CA of hosts.
        let cas = client.get_cluster_ca_cert(Request::new(()));
        let cas = self.answer("GetClusterCACert", cas).await?;
        certificates.trust(&cas.tlsca)?;
        certificates.ssh_cas = self.joined.certificates.host_ssh_cas();
        Ok(Certified {
            key,
            algorithm,
            certificates,
        })
    }

    async fn answer<T>(
        &self,
        rpc: &str,
        call: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<T, JoinError> {
        outcome(rpc, self.address.to_string(), CALL_TIMEOUT, call)
            .await
            .map_err(JoinError::Call)
    }
}

const CALL_TIMEOUT: Duration = Duration::from_secs(30);
