//! `teleport.trust.v1.TrustService`: the certificate authorities (`lib/auth/trust/trustv1`).

use std::sync::Arc;

use teleport_proto::{
    teleport::trust::v1::{
        GetCertAuthoritiesRequest, GetCertAuthoritiesResponse, GetCertAuthorityRequest,
        trust_service_server::TrustService,
    },
    types::{
        CaKeySet, CertAuthoritySpecV2, CertAuthorityV2, Metadata, PrivateKeyType, SshKeyPair,
        TlsKeyPair,
    },
};
use tonic::{Request, Response, Status};

use crate::{
    authority::Authority,
    grpc::{
        access::{CERT_AUTHORITY, Verb},
        peer,
    },
    ssh,
    tenant::Tenant,
};

/// The service of one cluster, which trusts no other cluster.
pub(crate) struct Service {
    tenant: Arc<Tenant>,
}

impl Service {
    pub(crate) fn new(tenant: Arc<Tenant>) -> Self {
        Self { tenant }
    }

    fn authority(&self, kind: &str, with_keys: bool) -> Result<CertAuthorityV2, Status> {
        let (user, host) = (self.tenant.user_authority(), self.tenant.host_authority());
        let keys = match kind {
            "user" => key_set(user, with_keys),
            "host" => key_set(host, with_keys),
            // As in a cluster from before version 9, which got a copy of the host authority (`migrateDBAuthority` in
            // `lib/auth/init.go`).
            "db" => CaKeySet {
                ssh: Vec::new(),
                ..key_set(host, with_keys)
            },
            kind => {
                let text = format!("{kind:?} authority type is not supported");
                return Err(Status::invalid_argument(text));
            }
        };
        let cluster = self.tenant.name().to_owned();
        Ok(CertAuthorityV2 {
            kind: CERT_AUTHORITY.to_owned(),
            sub_kind: kind.to_owned(),
            version: "v2".to_owned(),
            metadata: Some(Metadata {
                name: cluster.clone(),
                namespace: "default".to_owned(),
                ..Metadata::default()
            }),
            spec: Some(CertAuthoritySpecV2 {
                r#type: kind.to_owned(),
                cluster_name: cluster,
                active_keys: Some(keys),
                additional_trusted_keys: Some(CaKeySet::default()),
            }),
        })
    }
}

#[tonic::async_trait]
impl TrustService for Service {
    async fn get_cert_authority(
        &self,
        request: Request<GetCertAuthorityRequest>,
    ) -> Result<Response<CertAuthorityV2>, Status> {
        peer::note(&request, &request.get_ref().domain);
        let caller = peer::caller(&request)?;
        let wanted = request.get_ref();
        let verb = match wanted.include_key {
            true => Verb::Read,
            false => Verb::ReadNoSecrets,
        };
        self.tenant.authorize(caller, CERT_AUTHORITY, &[verb])?;
        let authority = self.authority(&wanted.r#type, wanted.include_key)?;
        if wanted.domain != self.tenant.name() {
            let key = format!("/authorities/{}/{}", wanted.r#type, wanted.domain);
            return Err(Status::not_found(format!("key {key:?} is not found")));
        }
        Ok(Response::new(authority))
    }

    async fn get_cert_authorities(
        &self,
        request: Request<GetCertAuthoritiesRequest>,
    ) -> Result<Response<GetCertAuthoritiesResponse>, Status> {
        let caller = peer::caller(&request)?;
        let wanted = request.get_ref();
        let mut verbs = vec![Verb::List, Verb::ReadNoSecrets];
        if wanted.include_key {
            verbs.push(Verb::Read);
        }
        self.tenant.authorize(caller, CERT_AUTHORITY, &verbs)?;
        let authority = self.authority(&wanted.r#type, wanted.include_key)?;
        Ok(Response::new(GetCertAuthoritiesResponse {
            cert_authorities_v2: vec![authority],
        }))
    }
}

/// The keys of an authority, with the private ones if they are wanted.
fn key_set(authority: &Authority, with_keys: bool) -> CaKeySet {
    let key = match with_keys {
        true => authority.key().serialize_pem().into_bytes(),
        false => Vec::new(),
    };
    CaKeySet {
        ssh: vec![SshKeyPair {
            public_key: ssh::keys::line(&authority.ssh_key()).into_bytes(),
            private_key: key.clone(),
            private_key_type: PrivateKeyType::Raw.into(),
        }],
        tls: vec![TlsKeyPair {
            cert: authority.pem().as_bytes().to_vec(),
            key,
            key_type: PrivateKeyType::Raw.into(),
        }],
    }
}
