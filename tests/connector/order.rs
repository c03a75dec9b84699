//! Whatever the order in which a transaction stores keys, the last word on each counts: no
//! request overtakes an earlier one that holds the same key.

use crate::support::connector::Connector;
use crate::support::session::transaction;
use crate::support::task::{
    acknowledge, binding, delete, endpoint, flush, open, start_commit, store, task,
};
use axum::extract::{DefaultBodyLimit, State};
use axum::{Json, Router};
use http::Method;
use materialize_rockset::driver::{self, Limits, Options};
use materialize_rockset::flow::codec::{FrameReader, FrameWriter};
use materialize_rockset::flow::spec::MaterializationSpec;
use materialize_rockset::flow::{Codec, Request, materialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A Rockset that takes any time for a request, stores the documents at any moment of it, and
/// looks at which requests are in flight together.
#[derive(Default)]
struct Slow(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    requests: usize,
    /// Of the documents in requests that are not answered yet.
    in_flight: HashSet<String>,
    /// Documents that came while, or in a request in which, there was another of their `_id`.
    overtaking: Vec<String>,
    /// The documents of all collections, by path and `_id`.
    stored: BTreeMap<String, Value>,
}

async fn some_time() {
    tokio::time::sleep(Duration::from_millis(fastrand::u64(0..6))).await;
}

async fn answer(
    State(slow): State<Arc<Slow>>,
    method: Method,
    uri: http::Uri,
    body: String,
) -> Json<Value> {
    if method == Method::GET {
        let collection = |name: &str| json!({"name": name, "status": "READY"});
        return Json(match uri.path().ends_with("/collections") {
            true => json!({"data": (["c0", "c1"].map(collection))}),
            false => json!({"data": collection("c0")}),
        });
    }
    let body: Value = serde_json::from_str(&body).unwrap();
    let documents = body["data"].as_array().unwrap();
    let name = |document: &Value| format!("{} {}", uri.path(), document["_id"].as_str().unwrap());
    {
        let mut seen = slow.0.lock().unwrap();
        seen.requests += 1;
        for document in documents {
            if !seen.in_flight.insert(name(document)) {
                seen.overtaking.push(name(document));
            }
        }
    }
    some_time().await;
    for document in documents {
        let mut seen = slow.0.lock().unwrap();
        match method == Method::POST {
            true => seen.stored.insert(name(document), document.clone()),
            false => seen.stored.remove(&name(document)),
        };
    }
    some_time().await;
    let mut seen = slow.0.lock().unwrap();
    let status = if method == Method::POST { "ADDED" } else { "DELETED" };
    let statuses = documents.iter().map(|document| {
        seen.in_flight.remove(&name(document));
        json!({"_id": document["_id"], "status": status})
    });
    Json(json!({"data": statuses.collect::<Vec<_>>()}))
}

/// Starts it. It stops with the test's runtime.
async fn slow() -> (Arc<Slow>, String) {
    let slow = Arc::new(Slow::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(answer).layer(DefaultBodyLimit::disable());
    let app = app.with_state(slow.clone());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (slow, url)
}

fn deleting(url: &str, bindings: u32) -> MaterializationSpec {
    let bindings = (0..bindings).map(|n| binding("commons", &format!("c{n}"), &["id"], &["turn"]));
    let mut config = endpoint(url);
    config["hardDelete"] = json!(true);
    MaterializationSpec { config_json: config.to_string().into(), ..task(url, bindings.collect()) }
}

/// What a transaction does with a key of a binding.
#[derive(Debug, Clone, Copy)]
struct Step {
    binding: u32,
    key: i64,
    delete: bool,
}

impl Step {
    fn request(self, turn: usize) -> Request {
        let (key, values) = ([json!(self.key)], [json!(turn)]);
        match self.delete {
            true => delete(self.binding, &key, &values),
            false => store(self.binding, &key, &values),
        }
    }
}

/// Runs the driver through one transaction.
async fn run(url: &str, limits: Limits, steps: &[Step]) {
    let (ours, input) = tokio::io::duplex(1 << 16);
    let (output, theirs) = tokio::io::duplex(1 << 16);
    let driver = tokio::spawn(driver::run_with(
        input,
        output,
        Codec::Proto,
        Options { limits, ..Options::default() },
    ));
    let mut requests = FrameWriter::new(ours, Codec::Proto);
    let mut responses = FrameReader::new(theirs, Codec::Proto);
    let stores = steps.iter().enumerate().map(|(turn, step)| step.request(turn));
    let opening = [open(&deleting(url, 2)), acknowledge(), flush()];
    for request in opening.into_iter().chain(stores).chain([start_commit()]) {
        let request = materialize::Request::from(request);
        requests.write("Request", &request).await.unwrap();
    }
    for _ in ["Opened", "Acknowledged", "Flushed", "StartedCommit"] {
        let answer = responses.next().await.unwrap();
        assert!(answer.is_some(), "the driver ended: {:?}", driver.await);
    }
    drop(requests);
    driver.await.unwrap().unwrap();
}

impl Slow {
    /// Checks that nothing was overtaken, and that what the steps say is stored. Returns how
    /// many requests there were.
    fn check(&self, steps: &[Step]) -> usize {
        let seen = self.0.lock().unwrap();
        assert_eq!(seen.overtaking, [""; 0], "{steps:?}");
        let mut expected = BTreeMap::new();
        for (turn, step) in steps.iter().enumerate() {
            match step.delete {
                true => expected.remove(&(step.binding, step.key)),
                false => expected.insert((step.binding, step.key), turn),
            };
        }
        let number = |value: &Value| value.as_i64().unwrap();
        let stored: BTreeMap<(u32, i64), usize> = seen
            .stored
            .iter()
            .map(|(name, document)| {
                let binding = u32::from(name.contains("/c1/"));
                ((binding, number(&document["id"])), number(&document["turn"]) as usize)
            })
            .collect();
        assert_eq!(stored, expected, "{steps:?}");
        seen.requests
    }
}

#[tokio::test]
async fn no_request_overtakes_another_of_the_same_key() {
    let mut running = Vec::new();
    for seed in 0..60 {
        running.push(tokio::spawn(async move {
            let mut random = fastrand::Rng::with_seed(seed);
            let limits = Limits {
                bytes: [60, 200, 4 << 20][random.usize(..3)],
                documents: random.usize(1..12),
                open: [1, 16 << 20][random.usize(..2)],
            };
            let (keys, descents) = (random.i64(2..40), random.u64(1..4));
            let mut key = 0;
            let steps: Vec<Step> = (0..150)
                .map(|_| {
                    key = match random.u64(..8) < descents {
                        true => random.i64(0..keys),
                        false => (key + random.i64(0..2)) % keys,
                    };
                    Step { binding: random.u32(..2), key, delete: random.u64(..4) == 0 }
                })
                .collect();
            let (slow, url) = slow().await;
            run(&url, limits, &steps).await;
            slow.check(&steps);
        }));
    }
    for running in running {
        running.await.unwrap();
    }
}

#[tokio::test]
async fn a_key_that_is_added_and_then_deleted_is_gone() {
    let (slow, url) = slow().await;
    let mut connector = Connector::start(Codec::Proto);
    connector.ask(open(&deleting(&url, 1))).await;
    let step = |key, delete| Step { binding: 0, key, delete };
    let steps = [step(1, false), step(2, false), step(1, true)];
    for _ in 0..30 {
        let stores = steps.iter().enumerate().map(|(turn, step)| step.request(turn));
        transaction(&mut connector, stores).await;
        slow.check(&steps);
    }
    let steps = [step(1, true), step(2, true), step(1, false), step(2, false), step(1, true)];
    let stores = steps.iter().enumerate().map(|(turn, step)| step.request(turn));
    transaction(&mut connector, stores).await;
    assert_eq!(connector.end().await.code, Some(0));
    slow.check(&steps);
}

/// Keys in no order at all, but each of them once.
#[tokio::test]
async fn requests_are_full_whatever_the_order() {
    let (slow, url) = slow().await;
    let steps: Vec<Step> =
        (0..3_000).map(|n| Step { binding: 0, key: n * 7_919 % 3_000, delete: false }).collect();
    run(&url, Limits { documents: 100, ..Limits::default() }, &steps).await;
    let requests = slow.check(&steps);
    assert!((30..=32).contains(&requests), "{requests}");
}
