//! Who the user is (RFC 4252). Certificates are the only way to show it.

use ssh_encoding::Encode;
use ssh_key::{Certificate, Signature};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{SshError, exchange::Connection, field, fields, keys, message};

/// Lets a client authenticate, and answers the name with which it logs in. `check` judges a certificate for a login.
///
/// # Errors
/// When the client gives up, or has tried too often.
pub(crate) async fn authenticate<S: AsyncRead + AsyncWrite + Unpin>(
    connection: &mut Connection<S>,
    check: impl Fn(&[u8], &str) -> Result<Certificate, &'static str>,
) -> Result<String, SshError> {
    let wanted = connection.read().await?;
    let service: String = field(&mut fields(&wanted, message::SERVICE_REQUEST)?)?;
    let mut accept = vec![message::SERVICE_ACCEPT];
    service.encode(&mut accept)?;
    connection.packets.write(&accept).await?;
    for _ in 0..MAX_TRIES {
        let request = connection.read().await?;
        let tried = Try::decode(&request)?;
        let answer = tried.judge(connection.session(), &check)?;
        connection.packets.write(&answer).await?;
        if answer == [message::USERAUTH_SUCCESS] {
            return Ok(tried.login);
        }
    }
    Err(SshError::Protocol("client has tried to log in too often"))
}

/// A request of a client.
struct Try<'a> {
    request: &'a [u8],
    login: String,
    /// What follows where the method is `publickey`.
    public_key: Option<&'a [u8]>,
}

impl<'a> Try<'a> {
    fn decode(request: &'a [u8]) -> Result<Self, SshError> {
        let mut fields = fields(request, message::USERAUTH_REQUEST)?;
        let login = field(&mut fields)?;
        let _service: String = field(&mut fields)?;
        let method: String = field(&mut fields)?;
        Ok(Self {
            request,
            login,
            public_key: (method == METHOD).then_some(fields),
        })
    }

    /// The answer.
    fn judge(
        &self,
        session: &[u8],
        check: impl Fn(&[u8], &str) -> Result<Certificate, &'static str>,
    ) -> Result<Vec<u8>, SshError> {
        let Some(mut rest) = self.public_key else {
            return failure();
        };
        let is_signed = field::<u8>(&mut rest)? != 0;
        let named = rest;
        let _algorithm: String = field(&mut rest)?;
        let blob: Vec<u8> = field(&mut rest)?;
        let certificate = match check(&blob, &self.login) {
            Ok(certificate) => certificate,
            Err(reason) => {
                tracing::info!(login = self.login, reason, "tunnel: login refused");
                return failure();
            }
        };
        if !is_signed {
            // The question whether a signature would be of use.
            return Ok([&[message::USERAUTH_PK_OK][..], named].concat());
        }
        let signed = self.request.strip_suffix(rest).unwrap_or_default();
        let mut message = Vec::new();
        session.encode(&mut message)?;
        message.extend_from_slice(signed);
        let signature: Vec<u8> = field(&mut rest)?;
        let signature: Signature = field(&mut &signature[..])?;
        match keys::verify(certificate.public_key(), &signature, &message) {
            true => Ok(vec![message::USERAUTH_SUCCESS]),
            false => failure(),
        }
    }
}

fn failure() -> Result<Vec<u8>, SshError> {
    let mut failure = vec![message::USERAUTH_FAILURE];
    METHOD.encode(&mut failure)?;
    failure.push(0); // no part of it has succeeded
    Ok(failure)
}

const METHOD: &str = "publickey";
/// A client that succeeds needs three: without a certificate, the question whether it would be of use, and with it.
const MAX_TRIES: usize = 10;

#[cfg(test)]
mod tests {
    use rcgen::KeyPair;

    use super::*;
    use crate::ssh::certificates::{check_user, sign_user};

    #[test]
    fn a_damaged_request_does_not_log_in() {
        let (key, authority) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let roles = ["editor".to_owned()];
        let blob = sign_user(
            "bot-a",
            &roles,
            &keys::public(&key),
            &authority,
            (5, 1 << 40),
        );
        let mut request = vec![message::USERAUTH_REQUEST];
        for text in ["bot-a", "ssh-connection", "publickey"] {
            text.encode(&mut request).unwrap();
        }
        request.push(1); // signed
        "ecdsa-sha2-nistp256-cert-v01@openssh.com"
            .encode(&mut request)
            .unwrap();
        blob.unwrap().unwrap().encode(&mut request).unwrap();
        let mut signed = Vec::new();
        "session".encode(&mut signed).unwrap();
        signed.extend_from_slice(&request);
        let signature = keys::sign(&key, &signed).unwrap();
        signature.encode(&mut request).unwrap();

        let authority = keys::public(&authority);
        let check = |blob: &[u8], login: &str| check_user(blob, &authority, login);
        let answer = |request: &[u8], session: &str| {
            let tried = Try::decode(request).ok()?;
            tried.judge(session.as_bytes(), check).ok()
        };
        let success = Some(vec![message::USERAUTH_SUCCESS]);
        assert_eq!(answer(&request, "session"), success);
        assert_ne!(answer(&request, "another session"), success);
        for index in 0..request.len() {
            assert_ne!(answer(&request[..index], "session"), success);
            let mut damaged = request.clone();
            damaged[index] = !damaged[index];
            assert_ne!(answer(&damaged, "session"), success, "{index}");
        }
    }
}
