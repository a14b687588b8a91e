//! Signs as a client does, for tests.

use super::sigv4::{Authorization, Signed, signature};
use crate::join::aws::AwsIdentity;

/// A `sts:GetCallerIdentity` request to `host` as `aws` signs it at `date` for `challenge`.
pub(crate) fn signed_request(
    aws: &AwsIdentity,
    host: &str,
    date: &str,
    challenge: &str,
) -> Vec<u8> {
    let region = match host.split('.').nth(1) {
        Some(region) if region != "amazonaws" => region,
        _ => "us-east-1",
    };
    let mut headers = vec![
        ("Host", host),
        ("Accept", "application/json"),
        ("Content-Length", "43"),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("X-Amz-Date", date),
        ("X-Teleport-Challenge", challenge),
    ];
    if let Some(token) = &aws.session_token {
        headers.push(("X-Amz-Security-Token", token));
    }
    request("POST", &headers, BODY, aws, region)
}

/// A signed request with any headers, all of which are signed.
pub(super) fn request(
    method: &str,
    headers: &[(&str, &str)],
    body: &str,
    aws: &AwsIdentity,
    region: &str,
) -> Vec<u8> {
    let owned: Vec<(String, String)> = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let mut names: Vec<String> = owned.iter().map(|(name, _)| name.to_lowercase()).collect();
    names.sort_unstable();
    let date = headers.iter().find(|(name, _)| *name == "X-Amz-Date");
    let date = date.map_or("", |(_, date)| date);
    let mut authorization = Authorization {
        access_key_id: aws.access_key_id.clone(),
        date: date.get(..8).unwrap_or_default().to_owned(),
        region: region.to_owned(),
        service: "sts".to_owned(),
        signed_headers: names,
        signature: String::new(),
    };
    let signed = Signed {
        method,
        path: "/",
        query: "",
        headers: &owned,
        body: body.as_bytes(),
    };
    authorization.signature =
        signature(&signed, date, &authorization, &aws.secret_access_key).unwrap();
    let mut text = format!("{method} / HTTP/1.1\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!(
        "Authorization: AWS4-HMAC-SHA256 Credential={}/{}/{region}/sts/aws4_request, SignedHeaders={}, Signature={}\r\n\r\n",
        authorization.access_key_id,
        authorization.date,
        authorization.signed_headers.join(";"),
        authorization.signature
    ));
    text.push_str(body);
    text.into_bytes()
}

/// The body that the request must have.
pub(super) const BODY: &str = "Action=GetCallerIdentity&Version=2011-06-15";
