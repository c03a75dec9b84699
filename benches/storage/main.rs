//! How fast a local Rockset with a store writes and reads, beside DuckDB, PostgreSQL and
//! ClickHouse (chdb); how far behind a read replica is; and how long a start takes.
//!
//! A million events of half a kilobyte are written, and then upserts follow, of which half replace
//! events. `scripts/store-peers` does the same with each of the systems on the same files, and
//! prints the table.
//!
//! A number as an argument is the number of events. The files are kept in the target directory.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../support/events.rs"]
mod events;
mod replica;
#[path = "../support/mod.rs"]
mod support;

use std::path::Path;
use std::time::Instant;
use support::rockset::Rockset;
use tempfile::TempDir;

const EVENTS: usize = 1_000_000;

#[tokio::main]
async fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let count = support::number().unwrap_or(EVENTS);
    let folder = events::files("storage", count);
    let store = TempDir::new_in(&folder).unwrap();
    let rockset = start(store.path()).await;
    support::script("store-peers", &rockset, &folder, Some(store.path())).await;
    let written = rockset.count("events").await;
    replica::follow(&rockset, store.path()).await;
    reopen(rockset, store.path(), written).await;
}

async fn start(store: &Path) -> Rockset {
    Rockset::start(&["--data", store.to_str().unwrap()]).await
}

/// Kills the server, and starts it again.
async fn reopen(mut rockset: Rockset, store: &Path, written: u64) {
    rockset.process.kill().await.unwrap();
    let begun = Instant::now();
    let rockset = start(store).await;
    assert_eq!(rockset.count("events").await, written);
    println!(
        "\nAfter it was killed, the server is ready with {written} documents in {:.1} s.",
        begun.elapsed().as_secs_f64()
    );
}
