//! The whole hand-over: Parquet files in a real S3 server, a local Rockset that reads them,
//! and a task that waits for them and goes on where they end.

use crate::support::local::{Local, options};
use crate::support::parquet;
use crate::support::preview::Preview;
use crate::support::s3::S3;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use materialize_rockset::flow::consumer::Checkpoint;
use materialize_rockset::local::{Options, S3 as Reading};
use prost::Message as _;
use serde_json::{Value, json};
use std::time::Duration;

const FILES: usize = 5;
/// Updates in a file.
const ROWS: usize = 400;
/// Every key is updated many times, in every file.
const KEYS: usize = 90;
const WRITTEN: usize = FILES * ROWS;
/// The name of documents that are in the files, and mustn't come from Flow once more.
const TWICE: &str = "read twice";

/// The task with this connector. JSON is YAML.
fn catalog(image: &str, config: Value, resource: Value) -> String {
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
            "endpoint": {"connector": {"image": image, "config": config}},
            "bindings": [{"source": "acmeCo/updates", "resource": resource}],
        }},
    });
    catalog.to_string()
}

fn line(update: usize, id: usize, name: &str) -> String {
    json!(["acmeCo/updates", {"id": id, "update": update, "name": name}]).to_string()
}

/// What the other connector wrote to the files, one a transaction.
fn written() -> Vec<String> {
    let commit = json!({"commit": true}).to_string();
    let of = |n: usize| {
        let ends = (n % ROWS == ROWS - 1).then(|| commit.clone());
        [line(n, n % KEYS, TWICE)].into_iter().chain(ends)
    };
    (0..WRITTEN).flat_map(of).collect()
}

/// The same, and what comes after it: later updates of some keys, and keys that are new.
fn all() -> String {
    let later = |update: usize, id: usize| line(WRITTEN + update, id, "from Flow");
    let first = (0..50).map(|n| later(n, n));
    let second = (0..20).map(|n| later(50 + n, KEYS + n)).chain([later(70, 3)]);
    let commit = || [json!({"commit": true}).to_string()];
    let lines = written().into_iter().chain(first).chain(commit()).chain(second).chain(commit());
    lines.collect::<Vec<_>>().join("\n")
}

/// What is left of the S3 materialization: its specification, and the last checkpoint.
struct Before {
    materialization: Value,
    checkpoint: Value,
}

impl Before {
    /// Materializes what the files have, with a connector that names its resources as
    /// materialize-s3-parquet does.
    fn of(prefix: &str, path: &str) -> Self {
        let config = json!({"bucket": "files", "region": "us-east-1", "prefix": prefix});
        let image = "ghcr.io/estuary/materialize-s3-parquet:v1";
        let ended = Preview::new(&catalog(image, config, json!({"path": path})))
            .fixture(&written().join("\n"))
            .scenario(json!({"names": "path"}))
            .arguments(&["--output-materialization", "--output-checkpoint"])
            .run()
            .ok();
        let last = |name: &str| ended.lines(name).pop().unwrap();
        Self { materialization: last("materialization"), checkpoint: last("runtimeCheckpoint") }
    }

    fn binding(&self) -> &Value {
        &self.materialization["bindings"][0]
    }

    /// The task of the same name, which is filled from this prefix. Each of its transactions
    /// is a publication of its own.
    fn then(&self, url: &str, prefix: &str, state: &Value) -> Preview {
        let resource = json!({
            "workspace": "commons",
            "collection": "c",
            "documentId": "key",
            "initializeFromS3": {"integration": "i", "bucket": "files", "prefix": prefix},
        });
        let config = json!({"api_key": "key", "region_base_url": url});
        let preview = Preview::new(&catalog("any", config, resource))
            .file("last.json", &self.materialization.to_string())
            .fixture(&all());
        let last = preview.path("last.json").display().to_string();
        preview.arguments(&[
            "--initial-state",
            &state.to_string(),
            "--last-materialization",
            &last,
            "--sessions",
            "1,-1",
            "--output-materialization",
            "--output-state",
        ])
    }
}

/// The newest update of every key.
fn newest() -> Vec<(String, usize, bool)> {
    let in_files = |id| (0..WRITTEN).rev().find(|update| update % KEYS == id).unwrap();
    let mut newest: Vec<(String, usize, bool)> = (0..KEYS + 20)
        .map(|id| match id {
            3 => (id, WRITTEN + 70, true),
            0..50 => (id, WRITTEN + id, true),
            50..KEYS => (id, in_files(id), false),
            _ => (id, WRITTEN + 50 + id - KEYS, true),
        })
        .map(|(id, update, from_flow)| (id.to_string(), update, from_flow))
        .collect();
    newest.sort();
    newest
}

async fn hands_over(
    before: Before,
    prefix: &str,
    name: impl Fn(usize) -> String,
    state: Value,
    arguments: &[&str],
) {
    let poll = Duration::from_millis(20);
    let local = Local::with(Options { s3: Reading { poll, ..Reading::default() }, ..options() });
    let s3 = S3::start(&["files"]).await;
    local.integrate(&s3).await;
    let put = |file: usize| {
        s3.put("files", &name(file), parquet::packed(file * ROWS, ROWS, KEYS));
    };
    (0..3).for_each(put);

    let preview = before.then(&local.server.url(), prefix, &state).arguments(arguments);
    let mut running = preview.start_own();
    // It waits for files that are still to come, and writes nothing meanwhile.
    while local.get(crate::support::local::C).await.status != 200 {
        tokio::time::sleep(poll).await;
    }
    local.objects_read(3).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(running.try_wait().unwrap().is_none(), "it did not wait");
    assert!(local.documents().await.iter().all(|document| document["name"] != "from Flow"));
    (3..FILES).for_each(put);

    let ended = tokio::task::spawn_blocking(move || preview.end(running)).await.unwrap();
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
    for words in [
        "filling the collection from S3",
        "binding 0 (acmeCo/updates) reads on after 2,000 documents",
        "71 documents, 71 stores",
        "skipped 2,000 documents: the checkpoint is beyond them",
    ] {
        assert!(ended.stderr.contains(words), "{words:?} is not in: {}", ended.stderr);
    }
    // Two publications, and both are of the resource that was there before.
    let published = ended.lines("materialization");
    assert_eq!(published.len(), 2);
    for materialization in published {
        let binding = &materialization["bindings"][0];
        for key in ["resourcePath", "stateKey", "journalReadSuffix"] {
            assert_eq!(binding[key], before.binding()[key]);
        }
        assert_eq!(materialization.get("inactiveBindings"), None);
    }
    // What the other connector left is gone with the first commit.
    let committed = &ended.lines("connectorState")[1]["updated"];
    assert!(committed.is_object(), "{}", ended.stdout);
    for key in state.as_object().unwrap().keys() {
        assert!(committed[key].is_null(), "{committed}");
    }
    let found: Vec<(String, usize, bool)> = local
        .documents()
        .await
        .iter()
        .map(|document| {
            let id = document["_id"].as_str().unwrap();
            assert_eq!(document["id"].to_string(), id, "{document}");
            assert_ne!(document["name"], TWICE, "{document}");
            let update = document["update"].as_u64().unwrap() as usize;
            (id.to_string(), update, document["name"] == "from Flow")
        })
        .collect();
    assert_eq!(found, newest(), "every key once, with its newest document");
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_state_of_today() {
    let path = "acmeCo/updates";
    let before = Before::of("out", path);
    let key = before.binding()["stateKey"].as_str().unwrap();
    let state = json!({"fileCounts": {key: FILES - 1}, "uploads": {key: []}});
    let checkpoint = before.checkpoint.to_string();
    hands_over(
        before,
        &format!("out/{path}/"),
        |file| format!("out/{path}/v0000000000/{file:020}.parquet"),
        state,
        &["--initial-checkpoint", &checkpoint],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_state_until_2023() {
    let before = Before::of("", "updates/");
    // The connector kept the checkpoint itself, and the recovery log says nothing of it.
    let checkpoint: Checkpoint = serde_json::from_value(before.checkpoint.clone()).unwrap();
    assert_eq!(checkpoint.sources.len(), 1);
    let state = json!({
        "b64EncodedFlowCheckpoint": STANDARD.encode(checkpoint.encode_to_vec()),
        "nextSeqNumList": [FILES],
    });
    hands_over(
        before,
        "updates/",
        |file| format!("updates/00000000_ffffffff_{file}.parquet"),
        state,
        &[],
    )
    .await;
}
