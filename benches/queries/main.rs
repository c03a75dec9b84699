//! How fast the local Rockset answers, beside DuckDB, PostgreSQL and ClickHouse (chdb).
//!
//! A million events of half a kilobyte are written and asked for; then a million upserts follow,
//! of which half replace events. `scripts/query-peers` does the same with each of the systems on
//! the same files, and prints the tables.
//!
//! A number as an argument is the number of events. The files are kept in the target directory.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod events;
#[path = "../support/mod.rs"]
mod support;

use events::Events;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use support::rockset::Rockset;

const EVENTS: usize = 1_000_000;

#[tokio::main]
async fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let count = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    let count: usize = count.unwrap_or(EVENTS);
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("queries");
    std::fs::create_dir_all(&directory).unwrap();
    let (events, upserts) = (directory.join("events.json"), directory.join("upserts.json"));
    let mut maker = Events::new(1, count / 10);
    write(&events, &mut maker, 0..count);
    write(&upserts, &mut maker, count / 2..count + count / 2);
    let rockset = Rockset::start(&[]).await;
    let pid = rockset.process.id().unwrap().to_string();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/query-peers");
    let status = tokio::process::Command::new(script)
        .args(["--server", &rockset.url, "--pid", &pid, "--home"])
        .args([&directory])
        .stdin(Stdio::null())
        .status();
    assert!(status.await.unwrap().success(), "{script} failed");
}

/// Writes the events of these numbers, one a line, in an order in which those that are replaced
/// and those that are new alternate.
fn write(path: &Path, maker: &mut Events, numbers: Range<usize>) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    let half = numbers.len() / 2;
    for at in 0..numbers.len() {
        let number = numbers.start + if at % 2 == 0 { at / 2 } else { half + at / 2 };
        writeln!(file, "{}", maker.event(number)).unwrap();
    }
    file.into_inner().unwrap();
}
