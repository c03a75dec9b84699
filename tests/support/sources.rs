//! Sources of a local Rockset, for tests: made, awaited, and what they have brought.

#![allow(dead_code)]

use super::local::{Answer, C, Local};
use super::s3::S3;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

pub const COLLECTIONS: &str = "/v1/orgs/self/ws/commons/collections";
pub const INTEGRATIONS: &str = "/v1/orgs/self/integrations";
pub const SOURCES: &str = "/v1/orgs/self/ws/commons/collections/c/sources";

/// A source that reads all of bucket `files` through the integration `i`, with these settings
/// besides.
pub fn source(s3: Value) -> Value {
    let mut source = json!({"integration_name": "i", "s3": {"bucket": "files"}});
    for (name, value) in s3.as_object().unwrap() {
        source["s3"][name] = value.clone();
    }
    source
}

impl Local {
    /// Makes the integration `i` to an S3 server.
    pub async fn integrate(&self, s3: &S3) {
        self.post(INTEGRATIONS, s3.integration("i")).await.data();
    }

    /// Makes the collection `commons.c`.
    pub async fn create(&self, definition: Value) -> Answer {
        let mut definition = definition;
        definition["name"] = json!("c");
        self.post(COLLECTIONS, definition).await
    }

    /// Makes the collection `commons.c` with one source, and waits until it is read.
    pub async fn ingest(&self, source: Value) -> Value {
        self.create(json!({ "sources": [source] })).await.data();
        self.read_to_the_end().await
    }

    /// Waits until all that the first source of `commons.c` has to read is read, and
    /// gives the source.
    pub async fn read_to_the_end(&self) -> Value {
        self.source_until(|source| source["status"]["state"] == "WATCHING").await
    }

    /// Waits until so many objects are read.
    pub async fn objects_read(&self, count: u64) -> Value {
        self.source_until(|source| {
            source["status"]["state"] == "WATCHING"
                && source["s3"]["object_count_downloaded"] == count
        })
        .await
    }

    /// Waits until the first source of `commons.c` is in some way, and gives it.
    pub async fn source_until(&self, is: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let answer = self.get(SOURCES).await;
            let source = &answer.data()[0];
            if is(source) {
                return source.clone();
            }
            assert!(begun.elapsed() < PATIENCE, "{source:#}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The status of `commons.c`.
    pub async fn collection_status(&self) -> String {
        self.get(C).await.data()["status"].as_str().unwrap().to_string()
    }

    /// All documents of `commons.c`, in the order of their `_id`.
    pub async fn documents(&self) -> Vec<Value> {
        let path = "/local/ws/commons/collections/c/docs?limit=10000";
        self.get(path).await.data().as_array().unwrap().clone()
    }
}
