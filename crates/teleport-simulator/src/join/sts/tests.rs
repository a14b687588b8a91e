use super::{super::signer, *};

fn aws() -> AwsIdentity {
    AwsIdentity {
        session_token: Some("session".to_owned()),
        ..AwsIdentity::example("123456789012", "arn:aws:iam::123456789012:user/a")
    }
}

fn now() -> OffsetDateTime {
    time::macros::datetime!(2026-01-02 03:04:05 UTC)
}

fn headers<'a>(host: &'a str, challenge: &'a str, date: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("Host", host),
        ("Accept", "application/json"),
        ("Content-Length", "43"),
        ("X-Amz-Date", date),
        ("X-Amz-Security-Token", "session"),
        ("X-Teleport-Challenge", challenge),
    ]
}

const HOST: &str = "sts.eu-west-1.amazonaws.com";
const DATE: &str = "20260102T030405Z";

fn ask(bytes: &[u8]) -> Result<CallerIdentity, Status> {
    caller_identity(
        bytes,
        "a+b/c",
        &[AwsIdentity::example("1", "2"), aws_known()],
        now(),
    )
}

// One secret for all tests of a thread, since an example has a new one each time.
fn aws_known() -> AwsIdentity {
    AwsIdentity {
        secret_access_key: "secret".to_owned(),
        ..aws()
    }
}

fn sign(change: impl FnOnce(&mut Vec<(&'static str, &'static str)>)) -> Vec<u8> {
    let mut headers = headers(HOST, "a+b/c", DATE);
    change(&mut headers);
    signer::request("POST", &headers, signer::BODY, &aws_known(), "eu-west-1")
}

fn refusal(bytes: &[u8]) -> String {
    let status = ask(bytes).unwrap_err();
    assert_eq!(status.code(), tonic::Code::PermissionDenied, "{status}");
    status.message().to_owned()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_signed_request_gives_the_identity() {
    let identity = ask(&sign(|_| ())).unwrap();
    assert_eq!(identity.account, "123456789012");
    assert_eq!(identity.arn, "arn:aws:iam::123456789012:user/a");
    let global = signer::request(
        "POST",
        &headers("sts.amazonaws.com", "a+b/c", DATE),
        signer::BODY,
        &aws_known(),
        "us-east-1",
    );
    assert!(ask(&global).is_ok());
}

#[test]
fn what_the_server_checks_itself_is_refused_before_aws_is_asked() {
    assert!(refusal(b"").contains("malformed"));
    assert!(refusal(b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nshort").contains("malformed"));
    let path = text(sign(|_| ())).replacen("POST / ", "POST /x ", 1);
    assert!(refusal(path.as_bytes()).contains("URI"));
    for host in [
        "sts.eu-west-9.amazonaws.com",
        "sts.eu-west-1.example.com",
        "evil",
    ] {
        let other = sign(|headers| headers[0].1 = host);
        assert!(refusal(&other).contains("unknown STS host"), "{host}");
    }
    let get = text(sign(|_| ())).replacen("POST", "GET", 1);
    assert!(refusal(get.as_bytes()).contains("method"));
    let challenge = sign(|headers| headers[5].1 = "other");
    assert!(refusal(&challenge).contains("challenge"));
    let unsigned = text(sign(|headers| headers.truncate(5)));
    let added = unsigned.replacen("Accept:", "X-Teleport-Challenge: a+b/c\r\nAccept:", 1);
    assert!(refusal(added.as_bytes()).contains("does not sign"));
    let bare = unsigned.replacen("Authorization: AWS4", "Authorization: X\r\nX-Old: AWS4", 1);
    let bare = bare.replacen("Accept:", "X-Teleport-Challenge: a+b/c\r\nAccept:", 1);
    assert!(refusal(bare.as_bytes()).contains("Authorization"));
    let body = text(sign(|_| ())).replacen("Version=2011", "Version=2012", 1);
    let status = ask(body.as_bytes()).unwrap_err();
    assert_eq!(status.code(), tonic::Code::InvalidArgument);
}

#[test]
fn what_aws_refuses_is_reported_in_its_words() {
    let forged = text(sign(|_| ())).replacen("Signature=", "Signature=0", 1);
    assert!(refusal(forged.as_bytes()).contains("SignatureDoesNotMatch"));
    let other = signer::request(
        "POST",
        &headers(HOST, "a+b/c", DATE),
        signer::BODY,
        &aws(),
        "eu-west-1",
    );
    let text = refusal(&other);
    assert!(
        text.contains("aws sts api returned status: \"403 Forbidden\""),
        "{text}"
    );
    assert!(text.contains("SignatureDoesNotMatch"), "{text}");
    let token = sign(|headers| headers[4].1 = "other");
    assert!(refusal(&token).contains("InvalidClientTokenId"));
    for date in ["20260102T024904Z", "20260102T031906Z"] {
        let old = sign(|headers| headers[3].1 = date);
        assert!(refusal(&old).contains("Signature expired"), "{date}");
    }
    for date in ["20260102T024905Z", "20260102T031905Z"] {
        assert!(ask(&sign(|headers| headers[3].1 = date)).is_ok(), "{date}");
    }
    let wrong = signer::request(
        "POST",
        &headers(HOST, "a+b/c", DATE),
        signer::BODY,
        &aws_known(),
        "us-east-1",
    );
    assert!(refusal(&wrong).contains("scoped"));
    let unsigned = self::text(sign(|headers| {
        headers.retain(|header| header.1 != "session")
    }));
    let added = unsigned.replacen("Accept:", "X-Amz-Security-Token: session\r\nAccept:", 1);
    assert!(refusal(added.as_bytes()).contains("IncompleteSignature"));
}

#[test]
fn expired_credentials_are_distinguished_from_wrong_ones() {
    let expired = AwsIdentity {
        expired: true,
        ..aws_known()
    };
    let status = caller_identity(&sign(|_| ()), "a+b/c", &[expired], now()).unwrap_err();
    assert!(status.message().contains("ExpiredToken"), "{status}");
}

#[test]
fn an_answer_in_xml_cannot_be_read() {
    let xml = sign(|headers| headers[1].1 = "text/xml");
    assert_eq!(ask(&xml).unwrap_err().code(), tonic::Code::Unknown);
}
