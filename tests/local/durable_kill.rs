//! A local Rockset with a store that is killed at any moment: what it has acknowledged is there.
//!
//! `KILLS` is the number of moments, and `SEED` the first of their seeds.

use crate::support::process::Process;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const WS: &str = "/v1/orgs/self/ws/commons/collections";

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Kills of one store.
const KILLS_OF_A_STORE: usize = 5;

/// Rows of an object that is ingested.
const ROWS: usize = 40;

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap())
}

/// What a collection should hold: the fields of each document by `_id`; nothing if there is no
/// collection.
type Documents = Option<BTreeMap<String, Value>>;

/// A client that writes to a collection of its own, and knows what should be there.
struct Writer {
    collection: String,
    random: fastrand::Rng,
    acknowledged: Documents,
    /// What is there if the request without an answer was executed.
    pending: Option<Documents>,
}

impl Writer {
    fn new(name: &str, seed: u64) -> Self {
        let random = fastrand::Rng::with_seed(seed);
        Self { collection: name.to_string(), random, acknowledged: None, pending: None }
    }

    /// Writes until the process is gone.
    async fn write(&mut self, process: &Process, acknowledged: &AtomicUsize) {
        loop {
            let (method, path, body, after) = self.request();
            self.pending = Some(after.clone());
            match process.try_send(method, &path, &body).await {
                None => return,
                Some(sent) => assert_eq!(sent.status, 200, "{path}: {sent:?}"),
            }
            self.acknowledged = after;
            self.pending = None;
            acknowledged.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// A request, and what the collection should hold after it.
    fn request(&mut self) -> (Method, String, Value, Documents) {
        let own = format!("{WS}/{}", self.collection);
        let docs = format!("{own}/docs");
        let Some(before) = &self.acknowledged else {
            let body = json!({"name": self.collection});
            return (Method::POST, WS.to_string(), body, Some(BTreeMap::new()));
        };
        let mut after = before.clone();
        let random = &mut self.random;
        match random.u32(..100) {
            0..3 => (Method::DELETE, own, json!({}), None),
            3..70 => {
                let count = 1 << random.u32(..7);
                let mut sent = Vec::new();
                for _ in 0..count {
                    let id = random.u32(..300).to_string();
                    let text = "é".repeat(random.usize(..200));
                    let document = json!({"_id": id, "n": random.u64(..), "text": text});
                    after.insert(id, document.clone());
                    sent.push(document);
                }
                (Method::POST, docs, json!({"data": sent}), Some(after))
            }
            70..85 => {
                let ids: Vec<&String> = before.keys().filter(|_| random.u32(..4) == 0).collect();
                let mut data = vec![json!({"_id": "none"})];
                data.extend(ids.iter().map(|id| json!({"_id": id})));
                ids.iter().for_each(|id| drop(after.remove(*id)));
                (Method::DELETE, docs, json!({"data": data}), Some(after))
            }
            _ => {
                let nothing = json!([{"op": "add", "path": "/n", "value": 0}]);
                let mut data = vec![json!({"_id": "none", "patch": nothing})];
                for (id, document) in &mut after {
                    if random.u32(..8) > 0 {
                        continue;
                    }
                    let n = random.u64(..);
                    document["n"] = json!(n);
                    let patch = json!([{"op": "replace", "path": "/n", "value": n}]);
                    data.push(json!({"_id": id, "patch": patch}));
                }
                (Method::PATCH, docs, json!({"data": data}), Some(after))
            }
        }
    }

    /// Checks that the collection holds what was acknowledged, or that and the whole last request.
    async fn check(&mut self, process: &Process) {
        let found = documents(process, &self.collection).await;
        let is_good = found == self.acknowledged || self.pending.as_ref() == Some(&found);
        assert!(is_good, "{found:?} is neither {:?} nor {:?}", self.acknowledged, self.pending);
        self.acknowledged = found;
        self.pending = None;
    }
}

async fn documents(process: &Process, collection: &str) -> Documents {
    let path = format!("/local/ws/commons/collections/{collection}/docs?limit=10000");
    let page = process.get(&path).await;
    if page.status == 404 {
        return None;
    }
    assert!(page.body["next"].is_null());
    let documents = page.data().as_array().unwrap().iter().cloned();
    let fields = |mut document: Value| {
        let fields = document.as_object_mut().unwrap();
        fields.remove("_event_time").unwrap();
        fields.remove("_meta");
        (fields["_id"].as_str().unwrap().to_string(), document)
    };
    Some(documents.map(fields).collect())
}

/// A bucket that grows.
struct Bucket<'a> {
    directory: &'a Path,
    objects: usize,
}

impl Bucket<'_> {
    fn grow(&mut self, objects: usize) {
        for _ in 0..objects {
            let rows = (0..ROWS).map(|row| json!({"n": self.objects * ROWS + row}).to_string());
            // The last row of some is no JSON, and becomes a document that says so.
            let bad = if self.objects.is_multiple_of(5) { "\n{\"n\": " } else { "" };
            let text = rows.collect::<Vec<_>>().join("\n") + bad;
            let path = self.directory.join("files").join(format!("{:05}.jsonl", self.objects));
            let unfinished = self.directory.join("unfinished");
            std::fs::write(&unfinished, text).unwrap();
            std::fs::rename(unfinished, path).unwrap();
            self.objects += 1;
        }
    }

    /// Checks that no row was ingested twice, and returns the number of rows that were.
    async fn check(&self, process: &Process) -> usize {
        let Some(found) = documents(process, "ingested").await else { return 0 };
        let mut rows = BTreeSet::new();
        let mut bad = 0;
        for document in found.values() {
            match document["n"].as_u64() {
                None => bad += 1,
                Some(n) => assert!(rows.insert(n), "row {n} was ingested twice"),
            }
        }
        assert!(bad <= self.objects.div_ceil(5), "{bad} documents say that an object is bad");
        rows.len() + bad
    }

    async fn check_whole(&self, process: &Process) {
        let all = self.objects * ROWS + self.objects.div_ceil(5);
        let begun = Instant::now();
        while self.check(process).await < all {
            assert!(begun.elapsed() < PATIENCE, "rows are missing");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn start(root: &Path) -> Process {
    let data = root.join("data").display().to_string();
    let files = root.display().to_string();
    let arguments = ["--data", &data, "--checkpoint-every", "20KB", "--s3-directory", &files];
    Process::start(arguments.into_iter().chain(["--s3-poll", "10ms"]), &[]).unwrap()
}

async fn killed_again_and_again(seed: u64, kills: usize) {
    let root = TempDir::new().unwrap();
    std::fs::create_dir(root.path().join("files")).unwrap();
    let mut bucket = Bucket { directory: root.path(), objects: 0 };
    let mut random = fastrand::Rng::with_seed(seed);
    let mut writers = [Writer::new("a", random.u64(..)), Writer::new("b", random.u64(..))];

    let mut process = Arc::new(start(root.path()));
    let sources = json!([{"s3": {"bucket": "files"}}]);
    let ingested = json!({"name": "ingested", "sources": sources});
    let made = process.send(Method::POST, WS, &ingested).await;
    assert_eq!(made.status, 200, "{made:?}");
    for _ in 0..kills {
        bucket.grow(random.usize(..20));
        let acknowledged = Arc::new(AtomicUsize::new(0));
        let mut writing = Vec::new();
        for mut writer in writers {
            let (process, acknowledged) = (process.clone(), acknowledged.clone());
            writing.push(tokio::spawn(async move {
                writer.write(&process, &acknowledged).await;
                writer
            }));
        }
        let moment = random.usize(..60);
        while acknowledged.load(Ordering::SeqCst) < moment {
            tokio::time::sleep(Duration::from_micros(50)).await;
            assert!(writing.iter().all(|it| !it.is_finished()), "a writer has ended");
        }
        tokio::time::sleep(Duration::from_micros(random.u64(..5_000))).await;
        process.kill();
        let mut ended = Vec::new();
        for writing in writing {
            ended.push(writing.await.unwrap());
        }
        writers = ended.try_into().unwrap_or_else(|_| unreachable!());
        process = Arc::new(start(root.path()));
        for writer in &mut writers {
            writer.check(&process).await;
        }
        bucket.check(&process).await;
    }
    bucket.check_whole(&process).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_kills_at_any_moment() {
    let (kills, seed) = (number("KILLS", 10), number("SEED", 1));
    for store in 0..kills.div_ceil(KILLS_OF_A_STORE) {
        let seed = (seed + store) as u64;
        println!("seed {seed}");
        killed_again_and_again(seed, KILLS_OF_A_STORE.min(kills)).await;
    }
}
