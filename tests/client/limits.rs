//! Rockset's limits on writes: as fast as they allow, and in order where that's asked for.

use crate::support::connector::Connector;
use crate::support::local::{DOCS, Local, options};
use crate::support::scripted::{Answer, Scripted, Seen};
use crate::support::session::{opened, transaction};
use crate::support::task::{acknowledge, binding, flush, open, start_commit, store, task};
use axum::Router;
use axum::extract::State;
use materialize_rockset::flow::Codec;
use materialize_rockset::local::Options;
use materialize_rockset::rockset::client::documents;
use materialize_rockset::rockset::client::retry::RetryPolicy;
use materialize_rockset::rockset::{Client, Error, Settings, connect_with};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinSet;

/// More than may be under way at once.
const WORKERS: usize = 16;

fn client(url: &str, settings: Settings) -> Client {
    connect_with(&url.parse().unwrap(), "any", settings).unwrap()
}

fn one(id: impl ToString) -> String {
    json!({"data": [{"_id": id.to_string()}]}).to_string()
}

async fn add(client: &Client, id: impl ToString) -> Result<(), Error> {
    documents::add(client, "commons", "c", one(id).into()).await.map(|_| ())
}

/// Writes all the time, by several workers, until this is dropped.
fn keep_writing(client: &Client) -> JoinSet<()> {
    let mut workers = JoinSet::new();
    for worker in 0..WORKERS {
        let client = client.clone();
        workers.spawn(async move {
            for turn in 0.. {
                add(&client, format!("{worker}-{turn}")).await.unwrap();
            }
        });
    }
    workers
}

/// How well the limits are used is tested with the limiters themselves, on a paused clock.
#[tokio::test]
async fn transactions_keep_to_the_limits_of_a_virtual_instance() {
    let virtual_instance = Some("SMALL".parse().unwrap());
    let local = Local::with(Options { virtual_instance, ..options() });
    let (bindings, transactions) = (30, 3);
    let names: Vec<String> = (0..bindings).map(|index| format!("c{index}")).collect();
    let task = task(
        &local.server.url(),
        names.iter().map(|name| binding("commons", name, &["id"], &[])).collect(),
    );
    let mut connector = opened(Codec::Proto, &task).await;
    for turn in 0..transactions {
        let stores = (0..bindings).map(|index| store(index, &[json!(turn)], &[]));
        transaction(&mut connector, stores).await;
    }
    let ended = connector.end().await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);

    for name in names {
        let stored = crate::support::stored::count(&local, "commons", &name).await;
        assert_eq!(stored, transactions, "{name}");
    }
    // One more than the burst, at the least.
    let limited = ended.throttled();
    assert!((1..20).contains(&limited), "{}", ended.stderr);
}

#[tokio::test]
async fn retry_after_holds_back_all_workers_and_who_was_refused_goes_first() {
    const REFUSED: usize = 20;
    let server = Scripted::answering(|turn, _| match turn {
        REFUSED => Answer::error(429, "RATELIMITEXCEEDED").with("Retry-After", 1),
        _ => Answer::ok(json!({"data": []})),
    })
    .await;
    let client = client(&server.url, Settings::default());
    let workers = keep_writing(&client);
    while server.seen().len() < REFUSED + 20 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(workers);

    let seen = server.seen();
    let refused = &seen[REFUSED];
    let second = Duration::from_secs(1);
    // What was on its way isn't called back.
    let held =
        REFUSED + seen[REFUSED..].iter().position(|seen| seen.at - refused.at >= second).unwrap();
    assert!(held - REFUSED <= 8, "{} were sent in spite of it", held - REFUSED);
    assert_eq!(seen[held].body, refused.body);
    let writes = client.writes();
    assert_eq!((writes.throttled, writes.retries), (1, 1), "{writes:?}");
    assert!(writes.requests >= seen.len() as u64, "{writes:?}");
    assert!(writes.waited > second * (WORKERS as u32 - 8), "{writes:?}");
}

/// A server that takes a while, and how many requests were under way as each came in.
#[derive(Default)]
struct Slow {
    under_way: AtomicUsize,
    came_in: Mutex<Vec<usize>>,
    /// The number of requests at which one was answered 429.
    refused_at: Mutex<Option<usize>>,
}

const REFUSED: usize = 300;

async fn slow(State(slow): State<Arc<Slow>>) -> (http::StatusCode, &'static str) {
    let turn = {
        let mut came_in = slow.came_in.lock().unwrap();
        came_in.push(slow.under_way.fetch_add(1, Ordering::SeqCst) + 1);
        came_in.len()
    };
    tokio::time::sleep(Duration::from_millis(50)).await;
    slow.under_way.fetch_sub(1, Ordering::SeqCst);
    if turn == REFUSED {
        *slow.refused_at.lock().unwrap() = Some(slow.came_in.lock().unwrap().len());
        return (http::StatusCode::TOO_MANY_REQUESTS, "{}");
    }
    (http::StatusCode::OK, r#"{"data":[]}"#)
}

#[tokio::test]
async fn a_429_halves_what_is_under_way_and_it_grows_back() {
    let server = Arc::new(Slow::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().route(DOCS, axum::routing::post(slow)).with_state(server.clone());
    let serving = tokio::spawn(async move { axum::serve(listener, app).await });

    let workers = keep_writing(&client(&url, Settings::default()));
    while server.came_in.lock().unwrap().len() < 2 * REFUSED {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(workers);
    serving.abort();

    let came_in = server.came_in.lock().unwrap().clone();
    let refused_at = server.refused_at.lock().unwrap().unwrap();
    let most = |of: &[usize]| *of.iter().max().unwrap();
    assert_eq!(came_in[0], 1);
    assert_eq!(most(&came_in[..refused_at]), 8);
    // What was let go before the refusal was known may come in after it. Then there are four at
    // most, and one more for each round since.
    let since = &came_in[refused_at..];
    let is_halved = |at: usize| since[at] <= 4 && most(&since[at..at + 4]) <= 5;
    assert!((0..=8).any(is_halved), "{since:?}");
    assert!(most(since) >= 6, "{since:?}");
}

#[tokio::test]
async fn a_write_that_is_refused_for_too_long_is_an_error() {
    let refused = Answer::error(429, "RATELIMITEXCEEDED");
    let retry = RetryPolicy { timeout: Duration::from_millis(200), ..RetryPolicy::default() };
    for answer in [refused.clone(), refused.clone().with("Retry-After", 3600)] {
        let server = Scripted::start(vec![answer]).await;
        let client = client(&server.url, Settings { retry, ..Settings::default() });
        let mut adding = JoinSet::new();
        for id in 0..8 {
            let client = client.clone();
            adding.spawn(async move { add(&client, id).await });
        }
        let all = tokio::time::timeout(Duration::from_secs(30), adding.join_all()).await.unwrap();
        for answer in all {
            assert!(matches!(answer, Err(Error::RateLimited(_))), "{answer:?}");
        }
    }
}

/// The ids in a request's body.
fn ids(seen: &Seen) -> Vec<u64> {
    let body: Value = serde_json::from_str(&seen.body).unwrap();
    let documents = body["data"].as_array().unwrap().iter();
    documents.map(|document| document["id"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn one_request_at_a_time_keeps_the_order() {
    // Each status once, and a document that is taken later than the others of its batch.
    let server = Scripted::answering(|turn, seen| {
        if seen.head.starts_with("GET") {
            return Answer::ok(json!({"data": {"name": "c", "status": "READY"}}));
        }
        let limited = Answer::error(429, "RATELIMITEXCEEDED");
        let body: Value = serde_json::from_str(&seen.body).unwrap();
        let documents = body["data"].as_array().unwrap().iter();
        let added = |document: &Value| json!({"_id": document["_id"], "status": "ADDED"});
        let mut statuses: Vec<Value> = documents.map(added).collect();
        match turn {
            2 => return limited.with("Retry-After", 1),
            3 | 7 => return Answer::error(503, "SERVICEUNAVAILABLE"),
            5 => return limited,
            8 => {
                let error = json!({"type": "INTERNALERROR", "message": "later"});
                statuses[0]["status"] = json!("ERROR");
                statuses[0]["error"] = error;
            }
            _ => {}
        }
        Answer::ok(json!({ "data": statuses }))
    })
    .await;
    let mut task = task(&server.url, vec![binding("commons", "c", &["id"], &["text"])]);
    let mut endpoint = crate::support::task::endpoint(&server.url);
    endpoint["max_concurrent_requests"] = json!(1);
    task.config_json = endpoint.to_string().into();

    let mut connector = Connector::start(Codec::Proto);
    connector.ask(open(&task)).await;
    connector.ask(acknowledge()).await;
    connector.ask(flush()).await;
    let text = json!("x".repeat(1 << 20));
    let count = 24;
    for id in 0..count {
        connector.send(store(0, &[json!(id)], std::slice::from_ref(&text))).await;
    }
    assert_eq!(connector.ask(start_commit()).await.name(), "StartedCommit");
    assert_eq!(connector.end().await.code, Some(0));

    let seen = server.seen();
    let writes: Vec<Vec<u64>> =
        seen.iter().filter(|seen| seen.head.starts_with("POST")).map(ids).collect();
    let batches: HashSet<&Vec<u64>> = writes.iter().collect();
    assert!(batches.len() >= 6 && writes.len() >= batches.len() + 4, "{writes:?}");
    // Nothing is left out, and a batch that is repeated isn't overtaken.
    let mut next = 0;
    for batch in &writes {
        assert!(batch[0] <= next && batch.is_sorted(), "{writes:?}");
        next = next.max(batch[batch.len() - 1] + 1);
    }
    assert_eq!(next, count);
    let starts: Vec<u64> = writes.iter().map(|batch| batch[0]).collect();
    assert!(starts.is_sorted(), "{starts:?}");
}
