//! A transaction commits when every document is acknowledged, whatever it takes.

use crate::support::connector::Connector;
use crate::support::scripted::{Answer, Scripted, Seen};
use crate::support::snapshot;
use crate::support::task::{acknowledge, binding, flush, open, start_commit, store, task};
use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use materialize_rockset::flow::{Codec, Request};
use serde_json::{Value, json};
use std::time::Duration;

fn ready() -> Answer {
    Answer::ok(json!({"data": {"name": "c", "status": "READY"}}))
}

/// An answer to the documents of a request, with a status or the type of an error for each.
fn statuses(statuses: &[&str]) -> Answer {
    answer(statuses.iter().enumerate().map(|(index, status)| (index as u32, *status)))
}

/// An answer with these statuses, of the documents with these numbers.
fn answer<'a>(statuses: impl IntoIterator<Item = (u32, &'a str)>) -> Answer {
    let data = statuses.into_iter().map(|(number, status)| match status {
        "ADDED" | "REPLACED" | "DELETED" => json!({"_id": id(number), "status": status}),
        kind => json!({
            "_id": id(number), "status": "ERROR",
            "error": {"type": kind, "message": format!("it is {kind}")},
        }),
    });
    Answer::ok(json!({"data": data.collect::<Value>()}))
}

/// The `_id` of the document with a number: its packed key in Base64.
fn id(number: u32) -> String {
    let packed: &[u8] = match number {
        0 => &[0x14],
        1..=0xff => &[0x15, number as u8],
        _ => panic!("{number} has more than a byte"),
    };
    BASE64_STANDARD_NO_PAD.encode(packed)
}

/// Opens a task on a server that answers so, and sends these documents.
async fn storing(answers: Vec<Answer>, documents: u32) -> (Scripted, Connector) {
    let server = Scripted::start([vec![ready()], answers].concat()).await;
    let task = task(&server.url, vec![binding("commons", "c", &["id"], &[])]);
    let mut connector = Connector::start(Codec::Proto);
    connector.ask(open(&task)).await;
    connector.ask(acknowledge()).await;
    connector.ask(flush()).await;
    for id in 0..documents {
        connector.send(number(id)).await;
    }
    (server, connector)
}

fn number(id: u32) -> Request {
    store(0, &[json!(id)], &[])
}

/// Good statuses that don't say whose they are.
fn nobody() -> Answer {
    Answer::ok(json!({"data": [{"status": "ADDED"}, {"_id": null, "status": "ADDED"}]}))
}

/// The ids in a request's body.
fn ids(seen: &Seen) -> Vec<u64> {
    let body: Value = serde_json::from_str(&seen.body).unwrap();
    body["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|document| document["id"].as_u64().unwrap())
        .collect()
}

#[tokio::test]
async fn faults_that_pass_are_survived() {
    let limited = Answer::error(429, "RATELIMITEXCEEDED").with("Retry-After", 0);
    let answers =
        vec![Answer::Reset, limited, Answer::error(500, "INTERNALERROR"), statuses(&["ADDED"; 3])];
    let (server, mut connector) = storing(answers, 3).await;
    assert_eq!(connector.ask(start_commit()).await.name(), "StartedCommit");
    let ended = connector.end().await;
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.stderr.matches("trying again").count(), 3, "{}", ended.stderr);
    let seen = server.seen();
    assert!(seen[1..].iter().all(|seen| ids(seen) == [0, 1, 2]), "{seen:?}");
}

#[tokio::test]
async fn a_document_that_failed_is_sent_again_alone() {
    let mixed = statuses(&["ADDED", "NOT_READY", "REPLACED", "RATELIMITEXCEEDED"]);
    let second = answer([(1, "INTERNALERROR"), (3, "ADDED")]);
    let answers = vec![mixed, second, answer([(1, "ADDED")])];
    let (server, mut connector) = storing(answers, 4).await;
    assert_eq!(connector.ask(start_commit()).await.name(), "StartedCommit");
    assert_eq!(connector.end().await.code, Some(0));
    let sent: Vec<_> = server.seen()[1..].iter().map(ids).collect();
    assert_eq!(sent, [vec![0, 1, 2, 3], vec![1, 3], vec![1]]);
}

#[tokio::test]
async fn a_status_belongs_to_the_document_with_its_id() {
    let swapped = answer([(1, "INTERNALERROR"), (0, "ADDED")]);
    let (server, mut connector) = storing(vec![swapped, answer([(1, "ADDED")])], 2).await;
    assert_eq!(connector.ask(start_commit()).await.name(), "StartedCommit");
    assert_eq!(connector.end().await.code, Some(0));
    let sent: Vec<_> = server.seen()[1..].iter().map(ids).collect();
    assert_eq!(sent, [vec![0, 1], vec![1]]);

    // All are stored, whatever their order, and however an `_id` is written.
    let reversed = answer([(2, "ADDED"), (1, "REPLACED"), (0, "ADDED")]);
    let escaped = r#"{"data":[{"_id":"\u0046A","status":"ADDED"},{"_id":"FQE","status":"ADDED"},
        {"_id":"FQI","status":"ADDED"}]}"#;
    for answer in [reversed, Answer::Http(200, vec![], escaped.to_string())] {
        let (server, mut connector) = storing(vec![answer], 3).await;
        assert_eq!(connector.ask(start_commit()).await.name(), "StartedCommit");
        assert_eq!(connector.end().await.code, Some(0));
        assert_eq!(server.seen().len(), 2);
    }
}

/// Documents of such a collection have an `_id` that only Rockset knows.
#[tokio::test]
async fn an_ingest_transformation_may_give_documents_another_id() {
    let query = json!({"sql": "SELECT *, md5(id) AS _id FROM _input"});
    let collection = |query: Value| {
        let data = json!({"name": "c", "status": "READY", "field_mapping_query": query});
        Answer::ok(json!({"data": data}))
    };
    for (query, code) in [(query, Some(0)), (Value::Null, Some(1))] {
        let server = Scripted::answering(move |_, seen| {
            if seen.head.starts_with("GET") {
                return collection(query.clone());
            }
            let of = |id| json!({"_id": format!("made of {id}"), "status": "ADDED"});
            let mut statuses: Vec<Value> = ids(seen).into_iter().map(of).collect();
            if statuses.len() == 3 {
                statuses[1] =
                    json!({"_id": "x", "status": "ERROR", "error": {"type": "NOT_READY"}});
            }
            Answer::ok(json!({"data": statuses}))
        })
        .await;
        let task = task(&server.url, vec![binding("commons", "c", &["id"], &[])]);
        let mut connector = Connector::start(Codec::Proto);
        connector.ask(open(&task)).await;
        connector.ask(acknowledge()).await;
        connector.ask(flush()).await;
        for id in 0..3 {
            connector.send(number(id)).await;
        }
        connector.send(start_commit()).await;
        let ended = connector.end().await;
        assert_eq!(ended.code, code, "{ended:?}");
        let seen = server.seen();
        let sent = seen.iter().filter(|seen| seen.head.starts_with("POST")).map(ids);
        match code {
            Some(0) => assert_eq!(sent.collect::<Vec<_>>(), [vec![0, 1, 2], vec![1]]),
            _ => assert_eq!(sent.count(), 1),
        }
    }
}

#[tokio::test]
async fn what_is_not_acknowledged_is_not_committed() {
    let cases = [
        ("an error that cannot pass", statuses(&["ADDED", "INVALIDINPUT"])),
        ("one that cannot pass among others", statuses(&["INVALIDINPUT", "NOT_READY"])),
        ("a status that is none of a write", statuses(&["ADDED", "DELETED"])),
        ("a document without an answer", statuses(&["ADDED"])),
        ("an answer too many", statuses(&["ADDED"; 3])),
        ("the same document twice", answer([(0, "ADDED"), (0, "ADDED")])),
        ("another document", answer([(0, "ADDED"), (7, "ADDED")])),
        ("an error of another document", answer([(7, "INVALIDINPUT"), (0, "ADDED")])),
        ("a status without an _id", nobody()),
        ("no statuses", Answer::ok(json!({}))),
        ("no JSON", Answer::Http(200, vec![], "fine".to_string())),
        ("a request that is refused", Answer::error(400, "INVALIDINPUT")),
        ("a key without the right", Answer::error(403, "FORBIDDEN")),
        ("a collection that is gone", Answer::error(404, "NOTFOUND")),
    ];
    let mut messages = String::new();
    for (case, answer) in cases {
        let (_server, mut connector) = storing(vec![answer], 2).await;
        connector.send(start_commit()).await;
        let ended = connector.end().await;
        assert_eq!((ended.code, ended.stdout.len()), (Some(1), 0), "{case}: {ended:?}");
        messages.push_str(&format!("{case}\n    {}\n", ended.error()));
    }
    snapshot::assert_text("not_acknowledged", &messages);
}

#[tokio::test]
async fn the_commit_waits_for_the_answer() {
    let (_server, mut connector) = storing(vec![Answer::Silence], 1).await;
    connector.send(start_commit()).await;
    let early = tokio::time::timeout(Duration::from_millis(500), connector.receive()).await;
    assert!(early.is_err(), "{early:?}");
}

#[tokio::test]
async fn a_request_that_is_too_large_is_split() {
    let answers = vec![
        Answer::error(413, "CONTENTTOOLARGE"),
        Answer::error(413, "CONTENTTOOLARGE"),
        answer([(0, "ADDED")]),
        answer([(1, "ADDED")]),
        answer([(2, "ADDED"), (3, "ADDED"), (4, "ADDED")]),
    ];
    let (server, mut connector) = storing(answers, 5).await;
    assert_eq!(connector.ask(start_commit()).await.name(), "StartedCommit");
    assert_eq!(connector.end().await.code, Some(0));
    let sent: Vec<_> = server.seen()[1..].iter().map(ids).collect();
    assert_eq!(sent, [vec![0, 1, 2, 3, 4], vec![0, 1], vec![0], vec![1], vec![2, 3, 4]]);
}

#[tokio::test]
async fn a_failure_ends_the_session_while_it_waits_for_flow() {
    // One document more than a request may hold, so that it's sent before the commit.
    let (_server, mut connector) = storing(vec![Answer::error(400, "INVALIDINPUT")], 20_001).await;
    let closed = tokio::time::timeout(Duration::from_secs(30), connector.receive()).await;
    assert!(matches!(closed, Ok(None)), "{closed:?}");
    assert_eq!(connector.end().await.code, Some(1));
}
