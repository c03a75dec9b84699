//! Memory is bounded, whatever the number of bindings and the size of a message.

use crate::support::connector::Connector;
use crate::support::session::transaction;
use crate::support::task::{acknowledge, binding, flush, open, start_commit, store, task};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use bytes::Bytes;
use http::{Method, Uri};
use materialize_rockset::flow::materialize::request;
use materialize_rockset::flow::{Codec, Request};
use serde_json::json;

const MIB: usize = 1 << 20;
/// The memory of all batches, which is 75 MiB with eight requests in flight, and what the connector
/// needs beside them.
const BOUND: usize = 96 * MIB;
/// More bindings than there is memory for one large document each.
const MANY: u32 = 240;

/// A Rockset that takes documents and forgets them.
async fn answer(method: Method, uri: Uri, body: Bytes) -> String {
    const ID: &[u8] = br#"{"_id":""#;
    if method == Method::GET {
        let collection = |name: &str| json!({"name": name, "status": "READY"});
        let data = match uri.path().rsplit_once("/collections").unwrap().1 {
            "" => (0..MANY).map(|n| collection(&format!("c{n}"))).collect(),
            name => collection(&name[1..]),
        };
        return json!({ "data": data }).to_string();
    }
    let statuses = memchr::memmem::find_iter(&body, ID).map(|at| {
        let id = &body[at + ID.len()..];
        let id = &id[..memchr::memchr(b'"', id).unwrap()];
        format!(r#"{{"_id":"{}","status":"ADDED"}}"#, str::from_utf8(id).unwrap())
    });
    format!(r#"{{"data":[{}]}}"#, statuses.collect::<Vec<_>>().join(","))
}

/// Starts it. It stops with the test's runtime.
async fn forgetful() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(answer).layer(DefaultBodyLimit::disable());
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

/// A connector with an open transaction, of a task with so many bindings.
async fn begun(bindings: u32) -> Connector {
    let url = forgetful().await;
    let bindings = (0..bindings).map(|n| binding("commons", &format!("c{n}"), &["id"], &["text"]));
    let mut connector = Connector::start(Codec::Proto);
    connector.ask(open(&task(&url, bindings.collect()))).await;
    connector.ask(acknowledge()).await;
    connector.ask(flush()).await;
    connector
}

/// A line of `/proc/PID/status`, in bytes.
fn status(connector: &Connector, name: &str) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", connector.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_matches([':', ' ', '\t', 'k', 'B']).parse::<usize>().unwrap() << 10
}

/// The most memory that the connector has had, in bytes, without the pages of its program: of these
/// the system keeps more or fewer, and a build without optimization has many.
fn peak(connector: &Connector) -> usize {
    status(connector, "VmHWM") - status(connector, "RssFile")
}

/// Checks what the connector has needed at the most, and ends the transaction and it.
async fn end(mut connector: Connector) {
    let before = peak(&connector);
    connector.ask(start_commit()).await;
    let peak = peak(&connector);
    println!("{} MiB before StartCommit, {} MiB in all", before / MIB, peak / MIB);
    assert!(peak <= BOUND, "{peak} bytes at the peak, and {before} before StartCommit");
    let ended = connector.end().await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}

/// Each of them sends a full request, and has some documents left.
#[tokio::test]
async fn many_bindings_one_after_the_other() {
    let mut connector = begun(60).await;
    let text = json!("x".repeat(64 << 10));
    for binding in 0..60 {
        for id in 0..66 {
            connector.send(store(binding, &[json!(id)], std::slice::from_ref(&text))).await;
        }
    }
    end(connector).await;
}

/// Not even the last document of each can be kept.
#[tokio::test]
async fn very_many_bindings_in_turns() {
    let mut connector = begun(MANY).await;
    let text = json!("x".repeat(400 << 10));
    for id in 0..2 {
        for binding in 0..MANY {
            connector.send(store(binding, &[json!(id)], std::slice::from_ref(&text))).await;
        }
    }
    end(connector).await;
}

#[tokio::test]
async fn a_long_message_takes_its_memory_with_it() {
    let mut connector = begun(1).await;
    let Request::Store(store) = store(0, &[json!(1)], &[json!("x")]) else { unreachable!() };
    // The root document isn't selected.
    let long = format!(r#"{{"text": "{}"}}"#, "x".repeat(100 * MIB));
    let stored = Request::Store(request::Store { doc_json: long.into(), ..store });
    connector.send(stored).await;
    connector.ask(start_commit()).await;
    assert!(status(&connector, "VmHWM") > 100 * MIB, "it is read as a whole");
    transaction(&mut connector, []).await;
    let left = status(&connector, "RssAnon");
    println!("{} MiB left", left / MIB);
    assert!(left < 32 * MIB, "{left} bytes are left");
    assert_eq!(connector.end().await.code, Some(0));
}
