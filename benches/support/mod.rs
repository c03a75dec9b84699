//! The local Rockset in a process of its own, as benchmarks measure it.

pub mod rockset;

use std::ffi::OsStr;
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
