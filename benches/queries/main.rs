//! How fast the local Rockset answers, beside DuckDB, PostgreSQL and ClickHouse (chdb).
//!
//! A million events of half a kilobyte are written and asked for; then a million upserts follow,
//! of which half replace events. `scripts/query-peers` does the same with each of the systems on
//! the same files, and prints the tables.
//!
//! A number as an argument is the number of events. The files are kept in the target directory.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../support/events.rs"]
mod events;
#[path = "../support/mod.rs"]
mod support;

use support::rockset::Rockset;

const EVENTS: usize = 1_000_000;

#[tokio::main]
async fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let count = support::number().unwrap_or(EVENTS);
    let folder = events::files("queries", count);
    let rockset = Rockset::start(&[]).await;
    support::script("query-peers", &rockset, &folder, None).await;
}
