//! What another connector left in the state, and how Open goes on from it.

use crate::support::connector::{Connector, Ended};
use crate::support::scripted::{Answer, Scripted};
use crate::support::task::{acknowledge, binding, configured, flush, open, start_commit, task};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use materialize_rockset::flow::consumer::{Checkpoint, ProducerState, checkpoint};
use materialize_rockset::flow::materialize::{request, response};
use materialize_rockset::flow::spec::MaterializationSpec;
use materialize_rockset::flow::spec::materialization_spec::Binding;
use materialize_rockset::flow::{Codec, Request, Response, materialize};
use prost::Message as _;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Mutex;

fn open_with(task: &MaterializationSpec, state: &Value) -> Request {
    let Request::Open(mut open) = open(task) else { panic!() };
    open.state_json = state.to_string().into();
    Request::Open(open)
}

/// A binding that is filled from this prefix.
fn filled_from(collection: &str, prefix: &str) -> Binding {
    let source = json!({"integration": "i", "bucket": "b", "prefix": prefix});
    let binding = binding("commons", collection, &["id"], &[]);
    configured(binding, json!({"documentId": "key", "initializeFromS3": source}))
}

/// A Rockset whose collections are READY and whose sources have taken in `objects` each.
async fn filled(objects: u64) -> Scripted {
    Scripted::answering(move |_, request| {
        let sources = ["", "p/", "out/some/path", "out/orders/", "out/events/v0000000002/"];
        let sources = sources.map(|prefix| source(prefix, objects, objects, "WATCHING"));
        let named = |name| json!({"name": name, "status": "READY", "sources": sources});
        let names = ["c", "d", "orders", "plain", "events"];
        match request.head.starts_with("GET ") {
            true if request.head.contains("/collections HTTP") => {
                Answer::ok(json!({"data": names.map(named)}))
            }
            true => Answer::ok(json!({"data": named("c")})),
            false => Answer::ok(json!({"data": [{"_id": "1", "status": "ADDED"}]})),
        }
    })
    .await
}

fn source(prefix: &str, objects: u64, total: u64, state: &str) -> Value {
    json!({
        "integration_name": "i",
        "s3": {
            "bucket": "b",
            "prefix": prefix,
            "object_count_total": total,
            "object_count_downloaded": objects,
            "object_bytes_total": total * 1000,
            "object_bytes_downloaded": objects * 1000,
        },
        "status": {"state": state, "message": "Access Denied (403) for s3://b/"},
    })
}

async fn opened(task: &MaterializationSpec, state: &Value) -> (Connector, response::Opened) {
    let mut connector = Connector::start_hurried(Codec::Proto);
    let Response::Opened(opened) = connector.ask(open_with(task, state)).await else { panic!() };
    (connector, opened)
}

async fn refused(task: &MaterializationSpec, state: &Value) -> Ended {
    let mut connector = Connector::start_hurried(Codec::Proto);
    connector.send(open_with(task, state)).await;
    let ended = connector.end().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    ended
}

/// How a commit changes the state.
async fn committed(connector: &mut Connector) -> Option<Value> {
    connector.ask(acknowledge()).await;
    connector.ask(flush()).await;
    let Response::StartedCommit(committed) = connector.ask(start_commit()).await else { panic!() };
    committed.state.map(|state| {
        assert!(state.merge_patch, "a whole state would wipe out what other shards wrote");
        serde_json::from_slice(&state.updated_json).unwrap()
    })
}

/// An encoding whose maps are in an order of their own, and which has a field that
/// nobody knows.
fn encoded_checkpoint() -> Vec<u8> {
    let one = |journal: &str, read_through| {
        let state = ProducerState { last_ack: 5, begin: -1 };
        let producer =
            checkpoint::ProducerEntry { id: vec![3, 9, 9, 9, 9, 9].into(), state: Some(state) };
        let source = checkpoint::Source { read_through, producers: vec![producer] };
        let sources = [(journal.to_string(), source)].into();
        Checkpoint { sources, ..Checkpoint::default() }.encode_to_vec()
    };
    let unknown: &[u8] = &[0x9a, 0x06, 0x03, b'n', b'e', b'w', 0xa0, 0x06, 0x96, 0x01];
    [&one("z/journal", 9_000_000_000)[..], unknown, &one("a/journal", 3)].concat()
}

#[tokio::test]
async fn the_old_form_hands_the_checkpoint_over_byte_for_byte() {
    let server = filled(3).await;
    let task = task(&server.url, vec![filled_from("c", "p/")]);
    let encoded = encoded_checkpoint();
    let state = json!({
        "b64EncodedFlowCheckpoint": STANDARD.encode(&encoded), "nextSeqNumList": [3],
    });
    let (mut connector, opened) = opened(&task, &state).await;
    let response = materialize::Response::from(Response::Opened(opened)).encode_to_vec();
    assert!(
        response.windows(encoded.len()).any(|window| window == encoded),
        "{encoded:02x?} is not in {response:02x?}"
    );
    // Only the first commit says what the state is from now on.
    let patch = json!({
        "b64EncodedFlowCheckpoint": null, "nextSeqNumList": null,
        "version": 1, "loaded": {"commons.c": 0},
    });
    assert_eq!(committed(&mut connector).await, Some(patch));
    assert_eq!(committed(&mut connector).await, None);
    assert_eq!(connector.end().await.code, Some(0));
}

#[tokio::test]
async fn the_checkpoint_has_a_form_in_json() {
    let server = filled(0).await;
    let task = task(&server.url, vec![binding("commons", "c", &["id"], &[])]);
    let state = json!({
        "b64EncodedFlowCheckpoint": STANDARD.encode(encoded_checkpoint()), "nextSeqNumList": [],
    });
    let mut connector = Connector::start(Codec::Json);
    let Response::Opened(opened) = connector.ask(open_with(&task, &state)).await else { panic!() };
    let checkpoint = opened.runtime_checkpoint.unwrap().message().unwrap();
    let journals: Vec<_> = checkpoint.sources.keys().collect();
    assert_eq!(journals, ["a/journal", "z/journal"]);
    assert_eq!(checkpoint.sources["z/journal"].read_through, 9_000_000_000);
    assert_eq!(connector.end().await.code, Some(0));
}

#[tokio::test]
async fn the_new_form_leaves_the_checkpoint_to_the_runtime() {
    let server = filled(42).await;
    let task = task(&server.url, vec![filled_from("c", "out/some/path")]);
    let state = json!({"fileCounts": {"some%2Fpath.v1": 41}, "uploads": {"some%2Fpath.v1": []}});
    let (mut connector, opened) = opened(&task, &state).await;
    assert_eq!(opened, response::Opened::default());
    assert_eq!(committed(&mut connector).await.unwrap()["loaded"], json!({"commons.c": 0}));
    assert_eq!(connector.end().await.code, Some(0));
}

/// Apply may have left a note beside what the other connector left.
#[tokio::test]
async fn both_may_be_in_the_state() {
    let server = filled(1).await;
    let task = task(&server.url, vec![filled_from("c", "p/")]);
    let state = json!({
        "fileCounts": {"p": 0},
        "uploads": {},
        "version": 1,
        "backfills": {"commons.c": 2},
        "reported": {},
        "loaded": {},
    });
    let (mut connector, _) = opened(&task, &state).await;
    assert_eq!(
        committed(&mut connector).await,
        Some(json!({
            "fileCounts": null, "uploads": null, "version": 1, "loaded": {"commons.c": 0},
        }))
    );
}

/// With no binding that reads them, what is in the files would never come to Rockset.
#[tokio::test]
async fn files_that_nothing_reads_are_refused() {
    let server = filled(9).await;
    let task = task(&server.url, vec![binding("commons", "c", &["id"], &[])]);
    for (state, files) in [
        (json!({"fileCounts": {"p": 2, "q": 0}, "uploads": {}}), "3 files for p and 1 file for q"),
        (
            json!({"b64EncodedFlowCheckpoint": "", "nextSeqNumList": [3]}),
            "3 files for bindings[0] (commons.c)",
        ),
    ] {
        assert_eq!(
            refused(&task, &state).await.error(),
            format!(
                "Open: materialize-s3-parquet wrote {files}, and no binding has initializeFromS3: \
                 what is in them would be lost; set it, or give the task a new name, so that all \
                 documents are written from the start"
            )
        );
    }
}

#[tokio::test]
async fn where_no_file_was_written_the_foreign_state_goes() {
    let server = filled(0).await;
    let task = task(&server.url, vec![binding("commons", "c", &["id"], &[])]);
    for state in [
        json!({"fileCounts": {}, "uploads": {}}),
        json!({"fileCounts": null, "uploads": null}),
        json!({"b64EncodedFlowCheckpoint": "", "nextSeqNumList": [0]}),
        json!({"b64EncodedFlowCheckpoint": "", "nextSeqNumList": null}),
    ] {
        let (mut connector, opened) = opened(&task, &state).await;
        // A checkpoint of nothing is one, too: it's the start.
        let has_checkpoint = state["b64EncodedFlowCheckpoint"].is_string();
        assert_eq!(opened.runtime_checkpoint.is_some(), has_checkpoint, "{state}");
        let keys = state.as_object().unwrap().keys();
        let patch: Value = keys.map(|key| (key.clone(), Value::Null)).collect();
        assert_eq!(committed(&mut connector).await, Some(patch), "{state}");
    }
}

/// What is waited for in each collection, and what is warned of. At the first look each
/// has one object; at the second, all that can be asked for.
async fn expectations(state: &Value, bindings: &[(&str, Value)]) -> String {
    let source = |location: &Value, objects: u64| {
        let mut source = source("", objects, objects, "WATCHING");
        source["s3"].as_object_mut().unwrap().remove("prefix");
        source["s3"].as_object_mut().unwrap().extend(location.as_object().unwrap().clone());
        source
    };
    let looks: BTreeMap<String, [Value; 2]> = bindings
        .iter()
        .map(|(name, location)| {
            let sources = |objects| [source(location, objects)];
            let look = |n| json!({"name": name, "status": "READY", "sources": sources(n)});
            (name.to_string(), [1, 9999].map(look))
        })
        .collect();
    let turns: Mutex<BTreeMap<String, usize>> = Mutex::default();
    let server = Scripted::answering(move |_, request| {
        let path = request.head.split(' ').nth(1).unwrap();
        let asked = path.rsplit('/').next().unwrap();
        let mut turns = turns.lock().unwrap();
        let mut look = |name: &str| {
            let turn = turns.entry(name.to_string()).or_default();
            *turn += 1;
            looks[name][(*turn - 1).min(1)].clone()
        };
        match asked {
            "collections" => {
                let all: Value = looks.keys().map(|name| look(name)).collect();
                Answer::ok(json!({"data": all}))
            }
            name => Answer::ok(json!({"data": look(name)})),
        }
    })
    .await;
    let bindings = bindings.iter().map(|(name, location)| {
        let mut source = json!({"integration": "i", "bucket": "b"});
        source.as_object_mut().unwrap().extend(location.as_object().unwrap().clone());
        configured(binding("commons", name, &["id"], &[]), json!({"initializeFromS3": source}))
    });
    let task = task(&server.url, bindings.collect());
    let mut connector = Connector::start_hurried(Codec::Proto);
    connector.send(open_with(&task, state)).await;
    connector.receive().await;
    let ended = connector.end().await;
    let mut lines: Vec<String> = ended
        .stderr
        .lines()
        .filter_map(|line| {
            let record: Value = serde_json::from_str(line).unwrap();
            let message = record["message"].as_str().unwrap();
            match record["level"].as_str().unwrap() {
                "info" => {
                    let (_, expected) = message.split_once("; files written: ")?;
                    let (expected, _) = expected.split_once(',').unwrap();
                    Some(format!("    {} waits for {expected}", record["collection"]))
                }
                level => Some(format!("    {level}: {message}")),
            }
        })
        .collect();
    lines.sort();
    lines.into_iter().map(|line| line + "\n").collect()
}

#[tokio::test]
async fn how_many_files_there_must_be() {
    let counts = |counts: Value| json!({"fileCounts": counts, "uploads": {}});
    let prefix = |prefix: &str| json!({ "prefix": prefix });
    let pattern = |pattern: &str| json!({ "pattern": pattern });
    let numbers =
        |numbers: Value| json!({"b64EncodedFlowCheckpoint": "", "nextSeqNumList": numbers});
    let cases = [
        (
            "one of each, whatever it is called",
            counts(json!({"some%2Fpath.v1": 41})),
            vec![("c", prefix("elsewhere/"))],
        ),
        (
            "by the end of the prefix, with and without the version",
            counts(json!({"orders.v0": 4, "a%2Fcustomers.v12": 6})),
            vec![
                ("customers", prefix("p/a/customers/v0000000012/")),
                ("orders", prefix("p/orders")),
            ],
        ),
        (
            "by the pattern",
            counts(json!({"orders.v0": 4, "a/customers.v3": 6})),
            vec![
                ("customers", pattern("p/a/customers/v0000000003/*.parquet")),
                ("orders", pattern("**/orders/**/*.parquet")),
            ],
        ),
        (
            "another version is another count",
            counts(json!({"orders.v0": 4, "orders.v1": 6})),
            vec![("all", prefix("p/orders/")), ("last", prefix("p/orders/v0000000001/00"))],
        ),
        (
            "the longest path of those that end alike",
            counts(json!({"orders.v0": 4, "old%2Forders.v0": 6})),
            vec![("old", prefix("p/old/orders/")), ("new", prefix("p/orders/"))],
        ),
        (
            "a path that is a folder above another's",
            counts(json!({"orders.v0": 4, "lines.v0": 6})),
            vec![("lines", prefix("orders/lines/")), ("orders", prefix("orders/orders/"))],
        ),
        (
            "two that read the same files",
            counts(json!({"orders.v0": 4})),
            vec![("one", prefix("p/orders/")), ("two", prefix("p/orders/v"))],
        ),
        (
            "the whole bucket has all",
            counts(json!({"orders.v0": 4, "customers.v0": 6})),
            vec![("all", json!({}))],
        ),
        (
            "a prefix that is above all that no other one names",
            counts(json!({"orders.v0": 4, "customers.v0": 6, "lines.v0": 2})),
            vec![("lines", prefix("p/lines/")), ("others", prefix("p/"))],
        ),
        (
            "files that no binding names",
            counts(json!({"orders.v0": 4, "customers.v0": 6, "odd": 2})),
            vec![("orders", prefix("p/orders/"))],
        ),
        (
            "bindings that name no files",
            counts(json!({"orders.v0": 4, "customers.v0": 6})),
            vec![("customers", prefix("p/cust")), ("orders", prefix("p/"))],
        ),
        (
            "a binding without files",
            counts(json!({"orders.v0": 4})),
            vec![("none", prefix("p/none/")), ("orders", prefix("p/orders/"))],
        ),
        (
            "the old form, by the place of the binding",
            numbers(json!([3, 0])),
            vec![("three", prefix("p/")), ("none", prefix("q/"))],
        ),
        (
            "the old form, with another number of bindings",
            numbers(json!([3, 0, 5])),
            vec![("three", prefix("p/")), ("none", prefix("q/"))],
        ),
    ];
    let mut told = String::new();
    for (case, state, bindings) in cases {
        told.push_str(&format!("{case}\n{}", expectations(&state, &bindings).await));
    }
    crate::support::snapshot::assert_text("expected_files", &told);
}

#[tokio::test]
async fn what_can_not_be_gone_on_from_is_refused() {
    let server = filled(9).await;
    let one = task(&server.url, vec![filled_from("c", "p/")]);
    let two = task(&server.url, vec![filled_from("c", "p/"), filled_from("d", "p/")]);
    let upload = json!({"fileCounts": {"p": 1, "q": 0}, "uploads": {"p": [{"key": "x"}], "q": []}});
    let cases = [
        (&one, upload),
        (&one, json!({"b64EncodedFlowCheckpoint": "?", "nextSeqNumList": [1]})),
        (
            &one,
            json!({"b64EncodedFlowCheckpoint": STANDARD.encode([0xff, 0xff]), "nextSeqNumList": [1]}),
        ),
        (&one, json!({"b64EncodedFlowCheckpoint": "", "nextSeqNumList": ["1"]})),
        (&one, json!({"b64EncodedFlowCheckpoint": "", "fileCounts": {}})),
        (&one, json!({"nextSeqNumList": [1]})),
        (&one, json!({"fileCounts": {"p": -1}})),
        (&one, json!({"fileCounts": ["p"]})),
        (&two, json!({"fileCounts": {"a": 1, "b": 1}})),
        (&one, json!({"fileCounts": {"p": 1}, "cursor": 7, "another": 1})),
        (&one, json!({"version": 2})),
    ];
    let mut text = String::new();
    for (task, state) in cases {
        text.push_str(&format!("{state}\n    {}\n", refused(task, &state).await.error()));
    }
    crate::support::snapshot::assert_text("bad_states", &text);
}

/// Open goes on only when as many files as were written have come in.
#[tokio::test]
async fn files_are_counted_by_their_folders() {
    let state = json!({"fileCounts": {"orders": 4, "events.v2": 6, "dropped": 9}, "uploads": {}});
    for (objects, goes_on) in [(7, true), (6, false), (4, false)] {
        let server = filled(objects).await;
        let bindings = vec![
            filled_from("orders", "out/orders/"),
            binding("commons", "plain", &["id"], &[]),
            filled_from("events", "out/events/v0000000002/"),
        ];
        let task = task(&server.url, bindings);
        let mut connector = Connector::start_hurried(Codec::Proto);
        connector.send(open_with(&task, &state)).await;
        let answer = std::time::Duration::from_millis(if goes_on { 10_000 } else { 700 });
        let answer = tokio::time::timeout(answer, connector.receive()).await;
        assert_eq!(answer.is_ok(), goes_on, "{objects}: {answer:?}");
    }
}

#[test]
fn a_checkpoint_keeps_its_bytes() {
    let encoded = encoded_checkpoint();
    let commit = request::StartCommit {
        runtime_checkpoint: Some(
            materialize_rockset::flow::Checkpoint::from_encoded(encoded.clone()).unwrap(),
        ),
        ..Default::default()
    };
    let bytes = commit.encode_to_vec();
    let again = request::StartCommit::decode(bytes.as_slice()).unwrap();
    assert_eq!(again, commit);
    assert_eq!(again.encode_to_vec(), bytes);
    // Cut short, it is no message.
    for length in 1..bytes.len() {
        assert!(request::StartCommit::decode(&bytes[..length]).is_err(), "{length}");
    }
}
