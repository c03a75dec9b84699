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

use s3::S3;
use serde_json::json;
use std::time::{Duration, Instant};
use support::rockset::Rockset;

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
            let rockset = start(&s3, from).await;
            let before = peak_megabytes(&rockset);
            let took = ingest(&rockset, bucket, files, sql, documents).await;
            let rate = ROWS as f64 / took.as_secs_f64();
            let peak = peak_megabytes(&rockset);
            println!("| {files} | {place} | {what} | {rate:.0} | {peak} MB | {before} MB |");
        }
    }
}

/// Starts a local Rockset with these options and an integration.
async fn start(s3: &S3, options: &[String]) -> Rockset {
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let rockset = Rockset::start(&options).await;
    let mut integration = s3.integration("i");
    integration["s3"]["endpoint_url"].take();
    rockset.post("/v1/orgs/self/integrations", integration.to_string()).await;
    rockset
}

/// Ingests a bucket, and says how long it took.
async fn ingest(
    rockset: &Rockset,
    bucket: &str,
    files: usize,
    sql: &str,
    documents: usize,
) -> Duration {
    let begun = Instant::now();
    let definition = json!({
        "sources": [{"integration_name": "i", "s3": {"bucket": bucket}}],
        "field_mapping_query": {"sql": sql},
    });
    rockset.create("c", definition).await;
    loop {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let collection = rockset.collection("c").await;
        let source = &collection["sources"][0];
        assert_ne!(source["status"]["state"], "ERROR", "{source:#}");
        if source["s3"]["object_count_downloaded"] == files {
            assert_eq!(collection["stats"]["doc_count"], documents);
            return begun.elapsed();
        }
    }
}

/// The most memory that the process has had.
fn peak_megabytes(rockset: &Rockset) -> u64 {
    let path = format!("/proc/{}/status", rockset.process.id().unwrap());
    let status = std::fs::read_to_string(path).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}
