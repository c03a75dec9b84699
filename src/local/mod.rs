//! A Rockset that runs here: a server with the API of the hosted one, on a real port,
//! for tests, for trying the connector out, and for anything else that speaks the API.
//!
//! It is built of the types of [`crate::rockset`], so that client and server can't
//! drift apart, and keeps everything in memory. `docs/local-rockset.md` says what it
//! honours.
//!
//! - `options`: how it is started; `server`: the running server; `state`: what handlers work with.
//! - `certificate`, `tls`: HTTPS, if it is asked for.
//! - `router`: which operation is done where; `handlers`: what each does.
//! - `entrance`, `auth`, `body`, `encoding`, `strict`, `limits`, `errors`: the way in, and how it is
//!   refused; `answers`, `cors`: what every answer has.
//! - `definition`, `source`, `durations`, `incoming`, `patch`, `special_fields`: what
//!   comes in, checked; `files`, `records`: what sources bring.
//! - `store`: what is kept; `storage`: documents of a collection.
//! - `pool`: the threads on which whatever takes long is done.
//! - `engine`: SQL on documents and what reads S3 (feature `engine`); without it,
//!   `no_engine` refuses both.

mod answers;
mod auth;
mod body;
mod certificate;
mod cors;
mod definition;
mod durations;
mod encoding;
#[cfg_attr(not(feature = "engine"), path = "no_engine.rs")]
mod engine;
mod entrance;
mod errors;
mod files;
mod handlers;
mod incoming;
mod limits;
mod options;
mod patch;
mod pool;
mod records;
mod router;
mod server;
mod source;
mod special_fields;
mod state;
mod storage;
mod store;
mod strict;
mod tls;

#[cfg(feature = "engine")]
pub use engine::S3;
pub use limits::VirtualInstance;
pub use options::{ApiKey, Options, Tls};
pub use server::{Server, serve, start};

use std::io;
use std::time::Duration;

/// How long requests in hand may take when the server is to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs a local Rockset until it is interrupted, and says on stderr how to try it.
pub async fn command(options: Options) -> io::Result<()> {
    let key = match options.api_key {
        Some(_) => "$ROCKSET_API_KEY",
        None => "any",
    };
    let ca_file = options.tls.ca_file.clone();
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
    eprintln!(
        "A local Rockset listens on {url}.{certificate} Stop it with Ctrl-C. To try it:\n  \
         {curl} -H 'Content-Type: application/json' -H \"Authorization: ApiKey {key}\" \
         {url}/v1/orgs/self/ws/commons/collections -d '{{\"name\": \"first\"}}'\n  \
         {curl} -H \"Authorization: ApiKey {key}\" {url}/local"
    );
    interrupted().await?;
    server.stop();
    // A client that holds its connection open must not hold us up.
    tokio::time::timeout(PATIENCE, server.stopped()).await.unwrap_or(Ok(()))
}

#[cfg(unix)]
async fn interrupted() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupt = tokio::signal::ctrl_c() => interrupt,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn interrupted() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}
