//! The request that proves an AWS identity: `sts:GetCallerIdentity`, signed here and sent to AWS by the auth server.
//!
//! The server checks each part of it (`lib/join/iamjoin` in gravitational/teleport). Only headers that nothing on the way changes
//! are signed. The challenge is one of them, so that no older request can be used again.

use std::time::SystemTime;

use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use aws_smithy_runtime_api::client::identity::Identity;
use secrecy::SecretSlice;
use time::OffsetDateTime;

use super::{
    caller::Caller,
    region::{UnknownPartition, endpoint},
};

/// Why the request cannot be signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SignError {
    /// No host of AWS STS is known for the region.
    #[error(transparent)]
    Partition(#[from] UnknownPartition),
    /// The server's challenge does not fit into a header.
    #[error("the server's challenge is not a valid header")]
    Challenge,
    /// The signer refuses.
    #[error("the request to AWS STS cannot be signed: {0}")]
    Sign(String),
}

/// The bytes of an HTTP/1.1 request that proves who the caller is, for one challenge. They are a secret for some minutes: with them
/// anybody can answer that challenge.
pub(super) fn signed_request(
    caller: &Caller,
    challenge: &str,
    now: OffsetDateTime,
) -> Result<SecretSlice<u8>, SignError> {
    let is_fit = !challenge.is_empty() && challenge.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_fit {
        return Err(SignError::Challenge);
    }
    let endpoint = endpoint(caller.region.as_deref())?;
    let length = BODY.len().to_string();
    let headers = [
        ("Host", endpoint.host.as_str()),
        ("Accept", "application/json"),
        ("Content-Length", length.as_str()),
        ("Content-Type", "application/x-www-form-urlencoded"),
        (CHALLENGE, challenge),
    ];
    let identity = Identity::from(caller.credentials.clone());
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(&endpoint.region)
        .name("sts")
        .time(SystemTime::from(now))
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| SignError::Sign(error.to_string()))?
        .into();
    let uri = format!("https://{}/", endpoint.host);
    let body = SignableBody::Bytes(BODY.as_bytes());
    let signable = SignableRequest::new("POST", uri, headers.into_iter(), body);
    let signed = signable
        .and_then(|request| sign(request, &params))
        .map_err(|error| SignError::Sign(error.to_string()))?;
    let (instructions, _) = signed.into_parts();

    let mut request = String::from("POST / HTTP/1.1\r\n");
    for (name, value) in headers.into_iter().chain(instructions.headers()) {
        request.extend([name, ": ", value, "\r\n"]);
    }
    request.push_str("\r\n");
    request.push_str(BODY);
    Ok(SecretSlice::from(request.into_bytes()))
}

/// The server compares it byte by byte.
const BODY: &str = "Action=GetCallerIdentity&Version=2011-06-15";
const CHALLENGE: &str = "X-Teleport-Challenge";

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use aws_credential_types::Credentials;
    use hmac::{Hmac, Mac};
    use secrecy::ExposeSecret;
    use sha2::{Digest, Sha256};
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-03-04 05:06:07 UTC);
    const KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    const SOME_CHALLENGE: &str = "q+/5Zk0Xw3vJ8n1PzQ2rT6yU4iO7aSdFgHjKlCvBnMQ";

    fn caller(token: Option<&str>, region: &str) -> Caller {
        let token = token.map(str::to_owned);
        Caller {
            credentials: Credentials::new("AKIDEXAMPLE", KEY, token, None, "test"),
            region: Some(region.to_owned()),
        }
    }

    fn text(caller: &Caller, challenge: &str) -> String {
        let request = signed_request(caller, challenge, NOW).unwrap();
        String::from_utf8(request.expose_secret().to_vec()).unwrap()
    }

    fn headers(request: &str) -> BTreeMap<String, String> {
        let (head, _) = request.split_once("\r\n\r\n").unwrap();
        let lines = head.split("\r\n").skip(1);
        let pairs = lines.map(|line| line.split_once(": ").unwrap());
        pairs
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect()
    }

    fn hmac(key: &[u8], text: &str) -> Vec<u8> {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The signature of a request by the steps of AWS's own description, with no part of the SDK.
    fn signature(request: &str, region: &str) -> String {
        let headers = headers(request);
        let (_, body) = request.split_once("\r\n\r\n").unwrap();
        let authorization = &headers["authorization"];
        let signed = authorization.split("SignedHeaders=").nth(1).unwrap();
        let signed = signed.split(',').next().unwrap();
        let mut canonical = String::from("POST\n/\n\n");
        for name in signed.split(';') {
            canonical.push_str(&format!("{name}:{}\n", headers[name].trim()));
        }
        canonical.push_str(&format!("\n{signed}\n{}", hex(&Sha256::digest(body))));
        let scope = format!("20260304/{region}/sts/aws4_request");
        let to_sign = format!(
            "AWS4-HMAC-SHA256\n20260304T050607Z\n{scope}\n{}",
            hex(&Sha256::digest(canonical))
        );
        let mut key = hmac(format!("AWS4{KEY}").as_bytes(), "20260304");
        for part in [region, "sts", "aws4_request"] {
            key = hmac(&key, part);
        }
        hex(&hmac(&key, &to_sign))
    }

    #[test]
    fn the_independent_signature_gives_the_value_that_aws_publishes() {
        // From the example of AWS's "Signature Version 4" documentation: a signing key, and what it makes of a text.
        let mut key = hmac(format!("AWS4{KEY}").as_bytes(), "20150830");
        for part in ["us-east-1", "iam", "aws4_request"] {
            key = hmac(&key, part);
        }
        assert_eq!(
            hex(&key),
            "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"
        );
        let to_sign = "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\n\
             f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59";
        assert_eq!(
            hex(&hmac(&key, to_sign)),
            "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
        );
    }

    #[test]
    fn the_signature_is_the_one_that_an_independent_implementation_makes() {
        for (token, region) in [
            (None, "eu-west-1"),
            (Some("FwoGZXIvYXdzEXAMPLE//=="), "us-east-1"),
            (Some("t"), "cn-north-1"),
        ] {
            let request = text(&caller(token, region), SOME_CHALLENGE);
            let authorization = &headers(&request)["authorization"];
            let found = authorization.split("Signature=").nth(1).unwrap();
            assert_eq!(found, signature(&request, region), "{region}");
        }
    }

    #[test]
    fn the_request_has_what_the_server_asks_for() {
        let request = text(&caller(Some("session"), "eu-west-1"), SOME_CHALLENGE);
        assert!(request.starts_with("POST / HTTP/1.1\r\n"));
        assert!(request.ends_with("\r\n\r\nAction=GetCallerIdentity&Version=2011-06-15"));
        let headers = headers(&request);
        assert_eq!(headers["host"], "sts.eu-west-1.amazonaws.com");
        assert_eq!(headers["accept"], "application/json");
        assert_eq!(headers["content-length"], "43");
        assert_eq!(headers["x-teleport-challenge"], SOME_CHALLENGE);
        assert_eq!(headers["x-amz-security-token"], "session");
        assert!(headers["authorization"].contains(
            "SignedHeaders=accept;content-length;content-type;host;x-amz-date;x-amz-security-token;x-teleport-challenge,"
        ));
        assert!(
            headers["authorization"].contains("Credential=AKIDEXAMPLE/20260304/eu-west-1/sts/")
        );
    }

    #[test]
    fn a_challenge_that_would_be_another_header_is_refused() {
        for challenge in ["", "a\r\nHost: evil", "a b", "\u{e4}"] {
            let error = signed_request(&caller(None, "us-east-1"), challenge, NOW).err();
            assert_eq!(error, Some(SignError::Challenge));
        }
    }
}
