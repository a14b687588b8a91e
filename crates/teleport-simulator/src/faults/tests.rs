use super::*;

fn parse(text: &str) -> Result<Fault, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

#[test]
fn a_fault_hits_as_often_as_it_says_after_as_many_calls_as_it_says() {
    let faults = Faults::default();
    let fault = Fault::code("GetWorkloadCluster", Code::Unavailable);
    faults.add(fault.after(1).times(2)).unwrap();
    let hits: Vec<bool> = (0..4)
        .map(|_| faults.next_effect("parent", "GetWorkloadCluster").is_some())
        .collect();
    assert_eq!(hits, [false, true, true, false]);
    assert!(faults.list().is_empty());
}

#[test]
fn a_fault_leaves_other_rpcs_alone_and_a_star_means_all() {
    let faults = Faults::default();
    faults.add(Fault::drop_before("Ping")).unwrap();
    assert!(faults.next_effect("parent", "GetWorkloadCluster").is_none());
    assert_eq!(faults.next_effect("parent", "Ping").unwrap().end, End::Drop);
    faults.add(Fault::drop_before("*")).unwrap();
    assert!(faults.next_effect("parent", "GetWorkloadCluster").is_some());
}

#[test]
fn faults_hit_one_after_the_other() {
    let faults = Faults::default();
    faults.add(Fault::code("Ping", Code::Internal)).unwrap();
    faults.add(Fault::drop_after("Ping").after(2)).unwrap();
    let ends: Vec<Option<End>> = (0..3)
        .map(|_| {
            faults
                .next_effect("parent", "Ping")
                .map(|effect| effect.end)
        })
        .collect();
    assert!(matches!(ends[0], Some(End::Code(Code::Internal, _))));
    assert_eq!(ends[1..], [None, Some(End::Drop)]);
}

#[test]
fn a_written_fault_is_read_and_written_alike() {
    let fault = parse(r#"{"rpc":"Ping","code":"Unavailable","message":"m","times":2,"after":3}"#);
    let expected = Fault::code("Ping", Code::Unavailable).message("m");
    assert_eq!(fault.unwrap(), expected.clone().times(2).after(3));
    let text = serde_json::to_string(&expected).unwrap();
    assert_eq!(parse(&text).unwrap(), expected);
    let dropped = parse(r#"{"rpc":"*","drop":"after"}"#).unwrap();
    assert_eq!(dropped, Fault::drop_after("*"));
    let slow = parse(r#"{"rpc":"*","delay_ms":20,"carried_out":true}"#).unwrap();
    let expected = Fault::delay("*", Duration::from_millis(20)).carried_out();
    assert_eq!(slow, expected);
}

#[test]
fn a_wrong_fault_is_refused_with_the_name_of_its_field() {
    let cases = [
        (r#"{"rpc":"Pong","drop":"before"}"#, "rpc: \"Pong\""),
        (r#"{"rpc":"Ping"}"#, "code, drop and delay_ms"),
        (r#"{"rpc":"Ping","code":"gone"}"#, "code: \"gone\""),
        (r#"{"rpc":"Ping","code":0}"#, "code: \"0\""),
        (
            r#"{"rpc":"Ping","code":14,"drop":"after"}"#,
            "combined with drop",
        ),
        (r#"{"rpc":"Ping","drop":"during"}"#, "during"),
        (r#"{"rpc":"Ping","drop":"after","times":0}"#, "times"),
        (r#"{"rpc":"Ping","drop":"after","message":"m"}"#, "message"),
        (r#"{"rpc":"Ping","delay_ms":3600001}"#, "delay_ms"),
        (r#"{"rpc":"Ping","dorp":"after"}"#, "dorp"),
    ];
    for (text, expected) in cases {
        let error = parse(text).unwrap_err();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn there_is_an_end_to_faults() {
    let faults = Faults::default();
    for _ in 0..MAX_FAULTS {
        faults.add(Fault::drop_before("Ping")).unwrap();
    }
    assert!(faults.add(Fault::drop_before("Ping")).is_err());
    faults.clear();
    assert!(faults.add(Fault::drop_before("Ping")).is_ok());
}
