//! The signed `sts:GetCallerIdentity` request of a joiner: what the auth server checks before it passes the request on, and
//! what AWS says to it (`lib/join/iamjoin`; AWS's STS reference).

use time::{Duration, OffsetDateTime, PrimitiveDateTime, macros::format_description};
use tonic::Status;

use super::sigv4::{self, Authorization, Signed};
use crate::join::aws::AwsIdentity;

/// Who STS says has signed a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CallerIdentity {
    pub(super) account: String,
    pub(super) arn: String,
}

/// Checks the request `bytes` for the challenge that was given out, and asks AWS, where `identities` are known, whose it is.
///
/// # Errors
/// Those of Teleport: `PERMISSION_DENIED`, with AWS's status and answer when AWS refuses, and `INVALID_ARGUMENT` for another
/// body.
pub(super) fn caller_identity(
    bytes: &[u8],
    challenge: &str,
    identities: &[AwsIdentity],
    now: OffsetDateTime,
) -> Result<CallerIdentity, Status> {
    let request = HttpRequest::parse(bytes)
        .ok_or_else(|| denied("malformed sts:GetCallerIdentity request"))?;
    let authorization = check(&request, challenge)?;
    let identity = ask(&request, &authorization, identities, now)
        .map_err(|refusal| denied(&refusal.text()))?;
    // Without the header AWS answers in XML, which the server cannot read.
    if request.header("accept") != Some("application/json") {
        return Err(Status::unknown(
            "invalid character '<' looking for beginning of value",
        ));
    }
    Ok(CallerIdentity {
        account: identity.account.clone(),
        arn: identity.arn.clone(),
    })
}

/// An HTTP/1.1 request.
#[derive(Debug)]
struct HttpRequest {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl HttpRequest {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let (head, body) = (bytes.get(..end)?, bytes.get(end + 4..)?);
        let mut lines = std::str::from_utf8(head).ok()?.split("\r\n");
        let mut first = lines.next()?.split(' ');
        let (method, target, version) = (first.next()?, first.next()?, first.next()?);
        if first.next().is_some() || !version.starts_with("HTTP/1.") {
            return None;
        }
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            let valid = !name.is_empty() && !name.contains(char::is_whitespace);
            valid.then(|| (name.to_owned(), value.trim().to_owned()))
        };
        let mut request = Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: lines.map(header).collect::<Option<_>>()?,
            body: Vec::new(),
        };
        // What is longer than it says is cut, what is shorter is malformed.
        let length = request.header("content-length").unwrap_or("0");
        request.body = body.get(..length.parse().ok()?)?.to_vec();
        Some(request)
    }

    /// The header's value, the first one if there are several.
    fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(header, _)| header.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// What the auth server checks itself, in its order.
fn check(request: &HttpRequest, challenge: &str) -> Result<Authorization, Status> {
    if request.target != "/" {
        return Err(denied(
            "unexpected sts identity request URI: expected \"/\"",
        ));
    }
    let host = request.header("host").unwrap_or_default();
    if region_of(host).is_none() {
        return Err(denied(&format!(
            "unknown STS host {host:?}: it is not in the list of STS endpoints"
        )));
    }
    if request.method != "POST" {
        return Err(denied(
            "unexpected sts identity request method: expected POST",
        ));
    }
    if request.header(CHALLENGE_HEADER) != Some(challenge) {
        return Err(denied(
            "sts identity request does not include the challenge header or it does not match",
        ));
    }
    let header = request.header("authorization").unwrap_or_default();
    let authorization = Authorization::parse(header)
        .ok_or_else(|| denied("sts identity request has no valid SigV4 Authorization header"))?;
    if !authorization.signs(CHALLENGE_HEADER) {
        return Err(denied(
            "sts identity request does not sign the header X-Teleport-Challenge",
        ));
    }
    if request.body != BODY {
        return Err(Status::invalid_argument(
            "sts identity request has an unexpected body",
        ));
    }
    Ok(authorization)
}

/// Why AWS refuses a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    IncompleteSignature,
    InvalidClientTokenId,
    ExpiredToken,
    SignatureDoesNotMatch,
    SignatureExpired,
    WrongScope,
}

impl Refusal {
    /// Status and body of AWS's answer, as Teleport passes them on.
    fn text(self) -> String {
        let (status, code, message) = match self {
            Self::IncompleteSignature => (
                "400 Bad Request",
                "IncompleteSignature",
                "The request signature does not conform to AWS standards.",
            ),
            Self::InvalidClientTokenId => (
                "403 Forbidden",
                "InvalidClientTokenId",
                "The security token included in the request is invalid.",
            ),
            Self::ExpiredToken => (
                "403 Forbidden",
                "ExpiredToken",
                "The security token included in the request is expired",
            ),
            Self::SignatureDoesNotMatch => (
                "403 Forbidden",
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided.",
            ),
            Self::SignatureExpired => (
                "403 Forbidden",
                "SignatureDoesNotMatch",
                "Signature expired: X-Amz-Date is more than 15 minutes from the current time.",
            ),
            Self::WrongScope => (
                "403 Forbidden",
                "SignatureDoesNotMatch",
                "Credential should be scoped to the region and service of the endpoint.",
            ),
        };
        let body = serde_json::json!({"Error": {"Code": code, "Message": message}});
        format!("aws sts api returned status: {status:?} body: {body}")
    }
}

/// What AWS says.
fn ask<'a>(
    request: &HttpRequest,
    authorization: &Authorization,
    identities: &'a [AwsIdentity],
    now: OffsetDateTime,
) -> Result<&'a AwsIdentity, Refusal> {
    // AWS wants these to be signed where they are there; the host always is.
    let amz = |name: &str| {
        name.get(..6)
            .is_some_and(|start| start.eq_ignore_ascii_case("x-amz-"))
    };
    let mut signable = request.headers.iter().filter(|(name, _)| amz(name));
    if !authorization.signs("host")
        || !signable.all(|(name, _)| authorization.signs(&name.to_ascii_lowercase()))
    {
        return Err(Refusal::IncompleteSignature);
    }
    let date = request.header("x-amz-date").unwrap_or_default();
    let time = PrimitiveDateTime::parse(date, DATE).map_err(|_| Refusal::IncompleteSignature)?;
    if (now - time.assume_utc()).abs() > SKEW {
        return Err(Refusal::SignatureExpired);
    }
    let region = region_of(request.header("host").unwrap_or_default());
    if Some(authorization.region.as_str()) != region
        || authorization.service != "sts"
        || date.get(..8) != Some(authorization.date.as_str())
    {
        return Err(Refusal::WrongScope);
    }
    let session_token = request.header("x-amz-security-token");
    let identity = identities
        .iter()
        .filter(|identity| identity.access_key_id == authorization.access_key_id)
        .find(|identity| identity.session_token.as_deref() == session_token)
        .ok_or(Refusal::InvalidClientTokenId)?;
    let signed = Signed {
        method: &request.method,
        path: &request.target,
        query: "",
        headers: &request.headers,
        body: &request.body,
    };
    let secret = &identity.secret_access_key;
    let made = sigv4::signature(&signed, date, authorization, secret);
    if made.as_deref() != Some(authorization.signature.as_str()) {
        return Err(Refusal::SignatureDoesNotMatch);
    }
    if identity.expired {
        return Err(Refusal::ExpiredToken);
    }
    Ok(identity)
}

/// The region of an STS endpoint. `None` for hosts that Teleport does not know.
fn region_of(host: &str) -> Option<&'static str> {
    if host == "sts.amazonaws.com" {
        return Some("us-east-1");
    }
    let region = |text: &str| REGIONS.iter().find(|(region, _)| *region == text);
    if let Some(rest) = host.strip_prefix("sts-fips.") {
        let text = rest.strip_suffix(".amazonaws.com")?;
        return FIPS_REGIONS.iter().find(|region| **region == text).copied();
    }
    let rest = host.strip_prefix("sts.")?;
    let (text, suffix) = rest.split_once('.')?;
    let (known, domain) = region(text)?;
    (suffix == *domain).then_some(*known)
}

fn denied(text: &str) -> Status {
    Status::permission_denied(text)
}

/// Header that carries the challenge, in lower case.
const CHALLENGE_HEADER: &str = "x-teleport-challenge";
const BODY: &[u8] = b"Action=GetCallerIdentity&Version=2011-06-15";
const DATE: &[time::format_description::BorrowedFormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second]Z");
/// How far the time of a request may be from AWS's.
const SKEW: Duration = Duration::minutes(15);
const FIPS_REGIONS: [&str; 4] = ["us-east-1", "us-east-2", "us-west-1", "us-west-2"];
const AWS: &str = "amazonaws.com";
/// Regions with the domain of their endpoints (`lib/join/iamjoin`, a list in the code).
const REGIONS: [(&str, &str); 36] = [
    ("af-south-1", AWS),
    ("ap-east-1", AWS),
    ("ap-northeast-1", AWS),
    ("ap-northeast-2", AWS),
    ("ap-northeast-3", AWS),
    ("ap-south-1", AWS),
    ("ap-south-2", AWS),
    ("ap-southeast-1", AWS),
    ("ap-southeast-2", AWS),
    ("ap-southeast-3", AWS),
    ("ap-southeast-4", AWS),
    ("ca-central-1", AWS),
    ("ca-west-1", AWS),
    ("eu-central-1", AWS),
    ("eu-central-2", AWS),
    ("eu-north-1", AWS),
    ("eu-south-1", AWS),
    ("eu-south-2", AWS),
    ("eu-west-1", AWS),
    ("eu-west-2", AWS),
    ("eu-west-3", AWS),
    ("il-central-1", AWS),
    ("me-central-1", AWS),
    ("me-south-1", AWS),
    ("sa-east-1", AWS),
    ("us-east-1", AWS),
    ("us-east-2", AWS),
    ("us-west-1", AWS),
    ("us-west-2", AWS),
    ("us-gov-east-1", AWS),
    ("us-gov-west-1", AWS),
    ("cn-north-1", "amazonaws.com.cn"),
    ("cn-northwest-1", "amazonaws.com.cn"),
    ("us-iso-east-1", "c2s.ic.gov"),
    ("us-iso-west-1", "c2s.ic.gov"),
    ("us-isob-east-1", "sc2s.sgov.gov"),
];

#[cfg(test)]
mod tests;
