//! The console's prompt, on a terminal.

use crate::support::console::command;
use crate::support::local::Local;
use rexpect::session::{PtySession, spawn_command};
use serde_json::json;
use std::path::Path;

const ENDLESS: &str = "SELECT COUNT(*) FROM c a, c b, c d, c e, c f, c g, c h \
                       WHERE a.n + b.n + d.n + e.n + f.n + g.n + h.n < 0;";

/// A prompt that keeps its history in a directory.
fn prompt(local: &Local, directory: &Path) -> PtySession {
    let mut command = command(&local.server.url(), &[]);
    command.env("XDG_STATE_HOME", directory).env("TERM", "xterm");
    let mut session = spawn_command(command, Some(20_000)).unwrap();
    session.exp_string("rockset> ").unwrap();
    session
}

/// Drives a prompt, away from the threads that its server runs on.
async fn typing(drive: impl FnOnce(Local, &Path) + Send + 'static) {
    let local = Local::with_collection(json!({})).await;
    let documents = (1..=30).map(|n| json!({"_id": n.to_string(), "n": n, "magnitude": 6.5}));
    local.add(documents.collect()).await;
    let directory = tempfile::tempdir().unwrap();
    tokio::task::spawn_blocking(move || drive(local, directory.path())).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_runs_at_its_semicolon() {
    typing(|local, directory| {
        let mut session = prompt(&local, directory);
        session.send_line("SELECT magnitude").unwrap();
        session.send_line("FROM c WHERE n = 1;").unwrap();
        session.exp_string("6.5").unwrap();
        session.exp_string("(1 row in ").unwrap();
        session.exp_string("rockset> ").unwrap();
        // An error is no end.
        session.send_line("SELEC;").unwrap();
        session.exp_string("error: ").unwrap();
        session.exp_string("rockset> ").unwrap();
        session.send_line("\\q").unwrap();
        session.exp_eof().unwrap();
        let history = directory.join("materialize-rockset/sql_history");
        let history = std::fs::read_to_string(history).unwrap();
        assert!(history.contains("FROM c WHERE n = 1;"), "{history}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tab_completes_what_is_known() {
    typing(|local, directory| {
        let mut session = prompt(&local, directory);
        session.send_line("\\d c").unwrap();
        session.exp_string("magnitude").unwrap();
        session.exp_string("rockset> ").unwrap();
        // What follows a tab at once is taken for pasted text.
        for (keys, shown) in [
            ("SELECT magn\t", "SELECT magnitude"),
            (" + 1 FROM commons._\t", "FROM commons._events"),
            (" WHERE n = 1;\r", "(0 rows in "),
        ] {
            session.send(keys).unwrap();
            session.flush().unwrap();
            session.exp_string(shown).unwrap();
        }
        session.send_control('d').unwrap();
        session.exp_eof().unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_drops_what_is_typed_and_the_second_one_ends() {
    typing(|local, directory| {
        let mut session = prompt(&local, directory);
        session.send("SELECT").unwrap();
        session.send_control('c').unwrap();
        session.exp_string("once more").unwrap();
        session.exp_string("rockset> ").unwrap();
        session.send_line("SELECT 40 + 2;").unwrap();
        session.exp_string("42").unwrap();
        session.exp_string("rockset> ").unwrap();
        session.send_control('c').unwrap();
        session.exp_string("rockset> ").unwrap();
        session.send_control('c').unwrap();
        session.exp_eof().unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_cancels_the_query_that_runs() {
    typing(|local, directory| {
        let mut session = prompt(&local, directory);
        session.send_line(ENDLESS).unwrap();
        // The editor leaves the terminal, which from then on makes a signal of Ctrl-C.
        session.exp_string("\u{1b}[?2004l").unwrap();
        std::thread::sleep(std::time::Duration::from_millis(300));
        session.send_control('c').unwrap();
        session.exp_string("cancelled").unwrap();
        session.exp_string("rockset> ").unwrap();
        session.send_control('d').unwrap();
        session.exp_eof().unwrap();
    })
    .await;
}
