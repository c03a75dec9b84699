//! A transaction commits when every document is acknowledged, whatever it takes.

#![cfg(feature = "local")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use materialize_rockset::flow::{Codec, Request};
use serde_json::{Value, json};
use std::time::Duration;
use support::connector::Connector;
use support::scripted::{Answer, Scripted, Seen};
use support::snapshot;
use support::task::{acknowledge, binding, flush, open, start_commit, store, task};

fn ready() -> Answer {
    Answer::ok(json!({"data": {"name": "c", "status": "READY"}}))
}

/// An answer to AddDocuments, with a status or the type of an error for each document.
fn statuses(statuses: &[&str]) -> Answer {
    let data = statuses.iter().map(|status| match *status {
        "ADDED" | "REPLACED" | "DELETED" => json!({"_id": "x", "status": status}),
        kind => json!({
            "_id": "x", "status": "ERROR",
            "error": {"type": kind, "message": format!("it is {kind}")},
        }),
    });
    Answer::ok(json!({"data": data.collect::<Value>()}))
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
    let answers = vec![mixed, statuses(&["INTERNALERROR", "ADDED"]), statuses(&["ADDED"])];
    let (server, mut connector) = storing(answers, 4).await;
    assert_eq!(connector.ask(start_commit()).await.name(), "StartedCommit");
    assert_eq!(connector.end().await.code, Some(0));
    let sent: Vec<_> = server.seen()[1..].iter().map(ids).collect();
    assert_eq!(sent, [vec![0, 1, 2, 3], vec![1, 3], vec![1]]);
}

#[tokio::test]
async fn what_is_not_acknowledged_is_not_committed() {
    let cases = [
        ("an error that cannot pass", statuses(&["ADDED", "INVALIDINPUT"])),
        ("one that cannot pass among others", statuses(&["INVALIDINPUT", "NOT_READY"])),
        ("a status that is none of a write", statuses(&["ADDED", "DELETED"])),
        ("a document without an answer", statuses(&["ADDED"])),
        ("an answer too many", statuses(&["ADDED"; 3])),
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
        statuses(&["ADDED"]),
        statuses(&["ADDED"]),
        statuses(&["ADDED"; 3]),
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
