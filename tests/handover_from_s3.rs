//! The whole hand-over: Parquet files in a real S3 server, a local Rockset that reads them,
//! and a task that waits for them and goes on where they end.

#![cfg(feature = "engine")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use materialize_rockset::flow::consumer::{Checkpoint, checkpoint};
use materialize_rockset::local::{Options, S3 as Reading};
use prost::Message as _;
use serde_json::{Value, json};
use std::time::Duration;
use support::local::{Local, options};
use support::parquet;
use support::preview::Preview;
use support::s3::S3;

const FILES: usize = 5;
/// Updates in a file.
const ROWS: usize = 400;
/// Every key is updated many times, in every file.
const KEYS: usize = 90;

/// A task that is filled from this prefix, and then from the fixture.
fn preview(url: &str, prefix: &str, state: &Value) -> Preview {
    let catalog = json!({
        "collections": {"acmeCo/updates": {
            "key": ["/id"],
            "schema": {
                "type": "object",
                "properties": {
                    "id": {"type": "integer"},
                    "update": {"type": "integer"},
                    "name": {"type": ["string", "null"]},
                },
                "required": ["id", "update"],
            },
        }},
        "materializations": {"acmeCo/files": {
            "endpoint": {"connector": {
                "image": "any", "config": {"api_key": "key", "region_base_url": url},
            }},
            "bindings": [{
                "source": "acmeCo/updates",
                "resource": {
                    "workspace": "commons",
                    "collection": "c",
                    "documentId": "key",
                    "initializeFromS3": {
                        "integration": "i", "bucket": "files", "prefix": prefix,
                    },
                },
            }],
        }},
    });
    // JSON is YAML.
    Preview::new(&catalog.to_string()).arguments(&["--initial-state", &state.to_string()])
}

/// What Flow writes after the files: later updates of some keys, and keys that are new.
fn fixture() -> String {
    let from = FILES * ROWS;
    let document = |update: usize, id: usize| {
        json!(["acmeCo/updates", {"id": id, "update": update, "name": "from Flow"}]).to_string()
    };
    let first = (0..50).map(|n| document(from + n, n));
    let second = (0..20).map(|n| document(from + 50 + n, KEYS + n)).chain([document(from + 70, 3)]);
    let commit = || [json!({"commit": true}).to_string()];
    first.chain(commit()).chain(second).chain(commit()).collect::<Vec<_>>().join("\n")
}

/// The newest update of every key.
fn newest() -> Vec<(String, usize, bool)> {
    let from = FILES * ROWS;
    let mut newest: Vec<(String, usize, bool)> = (0..KEYS + 20)
        .map(|id| match id {
            3 => (id, from + 70, true),
            0..50 => (id, from + id, true),
            50..KEYS => (id, (0..from).rev().find(|update| update % KEYS == id).unwrap(), false),
            _ => (id, from + 50 + id - KEYS, true),
        })
        .map(|(id, update, from_flow)| (id.to_string(), update, from_flow))
        .collect();
    newest.sort();
    newest
}

async fn hands_over(prefix: &str, name: impl Fn(usize) -> String, state: Value) {
    let poll = Duration::from_millis(20);
    let local = Local::with(Options { s3: Reading { poll, ..Reading::default() }, ..options() });
    let s3 = S3::start(&["files"]).await;
    local.integrate(&s3).await;
    let put = |file: usize| {
        s3.put("files", &name(file), parquet::packed(file * ROWS, ROWS, KEYS));
    };
    (0..3).for_each(put);

    let preview = preview(&local.server.url(), prefix, &state).fixture(&fixture());
    let mut running = preview.start_own();
    // It waits for files that are still to come, and writes nothing meanwhile.
    while local.get(support::local::C).await.status != 200 {
        tokio::time::sleep(poll).await;
    }
    local.objects_read(3).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(running.try_wait().unwrap().is_none(), "it did not wait");
    assert!(local.documents().await.iter().all(|document| document["name"] != "from Flow"));
    (3..FILES).for_each(put);

    let ended = tokio::task::spawn_blocking(move || preview.end(running)).await.unwrap();
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
    assert!(ended.stderr.contains("filling the collection from S3"), "{}", ended.stderr);
    let found: Vec<(String, usize, bool)> = local
        .documents()
        .await
        .iter()
        .map(|document| {
            let id = document["_id"].as_str().unwrap();
            assert_eq!(document["id"].to_string(), id, "{document}");
            let update = document["update"].as_u64().unwrap() as usize;
            (id.to_string(), update, document["name"] == "from Flow")
        })
        .collect();
    assert_eq!(found, newest(), "every key once, with its newest document");
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_state_of_today() {
    let path = "acmeCo/updates";
    let state = json!({
        "fileCounts": {path.replace('/', "%2F"): FILES - 1}, "uploads": {path.replace('/', "%2F"): []},
    });
    hands_over(
        &format!("out/{path}/"),
        |file| format!("out/{path}/v0000000000/{file:020}.parquet"),
        state,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_state_until_2023() {
    let source = checkpoint::Source { read_through: 123, ..Default::default() };
    let sources = [("acmeCo/updates/pivot=00".to_string(), source)].into();
    let checkpoint = Checkpoint { sources, ..Checkpoint::default() }.encode_to_vec();
    let state = json!({
        "b64EncodedFlowCheckpoint": STANDARD.encode(checkpoint), "nextSeqNumList": [FILES],
    });
    hands_over("updates/", |file| format!("updates/00000000_ffffffff_{file}.parquet"), state).await;
}
