//! How Open waits for a collection that is filled from S3.

use crate::support::connector::{Connector, Ended};
use crate::support::scripted::{Answer, Scripted};
use crate::support::task::{binding, configured, open, task};
use materialize_rockset::flow::spec::MaterializationSpec;
use materialize_rockset::flow::{Codec, Request};
use serde_json::{Value, json};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

fn filled_task(url: &str) -> MaterializationSpec {
    let source = json!({"integration": "i", "bucket": "b", "prefix": "p/"});
    let binding = binding("commons", "c", &["id"], &[]);
    let settings = json!({"documentId": "key", "initializeFromS3": source});
    task(url, vec![configured(binding, settings)])
}

fn open_with(task: &MaterializationSpec, state: &Value) -> Request {
    let Request::Open(mut open) = open(task) else { panic!() };
    open.state_json = state.to_string().into();
    Request::Open(open)
}

/// The collection in this status, its source in this state with as many objects.
fn collection(status: &str, state: &str, objects: u64, total: u64) -> Answer {
    Answer::ok(json!({"data": {"name": "c", "status": status, "sources": [
        {"write_api": {}},
        {
            "integration_name": "i",
            "s3": {
                "bucket": "b", "prefix": "p/",
                "object_count_total": total, "object_count_downloaded": objects,
                "object_bytes_total": total << 20, "object_bytes_downloaded": objects << 20,
            },
            "status": {"state": state, "message": "Access Denied for s3://b/p/"},
        },
    ]}}))
}

async fn waited(answers: Vec<Answer>, state: Value) -> (Scripted, Ended) {
    let server = Scripted::start(answers).await;
    let mut connector = Connector::start_hurried(Codec::Proto);
    connector.send(open_with(&filled_task(&server.url), &state)).await;
    // The answer, or none.
    connector.receive().await;
    let ended = connector.end().await;
    (server, ended)
}

fn messages(ended: &Ended, level: &str) -> Vec<String> {
    let records = ended.records();
    let records = records.iter().filter(|record| record["level"] == level);
    records.map(|record| record["message"].as_str().unwrap().to_string()).collect()
}

#[tokio::test]
async fn it_waits_for_the_status_and_for_every_object() {
    let mut steps = vec![
        collection("CREATED", "INITIALIZING", 0, 0),
        collection("PREPARING_BULK", "INITIALIZING", 0, 0),
    ];
    // Long enough for another report.
    steps.extend(vec![collection("BULK_INGEST_MODE", "PROCESSING", 1, 4); 15]);
    steps.extend([
        // READY before the source has been read to its end.
        collection("READY", "PROCESSING", 3, 4),
        Answer::error(429, "RATELIMITEXCEEDED"),
        Answer::error(503, "INTERNALERROR"),
        // All that it has seen so far, while it goes on looking.
        collection("READY", "PROCESSING", 4, 4),
        collection("BULK_INGEST_MODE", "WATCHING", 5, 5),
        collection("READY", "WATCHING", 5, 5),
    ]);
    let count = steps.len();
    let (server, ended) = waited(steps, json!({})).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(server.seen().len(), count, "it looks no more once all is there");
    let said = messages(&ended, "info");
    assert_eq!(said[0], "filling the collection from S3: 0 of 0 objects, 0 B of 0 B");
    let next = "filling the collection from S3: 1 of 4 objects, 1.0 MiB of 4.0 MiB, ";
    assert!(said[1].starts_with(next), "{said:?}");
    assert!(said[1].contains(" left") && said[1].contains("/s, about "), "{said:?}");
    assert_eq!(said[said.len() - 2], "the collection is filled from S3: 5 objects, 5.0 MiB");
    let statuses = ended.statuses();
    assert_eq!(statuses[0], "filling from S3: 0 of 0 objects");
    assert_eq!(statuses[1], "filling from S3: 1 of 4 objects");
    assert_eq!(statuses.last().unwrap(), "Running");
}

/// An outage that is longer than any call is repeated.
#[tokio::test]
async fn an_outage_does_not_end_a_long_wait() {
    let begun = Instant::now();
    // What takes ten minutes takes six seconds here.
    let server = Scripted::answering(move |turn, _| match begun.elapsed().as_millis() {
        _ if turn == 0 => collection("BULK_INGEST_MODE", "PROCESSING", 1, 4),
        0..7_500 if turn % 2 == 0 => Answer::Reset,
        0..7_500 => Answer::error(503, "SERVICEUNAVAILABLE"),
        _ => collection("READY", "WATCHING", 4, 4),
    })
    .await;
    let mut connector = Connector::start_hurried(Codec::Proto);
    assert_eq!(connector.ask(open(&filled_task(&server.url))).await.name(), "Opened");
    let ended = connector.end().await;
    let warnings = messages(&ended, "warn");
    let outage = "Rockset does not say how far the collection is; asking again";
    assert!(warnings.iter().any(|warning| warning == outage), "{warnings:?}");
}

/// A runtime that has gone leaves nothing behind that waits for ever.
#[tokio::test]
async fn the_input_may_end_while_it_waits() {
    let server = Scripted::start(vec![collection("BULK_INGEST_MODE", "PROCESSING", 1, 4)]).await;
    let mut connector = Connector::start_hurried(Codec::Proto);
    connector.send(open(&filled_task(&server.url))).await;
    let ended = connector.end().await;
    assert_eq!((ended.code, ended.stdout.len()), (Some(0), 0), "{ended:?}");
    let said = messages(&ended, "info");
    assert_eq!(said.last().unwrap(), "the input ended while Open waited");
}

/// What a connector has waited for is not lost with it.
#[tokio::test]
async fn a_restart_goes_on_waiting() {
    let all_is_in: &'static AtomicBool = Box::leak(Box::default());
    let server = Scripted::answering(|_, _| match all_is_in.load(Ordering::SeqCst) {
        true => collection("READY", "WATCHING", 4, 4),
        false => collection("BULK_INGEST_MODE", "PROCESSING", 1, 4),
    })
    .await;
    let task = filled_task(&server.url);
    for _ in 0..2 {
        let mut connector = Connector::start_hurried(Codec::Proto);
        connector.send(open(&task)).await;
        let early = tokio::time::timeout(Duration::from_millis(300), connector.receive()).await;
        assert!(early.is_err(), "{early:?}");
        // Dropped, it's killed.
    }
    all_is_in.store(true, Ordering::SeqCst);
    let mut connector = Connector::start_hurried(Codec::Proto);
    assert_eq!(connector.ask(open(&task)).await.name(), "Opened");
}

/// A task of bindings that are filled, by workspace and collection.
fn filled_bindings(url: &str, names: &[(&str, &str)]) -> MaterializationSpec {
    let source = json!({"integration": "i", "bucket": "b", "prefix": "p/"});
    let bindings = names.iter().map(|(workspace, name)| {
        let binding = binding(workspace, name, &["id"], &[]);
        configured(binding, json!({"initializeFromS3": source}))
    });
    task(url, bindings.collect())
}

/// The first collection is ready only when the second has been asked for, and the other
/// way round.
#[tokio::test]
async fn no_workspace_waits_for_another() {
    let asked: &'static [AtomicBool; 2] = Box::leak(Box::default());
    let server = Scripted::answering(|_, request| {
        let other = usize::from(request.head.contains("/ws/first/"));
        asked[1 - other].store(true, Ordering::SeqCst);
        match asked[other].load(Ordering::SeqCst) {
            true => collection("READY", "WATCHING", 1, 1),
            false => collection("READY", "PROCESSING", 0, 1),
        }
    })
    .await;
    let task = filled_bindings(&server.url, &[("first", "c"), ("second", "c")]);
    let mut connector = Connector::start_hurried(Codec::Proto);
    assert_eq!(connector.ask(open(&task)).await.name(), "Opened");
}

/// Collections of a workspace, each with its name and how many of 4 objects are in.
fn collections(of: &[(&str, u64)]) -> Answer {
    let shown = of.iter().map(|(name, objects)| {
        let state = if *objects == 4 { "WATCHING" } else { "PROCESSING" };
        let Answer::Http(_, _, body) = collection("READY", state, *objects, 4) else { panic!() };
        let mut shown = serde_json::from_str::<Value>(&body).unwrap()["data"].take();
        shown["name"] = json!(name);
        shown
    });
    Answer::ok(json!({"data": shown.collect::<Value>()}))
}

#[tokio::test]
async fn one_read_tells_of_all_collections_of_a_workspace() {
    let server = Scripted::start(vec![
        collections(&[("a", 1), ("b", 2), ("c", 3), ("another", 0)]),
        Answer::error(503, "INTERNALERROR"),
        collections(&[("a", 4), ("b", 3), ("c", 3)]),
        collections(&[("a", 4), ("b", 4), ("c", 3)]),
        // Only one is left.
        collection("READY", "WATCHING", 4, 4),
    ])
    .await;
    let task = filled_bindings(&server.url, &[("w", "a"), ("w", "b"), ("w", "c")]);
    let mut connector = Connector::start_hurried(Codec::Proto);
    assert_eq!(connector.ask(open(&task)).await.name(), "Opened");
    let ended = connector.end().await;
    let list = "GET /v1/orgs/self/ws/w/collections";
    let seen = server.seen();
    let seen: Vec<&str> =
        seen.iter().map(|seen| seen.head.split(" HTTP").next().unwrap()).collect();
    assert_eq!(seen, [list, list, list, list, &format!("{list}/c")]);
    let done = "the collection is filled from S3: 4 objects, 4.0 MiB";
    let done: Vec<Value> =
        ended.records().into_iter().filter(|record| record["message"] == done).collect();
    let of: Vec<&Value> = done.iter().map(|record| &record["collection"]).collect();
    assert_eq!(of, ["w.a", "w.b", "w.c"]);
}

/// A list that leaves a collection out doesn't end a task.
#[tokio::test]
async fn what_a_list_leaves_out_is_looked_at() {
    let server = Scripted::answering(|_, request| match request.head.split(" HTTP").next() {
        Some("GET /v1/orgs/self/ws/w/collections/b") => collection("READY", "WATCHING", 4, 4),
        Some("GET /v1/orgs/self/ws/w/collections") => collections(&[("a", 4)]),
        _ => Answer::error(404, "NOTFOUND"),
    })
    .await;
    let names = [("w", "a"), ("w", "b")];
    let mut connector = Connector::start_hurried(Codec::Proto);
    let task = filled_bindings(&server.url, &names);
    assert_eq!(connector.ask(open(&task)).await.name(), "Opened");

    let task = filled_bindings(&server.url, &[names[0], ("w", "c")]);
    let mut connector = Connector::start_hurried(Codec::Proto);
    connector.send(open(&task)).await;
    assert_eq!(
        connector.end().await.error(),
        "Open: bindings[1]: collection w.c does not exist; publish the task again, so that it is \
         created"
    );
}

/// What the platform shows, whatever is logged.
#[tokio::test]
async fn a_status_tells_what_is_waited_for() {
    // Rockset goes on when it has been looked at for long enough to show what it said.
    let phase: Mutex<(u64, Option<Instant>, u32)> = Mutex::default();
    let server = Scripted::answering(move |_, request| {
        let mut phase = phase.lock().unwrap();
        let looked_at = phase.1.get_or_insert_with(Instant::now).elapsed();
        phase.2 += 1;
        if looked_at > Duration::from_millis(700) && phase.2 > 6 {
            *phase = (phase.0 + 1, Some(Instant::now()), 0);
        }
        let (objects, status) = match phase.0 {
            0 => (1_002, "CREATED"),
            1 => (1_003, "READY"),
            _ => (1_204, "READY"),
        };
        let plain = |name| json!({"name": name, "status": status});
        let filled = collection("READY", "WATCHING", objects, 1_204);
        match request.head.split(" HTTP").next().unwrap() {
            "GET /v1/orgs/self/ws/w/collections/a" => filled,
            "GET /v1/orgs/self/ws/v/collections" => {
                Answer::ok(json!({"data": [plain("p"), plain("q")]}))
            }
            _ => Answer::error(404, "NOTFOUND"),
        }
    })
    .await;
    let mut task = filled_bindings(&server.url, &[("w", "a")]);
    task.bindings.extend(["p", "q"].map(|name| binding("v", name, &["id"], &[])));
    let mut connector = Connector::start_hurried_with(Codec::Proto, &[("LOG_LEVEL", "error")]);
    assert_eq!(connector.ask(open(&task)).await.name(), "Opened");
    let ended = connector.end().await;
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.records(), [] as [Value; 0]);
    let statuses = ended.statuses();
    for expected in [
        "filling from S3: 1,002 of 1,204 objects; waiting for 2 other collections to be READY",
        "filling from S3: 1,003 of 1,204 objects",
    ] {
        assert!(statuses.iter().any(|status| status == expected), "{statuses:?}");
    }
    assert_eq!(statuses.last().unwrap(), "Running");
}

/// People who read the log get it without them.
#[tokio::test]
async fn only_the_platform_gets_statuses() {
    let server = Scripted::start(vec![collection("READY", "WATCHING", 4, 4)]).await;
    let mut connector = Connector::start_hurried_with(Codec::Proto, &[("LOG_FORMAT", "text")]);
    assert_eq!(connector.ask(open(&filled_task(&server.url))).await.name(), "Opened");
    assert!(!connector.end().await.stderr.contains("Running"));
}

#[tokio::test]
async fn a_collection_that_is_not_ready_is_named() {
    let plain = |status: &str| Answer::ok(json!({"data": {"name": "c", "status": status}}));
    let server = Scripted::start(vec![plain("CREATED"), plain("CREATED"), plain("READY")]).await;
    let task = task(&server.url, vec![binding("commons", "c", &["id"], &[])]);
    let mut connector = Connector::start_hurried(Codec::Proto);
    assert_eq!(connector.ask(open(&task)).await.name(), "Opened");
    assert_eq!(
        connector.end().await.statuses(),
        ["waiting for collection commons.c to be READY", "Running"]
    );
}

#[tokio::test]
async fn a_source_that_fails_ends_the_waiting_with_its_message() {
    for state in ["ERROR", "SUSPENDED"] {
        let steps = vec![collection("READY", "PROCESSING", 1, 2), collection("READY", state, 1, 2)];
        let (_, ended) = waited(steps, json!({})).await;
        assert_eq!(ended.code, Some(1));
        assert_eq!(
            ended.error(),
            format!(
                "Open: bindings[0]: collection commons.c can't be filled from s3://b/p/ through \
                 integration i: its source is in {state}: Access Denied for s3://b/p/; correct in \
                 Rockset what it names, and the task goes on by itself"
            )
        );
    }
}

#[tokio::test]
async fn a_collection_without_the_source_is_refused() {
    let plain = Answer::ok(json!({"data": {"name": "c", "status": "READY", "sources": []}}));
    let (_, ended) = waited(vec![plain], json!({})).await;
    assert_eq!(ended.code, Some(1));
    assert_eq!(
        ended.error(),
        "Open: bindings[0]: collection commons.c has no source that reads s3://b/p/ through \
         integration i; backfill the binding to create the collection anew, or leave \
         initializeFromS3 out"
    );
}

/// Waits until the log has a warning, while Rockset says the same again and again.
async fn warning(answer: Answer, state: Value) -> String {
    // After a while, Rockset has it all.
    let server = Scripted::answering(move |turn, _| match turn {
        0..30 => answer.clone(),
        _ => collection("READY", "WATCHING", 9, 9),
    })
    .await;
    let mut connector = Connector::start_hurried(Codec::Proto);
    connector.send(open_with(&filled_task(&server.url), &state)).await;
    assert_eq!(connector.receive().await.unwrap().name(), "Opened");
    let ended = connector.end().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    messages(&ended, "warn").first().unwrap_or_else(|| panic!("{}", ended.stderr)).clone()
}

#[tokio::test]
async fn a_standstill_is_not_silent() {
    let (too_small, nothing, too_few) = tokio::join!(
        warning(collection("BULK_INGEST_MODE", "PROCESSING", 0, 3), json!({})),
        warning(collection("READY", "PROCESSING", 0, 0), json!({})),
        warning(collection("READY", "WATCHING", 3, 3), json!({"fileCounts": {"p": 8}})),
    );
    assert_eq!(
        too_small,
        "nothing moves: the likely cause is a virtual instance that is too small: shared ones \
         never start a bulk ingest; use a larger, dedicated one"
    );
    assert_eq!(
        nothing,
        "nothing moves: Rockset has seen no object in s3://b/p/ through integration i: check that \
         bucket and prefix are right, and that the integration may list them"
    );
    assert_eq!(
        too_few,
        "nothing moves: Rockset has seen 3 of the 9 files that were written: check that \
         s3://b/p/ through integration i is where they are, and that they are there"
    );
}

#[tokio::test]
async fn an_empty_bucket_is_said_to_be_empty() {
    let (_, ended) = waited(vec![collection("READY", "WATCHING", 0, 0)], json!({})).await;
    assert_eq!(ended.code, Some(0));
    assert_eq!(
        messages(&ended, "warn"),
        ["there is no object in s3://b/p/ through integration i, so the collection begins empty"]
    );
}

/// Its bucket may be gone.
#[tokio::test]
async fn once_written_to_it_is_not_waited_for_again() {
    let state = json!({"version": 1, "backfills": {}, "reported": {}, "loaded": {"commons.c": 0}});
    let (server, ended) = waited(vec![collection("READY", "ERROR", 0, 3)], state).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(server.seen().len(), 1);
}

/// A shard that doesn't run Apply has not been told, but sees it by the counter.
#[tokio::test]
async fn created_anew_it_is_waited_for_again() {
    let state = json!({"version": 1, "backfills": {}, "reported": {}, "loaded": {"commons.c": 0}});
    let steps = [collection("READY", "PROCESSING", 1, 2), collection("READY", "WATCHING", 2, 2)];
    let server = Scripted::start(steps.into()).await;
    let mut task = filled_task(&server.url);
    task.bindings[0].backfill = 1;
    let mut connector = Connector::start_hurried(Codec::Proto);
    assert_eq!(connector.ask(open_with(&task, &state)).await.name(), "Opened");
    assert_eq!(server.seen().len(), 2);
}
