//! What a join service sends.

use base64::{Engine, engine::general_purpose::STANDARD};
use prost::Message;
use serde_json::json;
use teleport_proto::{
    auth::{Certs, RegisterUsingIamMethodResponse},
    teleport::join::v1::{
        BotResult, Certificates, Challenge, IamChallenge, JoinResponse, Result as JoinResult,
        ServerInit, challenge, join_response::Payload, result,
    },
};

use super::{calls::framed, server::grpc, *};
use crate::ErrorKind::{JoinRefused, Other, UnsupportedServer};

const JOIN: Table = Table {
    operation: Operation::Join,
    within: MINUTE,
    bytes: 1 << 20,
};
const NEWER: &str = "Join";
const OLDER: &str = "RegisterUsingIAMMethod";

fn said(payload: Payload) -> Vec<u8> {
    let answer = JoinResponse {
        payload: Some(payload),
    };
    framed(0, &answer.encode_to_vec())
}

fn init() -> Vec<u8> {
    said(Payload::Init(ServerInit {
        join_method: "iam".to_owned(),
        signature_algorithm_suite: "balanced-v1".to_owned(),
    }))
}

fn challenged(text: &str) -> Vec<u8> {
    said(Payload::Challenge(Challenge {
        payload: Some(challenge::Payload::IamChallenge(IamChallenge {
            challenge: text.to_owned(),
        })),
    }))
}

fn done(certificates: Option<Certificates>) -> Vec<u8> {
    said(Payload::Result(JoinResult {
        payload: Some(result::Payload::BotResult(BotResult {
            certificates,
            bound_keypair_result: None,
        })),
    }))
}

fn older(challenge: &str, certs: Option<Certs>) -> Vec<u8> {
    let answer = RegisterUsingIamMethodResponse {
        challenge: challenge.to_owned(),
        certs,
    };
    framed(0, &answer.encode_to_vec())
}

#[tokio::test]
async fn an_exchange_that_breaks_off_is_an_error() {
    for (service, middle) in [(NEWER, init()), (OLDER, older("challenge", None))] {
        let tables = calls::broken().map(|(name, answer, kind)| {
            let kind = match (name, kind) {
                // The answers end as they should.
                ("a part" | "a part of a length", _) => UNAVAILABLE,
                (_, Other) => JoinRefused,
                _ => kind,
            };
            let mut later = answer.clone();
            later.body.splice(..0, middle.clone());
            let at = |answer| call(service, answer);
            rows(at, kind, "token \"bot\"", [(name, answer), (name, later)])
        });
        check(JOIN, tables).await;
    }
}

#[tokio::test]
async fn messages_in_the_wrong_place_are_errors() {
    let garbage = Certificates {
        tls_cert: vec![0xff; 100],
        tls_ca_certs: vec![vec![]],
        ssh_cert: b"\x1b[2Jhunter2".to_vec(),
        ..Certificates::default()
    };
    let certs = Certs {
        ssh: b"\x1b[2Jhunter2".to_vec(),
        tls: b"hunter2".to_vec(),
        ..Certs::default()
    };
    let other = said(Payload::Challenge(Challenge::default()));
    let (init, end) = (init(), done(None));
    let [a, b, header] = ["a", "b", "a\r\nhost: b"].map(challenged);
    let [older_a, older_b, none] = ["a", "b", ""].map(|text| older(text, None));
    let unfit = "the server's challenge is not a valid header";
    let unusable = "the cluster's answer cannot be used";
    let messages: [(_, _, &[&[u8]]); 12] = [
        (
            NEWER,
            "a message that this client knows",
            &[&framed(0, &[])],
        ),
        (NEWER, "with how to continue", &[&end]),
        (NEWER, "with a challenge", &[&init, &init]),
        (
            NEWER,
            "with a challenge for the method iam",
            &[&init, &other],
        ),
        (NEWER, unfit, &[&init, &header]),
        (NEWER, "with certificates", &[&init, &a, &b]),
        (NEWER, "with certificates for a bot", &[&init, &a, &end]),
        (NEWER, unusable, &[&init, &a, &done(Some(garbage))]),
        (OLDER, unfit, &[&older("a\nb", None)]),
        (OLDER, unfit, &[&none]),
        (OLDER, "with certificates", &[&older_a, &older_b]),
        (OLDER, unusable, &[&older_a, &older("", Some(certs))]),
    ];
    let tables = messages.map(|(service, says, messages)| {
        let answer = grpc(&messages.concat(), End::Then(Then::Silence));
        rows(
            |answer| call(service, answer),
            Other,
            says,
            [(service, answer)],
        )
    });
    check(JOIN, tables).await;
}

#[tokio::test]
async fn a_web_api_that_gives_no_certificates_is_an_error() {
    let garbage = STANDARD.encode("\u{1b}[2Jhunter2");
    let garbage =
        json!({"ssh": garbage, "tls": garbage, "tls_ca_certs": [garbage], "ssh_ca_certs": []});
    let said = format!("\u{1b}[2J {JWT} {}", "x".repeat(9000));
    let said = json!({"error": {"message": said}}).to_string();
    let broken = [("nothing", closes("")), ("ones", endless([], [0xff]))];
    let waits = [("silence", silent("")), ("a byte now and then", slow(OK))];
    let large = [("a page without end", endless(format!("{OK}\r\n"), "x"))];
    let others = [
        ("a page", page("200 OK", "<html>hunter2")),
        ("a text", page("200 OK", "{\"ssh\": \"hunter2\"}")),
    ];
    let damaged = [("garbage", page("200 OK", &garbage.to_string()))];
    let redirect = [("a redirect", page(REDIRECT, ""))];
    let gateway = [("a gateway", page("502 hunter2", "<html>hunter2"))];
    let refusal = [("a long refusal", page("403 Forbidden", &said))];
    let at = |script: Script| Hostile::Web("POST /v1/webapi/host/credentials", script);
    let rows = |kind, says, scripts: &[_]| rows(at, kind, says, scripts.to_vec());
    let tables = [
        rows(UNAVAILABLE, "no answer over HTTP", &broken),
        rows(DEADLINE, "did not finish within 1m", &waits),
        rows(UNAVAILABLE, "more than 1024 KiB", &large),
        rows(Other, "did not answer with certificates", &others),
        rows(Other, "is missing or damaged", &damaged),
        rows(UnsupportedServer, "the cluster refuses", &redirect),
        rows(UNAVAILABLE, "the cluster cannot do it now", &gateway),
        rows(JoinRefused, "\u{fffd}[2J (the token) xxx", &refusal),
    ];
    let table = Table {
        operation: Operation::JoinByToken,
        ..JOIN
    };
    check(table, tables).await;
}
