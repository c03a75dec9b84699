//! How fast the local Rockset ingests from S3, and how much memory that takes.
//!
//! A million rows, as materialize-s3-parquet writes them, come over the S3 protocol into
//! a local Rockset that is a process of its own, with the transformation that makes the
//! `_id`. They are stored, or all are left out by a WHERE, which shows what the reading
//! alone takes. The same rows from a single file show whether memory grows with a file;
//! that one is read from the directory, because this S3 server reads a file whole for
//! each of the ranges that it is asked for.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../tests/support/parquet.rs"]
mod parquet;
#[path = "../tests/support/s3.rs"]
mod s3;
mod support;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use s3::S3;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::process::Child;

const ROWS: usize = 1_000_000;
const FILES: usize = 200;
/// Rows of a row group.
const GROUP: usize = 5_000;

const STORED: &str = "SELECT CAST(id AS string) AS _id, * FROM _input";
const LEFT_OUT: &str = "SELECT CAST(id AS string) AS _id, * FROM _input WHERE id < 0";

#[tokio::main]
async fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let s3 = S3::start(&["many", "one"]).await;
    for file in 0..FILES {
        let rows = ROWS / FILES;
        let content = parquet::packed_in_groups(file * rows, rows, ROWS, GROUP);
        s3.put("many", &format!("{file:020}.parquet"), content);
    }
    s3.put("one", "all.parquet", parquet::packed_in_groups(0, ROWS, ROWS, GROUP));

    println!("{ROWS} rows, in row groups of {GROUP}:\n");
    println!("| files | from | rows are | rows a second | peak memory | before |");
    println!("|---|---|---|---|---|---|");
    let server = ["--s3-endpoint", &s3.url()].map(String::from);
    let directory = ["--s3-directory", &s3.root().display().to_string()].map(String::from);
    for (bucket, files, from) in
        [("many", FILES, &server), ("many", FILES, &directory), ("one", 1, &directory)]
    {
        let place = from[0].trim_start_matches("--");
        for (sql, what, documents) in [(STORED, "stored", ROWS), (LEFT_OUT, "left out", 0)] {
            let rockset = Rockset::start(&s3, from).await;
            let before = rockset.peak_megabytes();
            let took = rockset.ingest(bucket, files, sql, documents).await;
            let rate = ROWS as f64 / took.as_secs_f64();
            let peak = rockset.peak_megabytes();
            println!("| {files} | {place} | {what} | {rate:.0} | {peak} MB | {before} MB |");
        }
    }
}

/// A local Rockset in a process of its own.
struct Rockset {
    process: Child,
    url: String,
    http: reqwest::Client,
}

impl Rockset {
    /// Starts it with these options.
    async fn start(s3: &S3, options: &[String]) -> Self {
        let (process, url) = support::start(options).await;
        let rockset = Self { process, url, http: reqwest::Client::new() };
        let mut integration = s3.integration("i");
        integration["s3"]["endpoint_url"].take();
        rockset.post("/v1/orgs/self/integrations", integration).await;
        rockset
    }

    /// Ingests a bucket, and says how long it took.
    async fn ingest(&self, bucket: &str, files: usize, sql: &str, documents: usize) -> Duration {
        let begun = Instant::now();
        let definition = json!({
            "name": "c",
            "sources": [{"integration_name": "i", "s3": {"bucket": bucket}}],
            "field_mapping_query": {"sql": sql},
        });
        self.post("/v1/orgs/self/ws/commons/collections", definition).await;
        loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let path = "/v1/orgs/self/ws/commons/collections/c";
            let request = self.http.get(format!("{}{path}", self.url));
            let collection = &answer(request).await["data"];
            let source = &collection["sources"][0];
            assert_ne!(source["status"]["state"], "ERROR", "{source:#}");
            if source["s3"]["object_count_downloaded"] == files {
                assert_eq!(collection["stats"]["doc_count"], documents);
                return begun.elapsed();
            }
        }
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let request = self.http.post(format!("{}{path}", self.url));
        answer(request.header(CONTENT_TYPE, "application/json").body(body.to_string())).await
    }

    /// The most memory that the process has had.
    fn peak_megabytes(&self) -> u64 {
        let path = format!("/proc/{}/status", self.process.id().unwrap());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Value {
    let response = request.header(AUTHORIZATION, "ApiKey any").send().await.unwrap();
    assert_eq!(response.status(), 200);
    serde_json::from_str(&response.text().await.unwrap()).unwrap()
}
