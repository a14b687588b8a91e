//! AWS Signature Version 4, from AWS's own description ("Create a signed AWS API request" in the IAM User Guide): the
//! canonical request, the string to sign, the signature.

use std::fmt::Write;

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

/// The `Authorization` header of a signed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Authorization {
    pub(super) access_key_id: String,
    /// `YYYYMMDD`.
    pub(super) date: String,
    pub(super) region: String,
    pub(super) service: String,
    /// Names of the headers that are signed, in lower case.
    pub(super) signed_headers: Vec<String>,
    /// Hexadecimal.
    pub(super) signature: String,
}

/// A request as its signature sees it.
#[derive(Debug, Clone)]
pub(super) struct Signed<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    /// Already in canonical form.
    pub(super) query: &'a str,
    pub(super) headers: &'a [(String, String)],
    pub(super) body: &'a [u8],
}

impl Authorization {
    /// Reads the header's value. `None` when it is of another form.
    pub(super) fn parse(value: &str) -> Option<Self> {
        let parts = value.trim().strip_prefix(ALGORITHM)?.trim_start();
        let mut fields = [None, None, None];
        for part in parts.split(',') {
            let (name, value) = part.trim().split_once('=')?;
            let place = FIELDS.iter().position(|field| *field == name)?;
            if fields[place].replace(value).is_some() {
                return None;
            }
        }
        let [credential, signed_headers, signature] = fields;
        let mut scope = credential?.rsplitn(5, '/');
        if scope.next()? != TERMINATOR {
            return None;
        }
        let (service, region, date) = (scope.next()?, scope.next()?, scope.next()?);
        Some(Self {
            access_key_id: scope.next()?.to_owned(),
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            signed_headers: signed_headers?
                .split(';')
                .map(str::to_ascii_lowercase)
                .collect(),
            signature: signature?.to_owned(),
        })
    }

    /// Whether `name`, in lower case, is signed.
    pub(super) fn signs(&self, name: &str) -> bool {
        self.signed_headers.iter().any(|signed| signed == name)
    }
}

/// The signature that `request`, made at `time` (`X-Amz-Date`), has with the key `secret` and the scope and headers of
/// `authorization`, in hexadecimal. `None` when a header that is signed is not there.
pub(super) fn signature(
    request: &Signed<'_>,
    time: &str,
    authorization: &Authorization,
    secret: &str,
) -> Option<String> {
    let canonical = canonical_request(request, &authorization.signed_headers)?;
    let Authorization {
        date,
        region,
        service,
        ..
    } = authorization;
    let to_sign = format!(
        "{ALGORITHM}\n{time}\n{date}/{region}/{service}/{TERMINATOR}\n{}",
        hex(&Sha256::digest(canonical.as_bytes()))
    );
    let mut key = hmac(format!("AWS4{secret}").as_bytes(), date.as_bytes());
    for part in [region, service, TERMINATOR] {
        key = hmac(&key, part.as_bytes());
    }
    Some(hex(&hmac(&key, to_sign.as_bytes())))
}

fn canonical_request(request: &Signed<'_>, signed_headers: &[String]) -> Option<String> {
    let mut headers = String::new();
    for name in signed_headers {
        let values: Vec<String> = request
            .headers
            .iter()
            .filter(|(header, _)| header.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        if values.is_empty() {
            return None;
        }
        // Writing to a String cannot fail.
        let _ = writeln!(headers, "{name}:{}", values.join(","));
    }
    Some(format!(
        "{}\n{}\n{}\n{headers}\n{}\n{}",
        request.method,
        request.path,
        request.query,
        signed_headers.join(";"),
        hex(&Sha256::digest(request.body))
    ))
}

/// HMAC-SHA256 (RFC 2104).
fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let hmac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    hmac.chain_update(text).finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const TERMINATOR: &str = "aws4_request";
const FIELDS: [&str; 3] = ["Credential", "SignedHeaders", "Signature"];

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked example of AWS's documentation.
    const EXAMPLE: &str = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
        SignedHeaders=content-type;host;x-amz-date, \
        Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";

    #[test]
    fn the_example_of_the_documentation_has_its_signature() {
        let authorization = Authorization::parse(EXAMPLE).unwrap();
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let headers = [
            header("Host", "iam.amazonaws.com"),
            header(
                "Content-Type",
                "application/x-www-form-urlencoded;  charset=utf-8 ",
            ),
            header("X-Amz-Date", "20150830T123600Z"),
        ];
        let request = Signed {
            method: "GET",
            path: "/",
            query: "Action=ListUsers&Version=2010-05-08",
            headers: &headers,
            body: b"",
        };
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let made = signature(&request, "20150830T123600Z", &authorization, secret).unwrap();
        assert_eq!(made, authorization.signature);
        let other = signature(&request, "20150830T123601Z", &authorization, secret).unwrap();
        assert_ne!(other, authorization.signature);
        let fewer = Signed {
            headers: &headers[1..],
            ..request
        };
        assert!(signature(&fewer, "20150830T123600Z", &authorization, secret).is_none());
    }

    #[test]
    fn a_header_is_taken_apart_and_others_are_refused() {
        let authorization = Authorization::parse(EXAMPLE).unwrap();
        assert_eq!(authorization.access_key_id, "AKIDEXAMPLE");
        assert_eq!(authorization.date, "20150830");
        assert_eq!(authorization.region, "us-east-1");
        assert_eq!(authorization.service, "iam");
        assert!(authorization.signs("x-amz-date") && !authorization.signs("x-teleport-challenge"));
        for text in [
            "",
            "Basic YTpi",
            "AWS4-HMAC-SHA256",
            "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, SignedHeaders=host",
            "AWS4-HMAC-SHA256 Credential=b/c/d/aws4_request, SignedHeaders=host, Signature=0",
            "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws5_request, SignedHeaders=host, Signature=0",
            "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, Signature=0, Signature=0",
        ] {
            assert!(Authorization::parse(text).is_none(), "{text}");
        }
    }
}
