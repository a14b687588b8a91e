//! Values over the wire, in every form that hosts use and in forms that none does. What is wrong is diags to the person, with
//! the place where it is known, and the process goes on.

use crate::{
    host::{Host, soon},
    walk::{
        Diags, Stored, TYPE_NAME, Walk, cluster, nonsense, parent,
        values::{from_wire, has_unknown, raw, to_msgpack, to_wire, unknown},
        with,
    },
};
use serde_json::{Value as Json, json};
use tfplugin::proto::tfplugin6::{
    DynamicValue, RawState, apply_resource_change, configure_provider, plan_resource_change,
    read_data_source, read_resource, upgrade_resource_state,
};

async fn start() -> Walk {
    Walk::over(Host::start().await).await
}

/// After all that it still does what it is for.
async fn still_works(walk: Walk) {
    let whole = walk.calls.whole(&cluster("team-a"));
    walk.calls.validate_raw(to_wire(&whole)).await.nothing();
    walk.shut_down().await;
}

/// A whole configuration in which a text, which is nowhere else, has other bytes.
fn replaced(walk: &Walk, pointer: &str, bytes: &[u8]) -> DynamicValue {
    let mark = "put other bytes here";
    let whole = walk.calls.whole(&cluster("team-a"));
    let written = to_msgpack(&with(whole, pointer, json!(mark)));
    let mark = to_msgpack(&json!(mark));
    let found: Vec<_> = (0..written.len())
        .filter(|&start| written[start..].starts_with(&mark))
        .collect();
    let [start] = found[..] else {
        panic!("the mark must stand there once")
    };
    raw([&written[..start], bytes, &written[start + mark.len()..]].concat())
}

#[tokio::test]
async fn values_may_be_in_json() {
    let walk = start().await;
    let json = |value: &Json| {
        Some(DynamicValue {
            msgpack: Vec::new(),
            json: value.to_string().into_bytes(),
        })
    };
    let good = walk.calls.whole(&cluster("team-a"));
    walk.calls.validate_raw(json(&good)).await.nothing();
    let bad = walk.calls.whole(&cluster("Team_A"));
    let diags = walk.calls.validate_raw(json(&bad)).await;
    diags.error_at("metadata.name", &["DNS label"]);
    let extra = with(good, "/metadata/colour", json!("red"));
    let diags = walk.calls.validate_raw(json(&extra)).await;
    diags.error_at("metadata", &["Unreadable Value", "colour"]);
    for text in [&b"{"[..], b"nil", b"\xff", b"{} {}", &[b'['; 1_000_000]] {
        let broken = DynamicValue {
            msgpack: Vec::new(),
            json: text.to_vec(),
        };
        let diags = walk.calls.validate_raw(Some(broken)).await;
        diags.error(&["Unreadable Value"]);
    }
    still_works(walk).await;
}

#[tokio::test]
async fn unknown_values_come_in_many_forms() {
    let walk = start().await;
    let refined = |payload: &[u8]| {
        let length = u8::try_from(payload.len()).unwrap();
        [&[0xc7, length, 12], payload].concat()
    };
    let forms: [(&str, Vec<u8>); 7] = [
        ("fixext 1", vec![0xd4, 0, 0]),
        ("fixext 2 of any kind", vec![0xd5, 77, 1, 2]),
        ("ext 8 without content", vec![0xc7, 0, 0]),
        ("ext 16", vec![0xc8, 0, 1, 0, 9]),
        ("refined: not null", refined(&[0x81, 1, 0xc2])),
        (
            "refined: not null, begins with ab",
            refined(&[0x82, 1, 0xc2, 2, 0xa2, b'a', b'b']),
        ),
        (
            "refined by a rule of the future",
            refined(&[0x81, 0x63, 0xc0]),
        ),
    ];
    for (form, bytes) in forms {
        let config = replaced(&walk, "/spec/bot/name", &bytes);
        let diags = walk.calls.validate_raw(Some(config.clone())).await;
        assert!(diags.0.is_empty(), "{form}: {diags:?}");
        let request = plan_resource_change::Request {
            type_name: TYPE_NAME.to_owned(),
            proposed_new_state: Some(config.clone()),
            config: Some(config),
            ..Default::default()
        };
        let mut provider = walk.calls.provider.clone();
        let answer = soon(provider.plan_resource_change(request)).await.unwrap();
        let answer = answer.into_inner();
        assert!(answer.diagnostics.is_empty(), "{form}: {answer:?}");
        let planned = from_wire(answer.planned_state);
        assert_eq!(planned["spec"]["bot"]["name"], unknown(), "{form}");
    }
    for (form, bytes) in [
        ("no map", refined(&[0xc3])),
        ("cut off", refined(&[0x81, 1])),
        (
            "longer than it says",
            vec![0xc9, 0xff, 0xff, 0xff, 0xff, 12],
        ),
    ] {
        let config = replaced(&walk, "/spec/bot/name", &bytes);
        let diags = walk.calls.validate_raw(Some(config)).await;
        assert!(diags.has_error(), "{form}");
    }
    still_works(walk).await;
}

#[tokio::test]
async fn anything_may_be_unknown() {
    let walk = start().await;
    let whole = walk.calls.whole(&cluster("team-a"));
    let places = [
        "/version",
        "/metadata",
        "/metadata/name",
        "/metadata/labels",
        "/spec",
        "/spec/regions",
        "/spec/regions/0",
        "/spec/bot",
        "/spec/token/allow",
        "/spec/token/allow/0/aws_arn",
        "/status",
        "/timeouts",
        "/deletion_protection",
        "/allow_same_name_replacement",
    ];
    for place in places {
        let mut config = whole.clone();
        *config.pointer_mut(place).unwrap() = unknown();
        walk.calls.validate_raw(to_wire(&config)).await.no_error();
        let planned = walk.calls.plan(&config, &Stored::default()).await;
        planned.diags.no_error();
        assert!(has_unknown(&planned.object), "{place}");
    }
    walk.calls
        .validate_raw(to_wire(&unknown()))
        .await
        .no_error();
    still_works(walk).await;
}

#[tokio::test]
async fn values_that_do_not_fit_the_schema_are_reported_with_their_place() {
    let walk = start().await;
    let whole = walk.calls.whole(&cluster("team-a"));
    let mut without = whole.clone();
    without["metadata"].as_object_mut().unwrap().remove("name");
    let mut short = whole.clone();
    short.as_object_mut().unwrap().remove("spec");
    short["specs"] = Json::Null;
    for (config, place, phrases) in [
        (
            with(whole.clone(), "/spec", json!("text")),
            "spec",
            ["object", "a text"],
        ),
        (
            with(whole.clone(), "/spec/regions", json!({})),
            "spec.regions",
            ["list", "a map"],
        ),
        (
            with(whole.clone(), "/metadata/name", json!(7)),
            "metadata.name",
            ["string", "a number"],
        ),
        (
            with(whole.clone(), "/deletion_protection", json!("yes")),
            "deletion_protection",
            ["bool", "a text"],
        ),
        (
            with(whole.clone(), "/metadata/colour", json!("red")),
            "metadata",
            ["expected", "found"],
        ),
        (without, "metadata", ["expected", "found"]),
    ] {
        let diags = walk.calls.validate_raw(to_wire(&config)).await;
        diags.error_at(place, &["Unreadable Value", phrases[0], phrases[1]]);
    }
    let diags = walk.calls.validate_raw(to_wire(&short)).await;
    diags.error(&["Unreadable Value", "\"specs\""]);
    let diags = walk.calls.validate_raw(to_wire(&json!([]))).await;
    diags.error(&["Unreadable Value"]);
    still_works(walk).await;
}

#[tokio::test]
async fn bytes_that_are_cut_off_or_go_on_are_reported() {
    let walk = start().await;
    let whole = to_msgpack(&walk.calls.whole(&cluster("team-a")));
    for length in 1..whole.len() {
        let diags = walk
            .calls
            .validate_raw(Some(raw(whole[..length].to_vec())))
            .await;
        diags.error(&["Unreadable Value"]);
    }
    let longer = [&whole[..], &[0xc0]].concat();
    let diags = walk.calls.validate_raw(Some(raw(longer))).await;
    diags.error(&["1 bytes follow"]);
    still_works(walk).await;
}

#[tokio::test]
async fn bytes_that_nobody_sends_do_no_harm() {
    let walk = start().await;
    let not_utf8 = replaced(&walk, "/metadata/name", &[0xa2, 0xff, 0xfe]);
    let diags = walk.calls.validate_raw(Some(not_utf8)).await;
    diags.error_at("metadata.name", &["UTF-8"]);
    for (what, bytes) in [
        ("the reserved byte", vec![0xc1]),
        (
            "an array that says it is huge",
            vec![0xdd, 0xff, 0xff, 0xff, 0xff],
        ),
        (
            "a map that says it is huge",
            vec![0xdf, 0xff, 0xff, 0xff, 0xff],
        ),
        (
            "a text that says it is huge",
            vec![0xdb, 0xff, 0xff, 0xff, 0xff],
        ),
        ("arrays in arrays without end", vec![0x91; 4 << 20]),
        ("maps in maps without end", vec![0x81; 4 << 20]),
    ] {
        for place in ["/spec/regions", "/spec/bot", "/metadata/labels", "/status"] {
            let config = replaced(&walk, place, &bytes);
            let diags = walk.calls.validate_raw(Some(config)).await;
            assert!(diags.has_error(), "{what} at {place}");
        }
        let diags = walk.calls.validate_raw(Some(raw(bytes))).await;
        assert!(diags.has_error(), "{what}");
    }
    // Nothing is null, and null is no configuration of a resource.
    let nothing = walk.calls.validate_raw(None).await;
    let empty = walk.calls.validate_raw(Some(raw(Vec::new()))).await;
    assert_eq!(nothing.0, empty.0);
    still_works(walk).await;
}

#[tokio::test]
async fn texts_are_compared_in_normal_form() {
    let parent = parent::quick().await;
    let walk = Walk::start(&parent).await;
    let composed = with(cluster("team-a"), "/spec/bot/name", json!("caf\u{e9}"));
    let made = walk.calls.change(&composed, &Stored::default()).await;
    // The same letter as a letter and an accent, as some keyboards and file systems have it.
    let decomposed = with(composed, "/spec/bot/name", json!("cafe\u{301}"));
    let config = to_wire(&walk.calls.whole(&decomposed));
    let request = plan_resource_change::Request {
        type_name: TYPE_NAME.to_owned(),
        prior_state: to_wire(&made.object),
        proposed_new_state: to_wire(&with(
            made.object.clone(),
            "/spec/bot/name",
            json!("cafe\u{301}"),
        )),
        config,
        ..Default::default()
    };
    let mut provider = walk.calls.provider.clone();
    let answer = soon(provider.plan_resource_change(request))
        .await
        .unwrap()
        .into_inner();
    assert!(
        answer.requires_replace.is_empty() && answer.diagnostics.is_empty(),
        "{answer:?}"
    );
    assert_eq!(from_wire(answer.planned_state), made.object);
    drop(provider);
    walk.shut_down().await;
}

#[tokio::test]
async fn every_call_tells_of_nonsense_and_keeps_what_is_stored() {
    let walk = start().await;
    let mut provider = walk.calls.provider.clone();
    let diags = walk.calls.validate_provider(nonsense()).await;
    diags.error(&["provider configuration"]);
    let request = configure_provider::Request {
        config: nonsense(),
        ..Default::default()
    };
    let answer = soon(provider.configure_provider(request)).await.unwrap();
    Diags(answer.into_inner().diagnostics).error(&["provider configuration"]);

    let request = read_resource::Request {
        type_name: TYPE_NAME.to_owned(),
        current_state: nonsense(),
        private: b"kept".to_vec(),
        ..Default::default()
    };
    let answer = soon(provider.read_resource(request)).await.unwrap();
    let answer = answer.into_inner();
    Diags(answer.diagnostics).error(&["Unreadable Value"]);
    assert_eq!(answer.new_state, nonsense());
    assert_eq!(answer.private, b"kept");

    let whole = to_wire(&walk.calls.whole(&cluster("team-a")));
    let request = plan_resource_change::Request {
        type_name: TYPE_NAME.to_owned(),
        prior_state: nonsense(),
        proposed_new_state: whole.clone(),
        config: whole.clone(),
        prior_private: br#"{"kept":1}"#.to_vec(),
        ..Default::default()
    };
    let answer = soon(provider.plan_resource_change(request)).await.unwrap();
    Diags(answer.into_inner().diagnostics).error(&["stored object"]);
    let request = apply_resource_change::Request {
        type_name: TYPE_NAME.to_owned(),
        prior_state: whole.clone(),
        planned_state: nonsense(),
        config: whole.clone(),
        planned_private: br#"{"kept":1}"#.to_vec(),
        ..Default::default()
    };
    let answer = soon(provider.apply_resource_change(request)).await.unwrap();
    let answer = answer.into_inner();
    Diags(answer.diagnostics).error(&["planned object"]);
    assert_eq!(answer.new_state, whole);
    assert_eq!(answer.private, br#"{"kept":1}"#);

    let request = read_data_source::Request {
        type_name: TYPE_NAME.to_owned(),
        config: nonsense(),
        ..Default::default()
    };
    let answer = soon(provider.read_data_source(request)).await.unwrap();
    Diags(answer.into_inner().diagnostics).error(&["Unreadable Value"]);
    drop(provider);
    still_works(walk).await;
}

#[tokio::test]
async fn stored_json_is_read_with_care() {
    let walk = start().await;
    let mut provider = walk.calls.provider.clone();
    let mut upgrade = async |json: &[u8], flatmap: &[(&str, &str)]| {
        let flatmap = flatmap.iter();
        let request = upgrade_resource_state::Request {
            type_name: TYPE_NAME.to_owned(),
            version: 0,
            raw_state: Some(RawState {
                json: json.to_vec(),
                flatmap: flatmap
                    .map(|(key, value)| ((*key).into(), (*value).into()))
                    .collect(),
            }),
        };
        let answer = soon(provider.upgrade_resource_state(request)).await;
        let answer = answer.unwrap().into_inner();
        (answer.upgraded_state, Diags(answer.diagnostics))
    };
    let whole = walk.calls.whole(&cluster("team-a"));
    let pretty = serde_json::to_vec_pretty(&whole).unwrap();
    let (state, diags) = upgrade(&pretty, &[]).await;
    diags.nothing();
    assert!(state.is_some());
    // Of an older or newer version, or another provider.
    let extra = with(whole.clone(), "/metadata/colour", json!([1.5e300, {}]));
    let (state, diags) = upgrade(extra.to_string().as_bytes(), &[]).await;
    diags.nothing();
    assert!(state.is_some());
    for broken in [
        &b"{\"metadata\": 7}"[..],
        b"{\"metadata\": ",
        b"\xff",
        &[b'['; 1_000_000],
    ] {
        let (state, diags) = upgrade(broken, &[]).await;
        diags.error(&["Unreadable Value"]);
        assert_eq!(state, None);
    }
    let (state, diags) = upgrade(b"", &[("id", "team-a")]).await;
    diags.error(&["0.11"]);
    assert_eq!(state, None);
    drop(provider);
    still_works(walk).await;
}
