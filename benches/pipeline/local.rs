//! The connector into the local Rockset, without a store and with one.
//!
//! What a batch waits for is the difference of the rows: a store in memory costs what the log
//! takes of the processors, and one on disk also what it takes to sync it.

use crate::feed;
use crate::process::{Address, Usage, usage};
use crate::workload::{self, Workload};
use serde_json::json;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

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
        drop(local);
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

/// A local Rockset with the collection that is written, as a process.
struct Local {
    child: Child,
    address: Address,
    http: tokio::runtime::Runtime,
}

impl Local {
    fn start(store: Option<&Path>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_materialize-rockset"));
        command.args(["local", "--listen", "127.0.0.1:0", "--ready-after", "0ms"]);
        if let Some(store) = store {
            command.arg("--data").arg(store);
        }
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let said = lines.next().expect("it says where it listens").unwrap();
        let url = said.split_whitespace().find(|word| word.starts_with("http")).unwrap();
        let address = Address { url: url.trim_end_matches('.').to_string(), certificate: None };
        // It must not wait for someone to read what it says.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        let http = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let local = Self { child, address, http };
        local.post("/v1/orgs/self/ws", json!({"name": "w"}));
        local.post("/v1/orgs/self/ws/w/collections", json!({"name": "c0"}));
        local
    }

    fn usage(&self) -> Usage {
        usage(self.child.id())
    }

    fn count(&self) -> u64 {
        let query = json!({"sql": {"query": "SELECT COUNT(*) AS n FROM w.c0"}});
        self.post("/v1/orgs/self/queries", query)["results"][0]["n"].as_u64().unwrap()
    }

    fn post(&self, path: &str, body: serde_json::Value) -> serde_json::Value {
        let request = reqwest::Client::new()
            .post(format!("{}{path}", self.address.url))
            .header("authorization", "ApiKey any")
            .json(&body);
        self.http.block_on(async {
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 200, "{path}");
            answer.json().await.unwrap()
        })
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
