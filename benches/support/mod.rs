//! The local Rockset in a process of its own, as benchmarks measure it.

// Each benchmark uses a part of it.
#![allow(dead_code)]

pub mod rockset;

use rockset::Rockset;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// Starts a local Rockset with these options, on a free port. Returns its process, which ends
/// when it is dropped, and its address.
pub async fn start(options: &[impl AsRef<OsStr>]) -> (Child, String) {
    let mut process = Command::new(env!("CARGO_BIN_EXE_materialize-rockset"))
        .args(["local", "--listen", "127.0.0.1:0", "--ready-after", "0ms"])
        .args(options)
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
    let said = lines.next_line().await.unwrap().expect("it says where it listens");
    let url = said.split_whitespace().find(|word| word.starts_with("http")).unwrap();
    let url = url.trim_end_matches('.').to_string();
    // It must not wait for someone to read what it says.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (process, url)
}

/// The number among the arguments.
pub fn number() -> Option<usize> {
    std::env::args().skip(1).find_map(|argument| argument.parse().ok())
}

/// Runs a script that does the same with other systems, on the events in a folder.
pub async fn script(name: &str, rockset: &Rockset, home: &Path, store: Option<&Path>) {
    let mut command = Command::new(format!("{}/scripts/{name}", env!("CARGO_MANIFEST_DIR")));
    let pid = rockset.process.id().unwrap().to_string();
    command.args(["--server", &rockset.url, "--pid", &pid]).arg("--home").arg(home);
    if let Some(store) = store {
        command.arg("--store").arg(store);
    }
    assert!(command.stdin(Stdio::null()).status().await.unwrap().success(), "{name} failed");
}
