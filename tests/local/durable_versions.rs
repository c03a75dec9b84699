//! Stores that earlier versions of the local Rockset have written.

use crate::support::local::{Local, options};
use materialize_rockset::local::{Data, Options};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// A store of version 1: a checkpoint with two segments, and a log after it.
const VERSION_1: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/local/stores/version-1");

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        match path.is_dir() {
            true => copy(&path, &to),
            false => drop(fs::copy(&path, &to).unwrap()),
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// What the fields of the documents in the store are, by `_id`.
fn documents() -> BTreeMap<String, Value> {
    let of = |n: i64| match n {
        10..15 => json!({ "n": -n }),
        _ => json!({"n": n, "text": format!("é{n}")}),
    };
    let numbered = (10..100).map(|n| (format!("{n:03}"), of(n)));
    numbered.chain([("log".to_string(), json!({"n": 1_000}))]).collect()
}

async fn check(local: &Local, expected: &BTreeMap<String, Value>) {
    let page = local.get("/local/ws/commons/collections/c/docs?limit=1000").await;
    let found = page.data().as_array().unwrap().iter().map(|document| {
        let mut fields = document.as_object().unwrap().clone();
        fields.remove("_event_time").unwrap();
        let id = fields.remove("_id").unwrap().as_str().unwrap().to_string();
        (id, Value::Object(fields))
    });
    assert_eq!(&found.collect::<BTreeMap<_, _>>(), expected);
    let sum: i64 = expected.values().map(|fields| fields["n"].as_i64().unwrap()).sum();
    let query = json!({"sql": {"query": "SELECT SUM(n) AS n FROM c"}});
    let summed = local.post("/v1/orgs/self/queries", query).await;
    assert_eq!(summed.body["results"], json!([{ "n": sum }]), "{summed:?}");
}

/// Whether all segments are of the present version, with their fields in objects of their own.
fn is_present(root: &Path) -> bool {
    let (segments, texts) = (files(&root.join("segment")), files(&root.join("texts")));
    // The version is in byte 8. An object may be deleted meanwhile.
    let is_new = |path: &PathBuf| fs::read(path).is_ok_and(|content| content.get(8) == Some(&2));
    !segments.is_empty() && segments.len() == texts.len() && segments.iter().all(is_new)
}

#[tokio::test]
async fn a_store_of_version_1_is_read_and_brought_to_the_present_one() {
    let root = TempDir::new().unwrap();
    copy(Path::new(VERSION_1), root.path());
    let place = Some(root.path().display().to_string());
    let data = Data { place, checkpoint_every: 1, ..Data::default() };
    let options = Options { data, ..options() };
    let mut expected = documents();

    let local = Local::with(options.clone());
    check(&local, &expected).await;
    local.add(json!([{"_id": "new", "n": 5}])).await.data();
    expected.insert("new".to_string(), json!({"n": 5}));
    while !is_present(root.path()) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    check(&local, &expected).await;
    let Local { mut server, http } = local;
    drop(http);
    server.stop();
    server.stopped().await.unwrap();

    check(&Local::with(options), &expected).await;
}
