//! The connector as a process, between a pipe and a server, and what of it is the floor.
//!
//! ```console
//! $ cargo bench --bench pipeline
//! ```
//!
//! For each workload, a recorded session is fed through a pipe to the connector, which
//! writes to a server in another process that discards what comes. Then a minimal
//! program, the floor, reads the same bytes from a pipe and posts the same bodies, already
//! made, with the same HTTP client and as many requests at once. What the connector takes
//! beyond the floor is its own work. All of this is done over HTTP and over HTTPS. Arguments
//! name the workloads to run; without any, all of them run, and a table in Markdown is printed at
//! the end. `local`, with the feature `engine`, writes into local Rocksets instead.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod feed;
mod floor;
#[cfg(feature = "engine")]
mod local;
mod machine;
#[path = "../../tests/support/pack.rs"]
#[allow(dead_code)]
mod pack;
mod process;
mod report;
mod server;
#[cfg(feature = "engine")]
#[path = "../support/mod.rs"]
mod support;
mod tls;
mod workload;

use process::Server;
use report::{Part, Row};
use tls::Identity;
use workload::{Block, Workload};

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    match arguments.first().map(String::as_str) {
        Some("server") => server::run(arguments.get(1).map(String::as_str)),
        Some("floor") => floor::run(&arguments[1..]),
        #[cfg(feature = "engine")]
        Some("local") => local::compare(),
        _ => compare(&arguments),
    }
}

fn compare(names: &[String]) {
    let identity = Identity::new();
    let mut rows = Vec::new();
    for workload in workload::all() {
        if names.is_empty() || names.iter().any(|name| name == workload.name) {
            rows.push(measure(&workload, &identity));
        }
    }
    let trickle = (names.is_empty() || names.iter().any(|name| name == "trickle"))
        .then(|| feed::trickle(&Server::start(None, None), 300));
    report::print(&rows, trickle.as_ref());
}

/// How often a workload runs: a machine that others use too isn't equally fast all the time.
const ROUNDS: usize = 5;

/// All rounds of a workload.
fn measure(workload: &Workload, identity: &Identity) -> Row {
    let mut block = workload.block();
    let mut all = |identity| {
        let rounds = (0..ROUNDS).map(|_| round(workload, &mut block, identity));
        rounds.reduce(Part::and).expect("there are rounds")
    };
    let (http, https) = (all(None), all(Some(identity)));
    let documents = workload.documents();
    let row = Row { workload: workload.name, rounds: ROUNDS, documents, http, https };
    report::line(&row);
    row
}

/// The connector and then the floor, on the same bytes.
fn round(workload: &Workload, block: &mut Block, identity: Option<&Identity>) -> Part {
    let bodies = tempfile::NamedTempFile::new().unwrap();
    let server = Server::start(identity, Some(bodies.path()));
    let connector = feed::connector(&server.address, workload, block);
    let stats = server.stats();
    let floor = feed::floor(&server.address, block, workload, bodies.path(), stats.requests);
    Part { connector, floor, stats }
}
