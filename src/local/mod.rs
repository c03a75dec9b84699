//! A Rockset-compatible server on this machine: the API of the hosted one, on a real port,
//! for tests, for trying the connector out, and for anything else that speaks the API.
//!
//! The server is built of the types of [`crate::rockset`], so that client and server can't drift
//! apart. It works in memory, and keeps what it acknowledges in a store if it is given one.
//! `docs/local-rockset.md` lists what it honours.
//!
//! From the top down, each using only what is below it:
//!
//! - `server`: the running server; `options`: how it is started; `tls`: HTTPS.
//! - `backup`: a copy of a store, and back.
//! - `opening`: what a server begins with; `replica`: follows a store (feature `engine`).
//! - `api`: HTTP: the routes and their rights, bodies and answers.
//! - `execution`: SQL statements that are run (feature `engine`).
//! - `ingest`: turns what the write API and sources bring into documents.
//! - `state`: the state that all of these share.
//! - `queries`: running and ended queries, with their results.
//! - `query`: SQL on documents, on DataFusion (feature `engine`).
//! - `catalog`: everything that exists, by name: workspaces, collections, sources, integrations.
//! - `journal`: every change of all of this, made durable, if the server has a store.
//! - `storage`: the documents of a collection.
//! - `pool`: threads for long work; `rate_limit`; `json`; `error`.

mod api;
mod backup;
mod catalog;
mod error;
#[cfg(feature = "engine")]
mod execution;
mod ingest;
mod journal;
mod json;
mod opening;
mod options;
mod pool;
#[cfg(feature = "engine")]
mod queries;
#[cfg(feature = "engine")]
mod query;
mod rate_limit;
#[cfg(feature = "engine")]
mod replica;
mod server;
mod state;
mod storage;
mod tls;

pub use backup::{backup, restore};
pub(crate) use error::with_causes;
pub use options::{BackupOptions, Data, MemoryOptions, Options, RestoreOptions, Tls};
#[cfg(feature = "engine")]
pub use options::{QueryOptions, S3};
pub use rate_limit::VirtualInstance;
pub use server::{Server, serve, start};

use std::io;
use std::time::Duration;

/// Time that requests in flight have to end when the server stops.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs a local Rockset until it is interrupted, and says on stderr how to try it.
pub async fn command(options: Options) -> io::Result<()> {
    let key = match options.api_key {
        Some(_) => "$ROCKSET_API_KEY",
        None => "any",
    };
    let ca_file = options.tls.ca_file.clone();
    let replica_of = options.data.place.clone().filter(|_| options.data.read_replica);
    let mut server = start(options)?;
    let url = server.url();
    let (certificate, curl) = match (server.certificate(), ca_file) {
        (None, _) => (String::new(), "curl".to_string()),
        (Some(_), Some(file)) => {
            let file = file.display();
            (format!(" Its certificate is in {file}."), format!("curl --cacert {file}"))
        }
        (Some(_), None) => {
            let hint = " For clients to trust its certificate, write it to a file: --tls-ca-file.";
            (hint.to_string(), "curl --insecure".to_string())
        }
    };
    let interrupted = interrupted()?;
    let create = match replica_of {
        None => format!(
            "To try it:\n  {curl} -H 'Content-Type: application/json' -H \"Authorization: ApiKey \
             {key}\" {url}/v1/orgs/self/ws/commons/collections -d '{{\"name\": \"first\"}}'"
        ),
        Some(place) => format!(
            "It is a read replica: it answers queries and reads of the store {place}, and refuses \
             writes. To try it:"
        ),
    };
    eprintln!(
        "A local Rockset listens on {url}.{certificate} Stop it with Ctrl-C. {create}\n  \
         {curl} -H \"Authorization: ApiKey {key}\" {url}/local\n  \
         the console, in a browser: {url}"
    );
    tokio::select! {
        interrupted = interrupted => interrupted?,
        error = server.fenced() => return Err(error),
    }
    server.stop();
    // A client that holds its connection open must not delay the end.
    tokio::time::timeout(PATIENCE, server.stopped()).await.unwrap_or(Ok(()))
}

/// From now on, Ctrl-C or a request to end doesn't end the program, but this future.
#[cfg(unix)]
pub fn interrupted() -> io::Result<impl Future<Output = io::Result<()>>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => Ok(()),
            _ = terminate.recv() => Ok(()),
        }
    })
}

/// Ends at Ctrl-C.
#[cfg(not(unix))]
pub fn interrupted() -> io::Result<impl Future<Output = io::Result<()>>> {
    Ok(tokio::signal::ctrl_c())
}
