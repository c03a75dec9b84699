//! What stderr holds: that the environment is understood, and that the error comes last.

use crate::support::connector::PROGRAM;
use materialize_rockset::logging::{self, Format};
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Output, Stdio};

/// Runs the connector with these variables on this input.
fn run_with(variables: &[(&str, &OsStr)], arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(PROGRAM);
    for name in ["LOG_LEVEL", "LOG_FORMAT", "FLOW_RUNTIME_CODEC"] {
        command.env_remove(name);
    }
    let mut child = command
        .envs(variables.iter().copied())
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn run(variables: &[(&str, &str)], input: &str) -> Output {
    let variables: Vec<(&str, &OsStr)> =
        variables.iter().map(|(name, value)| (*name, OsStr::new(value))).collect();
    run_with(&variables, &[], input)
}

const SPEC: &str = "{\"spec\":{}}\n";
/// An error, whatever the codec.
const NONSENSE: &str = "no request\n";

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

/// The last record of an output, as JSON.
fn last(output: &Output) -> Value {
    let line = text(&output.stderr).lines().last().expect("there is no record at all");
    serde_json::from_str(line).unwrap_or_else(|_| panic!("{line} is no record"))
}

#[test]
fn levels_are_what_they_mean() {
    for (level, shows_info) in [
        ("", true),
        ("  ", true),
        ("info", true),
        ("INFO", true),
        (" Information\n", true),
        ("debug", true),
        ("Trace", true),
        ("warn", false),
        ("warning", false),
        ("WARNING", false),
        ("error", false),
        ("Err", false),
        ("fatal", false),
        ("panic", false),
        // What ends the process is told nevertheless.
        ("off", false),
    ] {
        let variables = [("LOG_LEVEL", level), ("FLOW_RUNTIME_CODEC", "json")];
        let validate = format!(
            "{}\n",
            json!({"validate": {
                "name": "a", "connectorType": "IMAGE", "config": {"api_key": "k", "region_base_url": "ftp://a"},
            }})
        );
        let failed = run(&variables, &validate);
        assert_eq!(failed.status.code(), Some(1), "{level:?}: {failed:?}");
        let record = last(&failed);
        assert_eq!(record["level"], "error", "{level:?}");
        assert_eq!(record["message"], "endpoint.region_base_url: has a scheme other than https");

        let session = session(&variables);
        assert_eq!(session.status.code(), Some(0), "{level:?}: {session:?}");
        // Statuses are for the platform, whatever the level is.
        let mut records = text(&session.stderr).lines().filter(|it| !it.contains("eventType"));
        let has_info = records.any(|record| record.contains("\"info\""));
        assert_eq!(has_info, shows_info, "{level:?}: {session:?}");
    }
}

/// A session without a transaction, which ends with a record of the level info.
fn session(variables: &[(&str, &str)]) -> Output {
    let open = json!({"open": {
        "materialization": {
            "name": "acmeCo/rockset",
            "connectorType": "IMAGE",
            "config": {"api_key": "k", "region_base_url": "http://127.0.0.1:9"},
        },
        "version": "1",
        "range": {"keyEnd": 4294967295u32, "rClockEnd": 4294967295u32},
    }});
    run(variables, &format!("{open}\n"))
}

#[test]
fn formats_are_what_they_mean() {
    for (format, is_json) in [
        ("", true),
        (" ", true),
        ("json", true),
        ("JSON", true),
        (" Json ", true),
        ("text", false),
        ("TEXT", false),
        ("Color", false),
    ] {
        let failed = run(&[("LOG_FORMAT", format)], NONSENSE);
        assert_eq!(failed.status.code(), Some(1), "{format:?}: {failed:?}");
        let line = text(&failed.stderr).lines().last().unwrap();
        assert_eq!(serde_json::from_str::<Value>(line).is_ok(), is_json, "{format:?}: {line}");
        assert!(line.contains("is longer than the limit"), "{format:?}: {line}");
    }
}

#[test]
fn codecs_are_what_they_mean() {
    for codec in ["json", "JSON", " Json "] {
        let output = run(&[("FLOW_RUNTIME_CODEC", codec)], SPEC);
        assert_eq!(output.status.code(), Some(0), "{codec:?}: {output:?}");
        assert!(text(&output.stdout).starts_with("{\"spec\":{\"protocol\":"), "{codec:?}");
    }
    for codec in ["", " ", "proto", "Proto", "PROTO"] {
        // A Request of four bytes: spec, with a connector type of 8.
        let output = run(&[("FLOW_RUNTIME_CODEC", codec)], "\u{4}\0\0\0\u{a}\u{2}\u{8}\u{8}");
        assert_eq!(output.status.code(), Some(0), "{codec:?}: {output:?}");
        // The length, then spec, its length in two bytes, and protocol.
        assert_eq!((output.stdout[4], output.stdout[7]), (0x0a, 0x08), "{codec:?}");
    }
}

#[test]
fn what_cannot_be_meant_is_an_error() {
    let not_utf8 = OsStr::from_bytes(b"wa\xffrn");
    let cases: [(&[(&str, &OsStr)], &str); 6] = [
        (
            &[("LOG_LEVEL", OsStr::new("Loud"))],
            "LOG_LEVEL is \"loud\"; write error, warn, info, debug or trace",
        ),
        (&[("LOG_FORMAT", OsStr::new("xml"))], "LOG_FORMAT is \"xml\"; write json, text or color"),
        (
            &[("LOG_FORMAT", OsStr::new("xml")), ("LOG_LEVEL", OsStr::new("2"))],
            "LOG_LEVEL is \"2\"; write error, warn, info, debug or trace; LOG_FORMAT is \"xml\"; \
             write json, text or color",
        ),
        (
            &[("LOG_LEVEL", not_utf8)],
            "LOG_LEVEL is \"wa\u{fffd}rn\"; write error, warn, info, debug or trace",
        ),
        (
            &[("FLOW_RUNTIME_CODEC", OsStr::new("avro"))],
            "FLOW_RUNTIME_CODEC is \"avro\"; write proto or json",
        ),
        (
            &[("FLOW_RUNTIME_CODEC", OsStr::new("avro")), ("LOG_LEVEL", OsStr::new("error"))],
            "FLOW_RUNTIME_CODEC is \"avro\"; write proto or json",
        ),
    ];
    for (variables, message) in cases {
        let output = run_with(variables, &[], SPEC);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{output:?}");
        let record = last(&output);
        assert_eq!((&record["level"], &record["message"]), (&json!("error"), &json!(message)));
    }
}

#[test]
fn a_command_line_that_is_none_is_an_error() {
    let output = run_with(&[], &["--quiet"], "");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{output:?}");
    let record = last(&output);
    assert_eq!(record["level"], "error");
    let message = record["message"].as_str().unwrap();
    assert!(message.starts_with("unexpected argument '--quiet' found\n"), "{message}");

    for (argument, shown) in
        [("--help", "FLOW_RUNTIME_CODEC"), ("--version", "materialize-rockset ")]
    {
        let output = run_with(&[], &[argument], "");
        assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{output:?}");
        assert!(text(&output.stdout).contains(shown), "{output:?}");
    }
}

#[cfg(feature = "local")]
#[test]
fn people_get_text() {
    let output = run_with(&[], &["local", "--quiet"], "");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = text(&output.stderr);
    assert!(text.contains("ERROR unexpected argument '--quiet' found\n"), "{text}");
}

/// Who starts the connector by hand learns what it waits for.
#[test]
fn a_terminal_is_told_what_is_waited_for() {
    const SCRIPT: &str = "
import os, pty, subprocess, sys
ours, theirs = pty.openpty()
child = subprocess.Popen(sys.argv[1:], stdin=theirs, stderr=subprocess.PIPE, text=True)
sys.stdout.write(child.stderr.readline())
os.write(ours, b'\\x04')
sys.stdout.write(child.stderr.read())
sys.exit(child.wait())
";
    let output = Command::new("python3")
        .args(["-c", SCRIPT, PROGRAM])
        .env_remove("LOG_LEVEL")
        .env_remove("LOG_FORMAT")
        .env_remove("FLOW_RUNTIME_CODEC")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let line = text(&output.stdout).lines().next().unwrap();
    let (_, line) = line.split_once("  INFO ").unwrap();
    assert_eq!(
        line,
        "this is a connector of Estuary Flow, which waits for requests in the proto codec on \
         stdin; press Ctrl-D to end it, and see --help for what else it can do"
    );
}

/// A connector whose logs nobody reads does its work.
#[test]
fn logs_that_nobody_reads_stop_nothing() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut child = Command::new(PROGRAM)
        .env("FLOW_RUNTIME_CODEC", "json")
        .env("LOG_LEVEL", "trace")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(writer)
        .spawn()
        .unwrap();
    let config = json!({"api_key": "k", "region_base_url": "http://127.0.0.1:9", "advanced": {"feature_flags": "a"}});
    let open = json!({"open": {
        "materialization": {"name": "a", "connectorType": "IMAGE", "config": config},
        "version": "1",
        "range": {"keyEnd": 4294967295u32, "rClockEnd": 4294967295u32},
    }});
    child.stdin.take().unwrap().write_all(format!("{open}\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(text(&output.stdout).contains("opened"), "{output:?}");
}

/// Runs a test of this module by itself, in a process of its own, and returns its stderr.
fn in_a_process(test: &str) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("logs::{test}"), "--ignored", "--test-threads=1"])
        .env_remove("LOG_LEVEL")
        .env_remove("LOG_FORMAT")
        .output()
        .unwrap();
    text(&output.stderr).to_string()
}

#[test]
fn nothing_comes_after_the_error() {
    let stderr = in_a_process("many_threads_log");
    let records: Vec<Value> =
        stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (last, others) = records.split_last().unwrap();
    assert_eq!((&last["level"], &last["message"]), (&json!("error"), &json!("the end")));
    assert!(others.len() >= 4 * 100, "{} records", others.len());
    assert!(others.iter().all(|record| record["level"] == "warn"));
}

#[test]
#[ignore = "is a part of nothing_comes_after_the_error"]
fn many_threads_log() {
    logging::init(Format::Json).unwrap();
    let before = std::sync::Barrier::new(5);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                (0..100).for_each(|i| tracing::warn!("before {i}"));
                before.wait();
                (0..1_000).for_each(|i| tracing::warn!("meanwhile {i}"));
            });
        }
        before.wait();
        logging::end_with("the end");
    });
    tracing::error!("too late");
}

#[test]
fn a_panic_is_a_record_without_what_it_was_put_together_of() {
    let stderr = in_a_process("threads_panic");
    let records: Vec<Value> =
        stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(records.len(), 2, "{stderr}");
    assert!(records.iter().all(|record| record["level"] == "error"));
    assert!(!stderr.contains("secret-key"), "{stderr}");
    let messages: Vec<&str> =
        records.iter().map(|record| record["message"].as_str().unwrap()).collect();
    let start = "a part of the connector panicked, at tests/connector/logs.rs:";
    assert!(messages.iter().all(|message| message.starts_with(start)), "{stderr}");
    assert!(messages[0].contains(": a plain sentence; this is a fault"), "{stderr}");
    assert!(messages[1].contains(": what it says may hold secrets; this is a fault"), "{stderr}");
}

#[test]
#[ignore = "is a part of a_panic_is_a_record_without_what_it_was_put_together_of"]
fn threads_panic() {
    logging::init(Format::Json).unwrap();
    logging::report_panics();
    let key = "secret-key".to_string();
    let _ = std::thread::spawn(|| panic!("a plain sentence")).join();
    let _ = std::thread::spawn(move || panic!("with {key}")).join();
}
