//! A local Rockset that stays after the run, with its console.

use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A preview that runs until it is interrupted, or dropped.
struct Kept(Child);

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Kept {
    fn interrupt(mut self) -> Option<i32> {
        kill_process(Pid::from_child(&self.0), Signal::INT).unwrap();
        self.0.wait().unwrap().code()
    }
}

/// A preview of the example that leaves its server running, and the address of the console.
fn kept(argument: &str, path: &str) -> (Kept, String) {
    let mut preview = Command::new(env!("CARGO_BIN_EXE_materialize-rockset"))
        .args(["preview", "--local", argument, "--source", "examples/earthquakes/flow.yaml"])
        .args(["--fixture", "examples/earthquakes/fixture.jsonl"])
        .current_dir(ROOT)
        .env("PATH", path)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map(Kept)
        .unwrap();
    let said = BufReader::new(preview.0.stderr.take().unwrap());
    let mut lines = said.lines().map(Result::unwrap);
    let stays = |line: String| {
        let (_, rest) = line.split_once("the console stays at ")?;
        Some(rest.split(' ').next().unwrap().to_string())
    };
    let url = lines.find_map(stays).expect("the address of the console");
    // Whoever writes to a pipe that nobody reads has to wait.
    std::thread::spawn(move || lines.for_each(drop));
    (preview, url)
}

/// A client; the first of a process to install a provider of cryptography wins.
fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

async fn page(url: &str) -> String {
    let asked = client().get(url).header("accept", "text/html").send();
    asked.await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn documents_and_console_stay_until_interrupted() {
    let (preview, url) = kept("--keep", &std::env::var("PATH").unwrap());
    assert!(page(&url).await.contains("/console/console.js"));
    let documents = format!("{url}/local/ws/geology/collections/earthquakes/docs?limit=10000");
    let asked = client().get(documents).header("authorization", "ApiKey any").send();
    let found: serde_json::Value = asked.await.unwrap().json().await.unwrap();
    assert_eq!(found["data"].as_array().unwrap().len(), 1707);
    assert_eq!(preview.interrupt(), Some(0));
    assert!(client().get(&url).send().await.is_err());
}

/// A folder with a program that writes what it is called with to a file beside it.
fn opener(folder: &Path) {
    let program = folder.join(if cfg!(target_os = "macos") { "open" } else { "xdg-open" });
    std::fs::write(&program, "#!/bin/sh\necho \"$1\" > \"$(dirname \"$0\")/opened\"\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_browser_is_opened_at_the_console() {
    let folder = tempfile::tempdir().unwrap();
    opener(folder.path());
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let (preview, url) = kept("--open", &path);
    let opened = folder.path().join("opened");
    let begun = Instant::now();
    while std::fs::read_to_string(&opened).unwrap_or_default().trim() != url {
        assert!(begun.elapsed() < Duration::from_secs(60), "no browser is opened");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(preview.interrupt(), Some(0));
}

#[test]
fn a_server_elsewhere_can_not_be_kept() {
    let refused = Command::new(env!("CARGO_BIN_EXE_materialize-rockset"))
        .args(["preview", "--keep", "--source", "flow.yaml", "--fixture", "-"])
        .output()
        .unwrap();
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--local"), "{refused:?}");
}

#[test]
fn a_run_that_ends_tells_how_to_stay() {
    let preview = Command::new(env!("CARGO_BIN_EXE_materialize-rockset"))
        .args(["preview", "--local", "--source", "examples/earthquakes/flow.yaml"])
        .args(["--fixture", "examples/earthquakes/fixture.jsonl"])
        .current_dir(ROOT)
        .output()
        .unwrap();
    assert!(preview.status.success());
    let said = String::from_utf8(preview.stderr).unwrap();
    assert!(said.lines().last().unwrap().contains("with --keep it stays"), "{said}");
}
