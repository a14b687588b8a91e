//! `teleport-simulator run`: a command on a simulated Teleport Cloud of its own.

// The exception for tests covers test functions, not what they share.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Output, Stdio},
};

use serde_json::Value;

/// Runs a shell script with these options.
fn run(options: &[&str], script: &str) -> Command {
    let mut command = program(&["run"]);
    command.args(options).args(["--", "sh", "-c", script]);
    command
}

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_teleport-simulator"));
    command
        .args(arguments)
        .env_remove("SSL_CERT_FILE")
        .env_remove("RUST_LOG")
        .stdin(Stdio::null());
    command
}

fn output(mut command: Command) -> Output {
    command.output().unwrap()
}

fn stdout(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Starts a command, and waits until it says that it is ready.
fn start(mut command: Command) -> (Child, BufReader<ChildStdout>) {
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    assert_eq!(line.trim(), "ready");
    (child, lines)
}

fn kill(child: &Child, signal: &str) {
    let pid = child.id().to_string();
    let sent = Command::new("kill").args([signal, &pid]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn the_exit_code_is_that_of_the_command() {
    for code in [0, 2, 99] {
        let output = output(run(&[], &format!("exit {code}")));
        assert_eq!(output.status.code(), Some(code));
        assert!(output.stderr.is_empty(), "{output:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
    }
    let killed = output(run(&[], "kill -9 $$"));
    assert_eq!(killed.status.code(), Some(128 + 9));
}

#[test]
fn a_command_that_cannot_run_has_the_exit_codes_of_a_shell() {
    let missing = output(program(&["run", "--", "no-such-command"]));
    assert_eq!(missing.status.code(), Some(127));
    let text = String::from_utf8(missing.stderr).unwrap();
    assert!(text.contains("no-such-command: "), "{text}");
    let folder = output(program(&["run", "--", "/"]));
    assert_eq!(folder.status.code(), Some(126));

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let failed = output(run(&["--listen", &address], "exit 0"));
    assert_eq!(failed.status.code(), Some(125));
    let text = String::from_utf8(failed.stderr).unwrap();
    assert!(text.contains(&address), "{text}");
}

#[test]
fn the_environment_says_where_everything_is() {
    let mut command = run(&[], "env");
    command
        .env("TF_TELEPORT_CERT", "/of/another/cluster")
        .env("AWS_SESSION_TOKEN", "of another account")
        .env("AWS_PROFILE", "another")
        .env("OTHER", "stays");
    let text = stdout(&output(command));
    let find = |name: &str| {
        let start = format!("{name}=");
        text.lines()
            .find_map(|line| line.strip_prefix(&start))
            .map(str::to_owned)
    };
    let value = |name: &str| find(name).unwrap_or_else(|| panic!("{name}: {text}"));
    assert!(value("TF_TELEPORT_ADDR").starts_with("parent.localhost:"));
    assert!(value("TELEPORT_SIMULATOR_URL").starts_with("http://127.0.0.1:"));
    assert_eq!(value("AWS_ACCESS_KEY_ID"), "AKIAIOSFODNN7EXAMPLE");
    assert_eq!(value("AWS_SECRET_ACCESS_KEY").len(), 40);
    assert_eq!(value("AWS_REGION"), "us-west-2");
    assert_eq!(value("OTHER"), "stays");
    for name in ["TF_TELEPORT_CERT", "AWS_SESSION_TOKEN", "AWS_PROFILE"] {
        assert_eq!(find(name), None, "{name}");
    }
    let identity = PathBuf::from(value("TF_TELEPORT_IDENTITY_FILE_PATH"));
    let folder = identity.parent().unwrap();
    assert_eq!(Path::new(&value("SSL_CERT_FILE")).parent(), Some(folder));
    assert!(!folder.exists(), "it goes when the command ends");
}

#[test]
fn the_files_are_there_while_the_command_runs() {
    let script = "grep -c 'BEGIN CERTIFICATE' \"$SSL_CERT_FILE\" \"$TF_TELEPORT_IDENTITY_FILE_PATH\" | cut -d : -f 2";
    let text = stdout(&output(run(&[], script)));
    let counts: Vec<usize> = text.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(counts[0], 1);
    assert!(counts[1] > 1, "{counts:?}");

    // What the caller trusts is trusted too.
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own.pem");
    fs::write(&own, "-----BEGIN CERTIFICATE-----").unwrap();
    let mut command = run(&[], "grep -c 'BEGIN CERTIFICATE' \"$SSL_CERT_FILE\"");
    command.env("SSL_CERT_FILE", &own);
    assert_eq!(stdout(&output(command)), "2\n");
    let mut command = run(&[], "exit 0");
    command.env("SSL_CERT_FILE", folder.path().join("missing.pem"));
    let failed = output(command);
    assert_eq!(failed.status.code(), Some(125));
    assert!(String::from_utf8_lossy(&failed.stderr).contains("missing.pem"));
}

#[test]
fn signals_reach_the_command() {
    for (signal, name) in [
        ("-TERM", "TERM"),
        ("-INT", "INT"),
        ("-HUP", "HUP"),
        ("-QUIT", "QUIT"),
    ] {
        let script =
            format!("trap 'echo caught; exit 7' {name}; echo ready; while :; do sleep 0.05; done");
        let (mut child, mut rest) = start(detached(run(&[], &script)));
        kill(&child, signal);
        let mut text = String::new();
        rest.read_to_string(&mut text).unwrap();
        assert_eq!(text, "caught\n", "{signal}");
        assert_eq!(child.wait().unwrap().code(), Some(7), "{signal}");
    }
}

/// Without a terminal, as in CI.
fn detached(command: Command) -> Command {
    let mut detached = Command::new("setsid");
    detached.arg(command.get_program()).args(command.get_args());
    detached.stdin(Stdio::null());
    detached
}

#[test]
fn a_signal_of_the_terminal_reaches_the_command_once() {
    // util-linux has it. Other systems have another program of this name.
    if !cfg!(target_os = "linux") {
        return;
    }
    let script = "count=0; trap 'count=$((count + 1))' INT; echo ready; \
                  while [ $count = 0 ]; do sleep 0.05; done; sleep 0.5; echo count $count";
    let inner = run(&[], script);
    let words: Vec<_> = std::iter::once(inner.get_program())
        .chain(inner.get_args())
        .map(|word| format!("'{}'", word.to_str().unwrap().replace('\'', r"'\''")))
        .collect();
    // A shell that stays beside the simulator gets the signal too, and some shells die of it.
    let command = format!("exec {}", words.join(" "));
    let mut outer = Command::new("script");
    outer
        .args(["-q", "-e", "-c", &command, "/dev/null"])
        .stdin(Stdio::piped());
    let (mut child, mut rest) = start(outer);
    child.stdin.as_mut().unwrap().write_all(b"\x03").unwrap();
    let mut text = String::new();
    rest.read_to_string(&mut text).unwrap();
    assert!(text.contains("count 1"), "{text}");
    assert!(child.wait().unwrap().success());
}

#[test]
fn options_may_stand_before_and_after_run_and_those_after_the_command_are_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = folder.path().join("scenario.toml");
    fs::write(&scenario, "read_lag = '1h'").unwrap();
    let scenario = ["--scenario", scenario.to_str().unwrap()];
    let lag = ["--read-lag", "2s"];
    assert_eq!(read_lag(&[&scenario, &["run"]]), "1h");
    assert_eq!(read_lag(&[&scenario, &lag, &["run"]]), "2s");
    assert_eq!(read_lag(&[&["run"], &lag, &scenario, &["--"]]), "2s");

    let echo = output(program(&["run", "echo", "--read-lag", "2s"]));
    assert_eq!(stdout(&echo), "--read-lag 2s\n");
    let unknown = output(program(&["run", "--read-log", "2s", "echo"]));
    assert_eq!(unknown.status.code(), Some(2));
}

/// What the control API says while a command runs with these arguments.
fn read_lag(arguments: &[&[&str]]) -> String {
    let mut command = program(&arguments.concat());
    command
        .args([
            "sh",
            "-c",
            "echo ready; echo $TELEPORT_SIMULATOR_URL; read line",
        ])
        .stdin(Stdio::piped());
    let (mut child, mut lines) = start(command);
    let mut url = String::new();
    lines.read_line(&mut url).unwrap();
    let answer = get(url.trim(), "/read-lag");
    drop(child.stdin.take());
    child.wait().unwrap();
    answer["read_lag"].as_str().unwrap().to_owned()
}

/// Asks the control API.
fn get(url: &str, path: &str) -> Value {
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nhost: {address}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}
