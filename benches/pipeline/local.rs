//! The connector into the local Rockset, without a store and with one.
//!
//! What a batch waits for is the difference of the rows: a store in memory costs what the log
//! takes of the processors, and one on disk also what it takes to sync it.

use crate::feed;
use crate::process::{Address, Usage, usage};
use crate::support::rockset::Rockset;
use crate::workload::{self, Workload};
use serde_json::json;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

/// The shapes of documents that are written.
const WORKLOADS: [&str; 2] = ["128 B", "1 KiB"];
const ROUNDS: usize = 3;

/// A file system in memory, on every Linux.
const MEMORY: &str = "/dev/shm";

/// Writes each workload into each kind of server, and prints a table in Markdown.
pub fn compare() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    println!(
        "| Documents | Store | Count | Documents/s | Connector's CPU s per million \
         | Server's CPU s per million | Reading stopped | Store, MiB |"
    );
    println!("|---|---|---:|---:|---:|---:|---:|---:|");
    for workload in workload::all().iter().filter(|it| WORKLOADS.contains(&it.name)) {
        for (name, folder) in [
            ("none", None),
            ("in memory", Some(TempDir::new_in(MEMORY).unwrap())),
            ("on disk", Some(TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap())),
        ] {
            measure(workload, name, folder.as_ref().map(TempDir::path));
        }
    }
}

fn measure(workload: &Workload, name: &str, folder: Option<&Path>) {
    let mut block = workload.block();
    let (mut wall, mut waiting) = (Duration::ZERO, Duration::ZERO);
    let (mut connector, mut server) = (Duration::ZERO, Duration::ZERO);
    let mut stored = 0;
    for round in 0..ROUNDS {
        let store = folder.map(|folder| folder.join(round.to_string()));
        let local = Local::start(store.as_deref());
        let before = local.usage();
        let run = feed::connector(&local.address, workload, &mut block);
        server += local.usage().cpu - before.cpu;
        connector += run.cpu;
        wall += run.wall;
        waiting += run.waiting_for_rockset;
        assert_eq!(local.count(), workload.documents() as u64, "every document arrives");
        local.end();
        stored = store.as_deref().map_or(0, bytes);
        if let Some(store) = store {
            std::fs::remove_dir_all(store).unwrap();
        }
    }
    let documents = (workload.documents() * ROUNDS) as f64;
    let per_million = |cpu: Duration| cpu.as_secs_f64() * 1e6 / documents;
    println!(
        "| {} | {name} | {ROUNDS} × {} | {:.0} | {:.2} | {:.2} | {:.0} % | {} |",
        workload.name,
        workload.documents(),
        documents / wall.as_secs_f64(),
        per_million(connector),
        per_million(server),
        waiting.as_secs_f64() / wall.as_secs_f64() * 100.0,
        stored >> 20,
    );
}

/// The bytes of all files in a folder.
fn bytes(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| match entry.file_type().unwrap().is_dir() {
            true => bytes(&entry.path()),
            false => entry.metadata().unwrap().len(),
        })
        .sum()
}

/// A local Rockset with the collection that is written.
struct Local {
    runtime: Runtime,
    rockset: Rockset,
    address: Address,
}

impl Local {
    fn start(store: Option<&Path>) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let options: Vec<&str> =
            store.iter().flat_map(|store| ["--data", store.to_str().unwrap()]).collect();
        let rockset = runtime.block_on(async {
            let rockset = Rockset::start(&options).await;
            rockset.post("/v1/orgs/self/ws", json!({"name": "w"}).to_string()).await;
            let collections = "/v1/orgs/self/ws/w/collections";
            rockset.post(collections, json!({"name": "c0"}).to_string()).await;
            rockset
        });
        let address = Address { url: rockset.url.clone(), certificate: None };
        Self { runtime, rockset, address }
    }

    fn usage(&self) -> Usage {
        usage(self.rockset.process.id().unwrap())
    }

    fn count(&self) -> u64 {
        self.runtime.block_on(self.rockset.count("w.c0"))
    }

    /// Kills it, so that nothing is written any more.
    fn end(mut self) {
        self.runtime.block_on(self.rockset.process.kill()).unwrap();
    }
}
