//! The local Rockset that a preview may run against.

use crate::local::{self, Options, Server};
use crate::preview::Error;
use crate::sql;
use console::Term;
use serde_json::Value;
use std::net::Ipv4Addr;
use std::time::Duration;

/// The catalog's key; the server accepts any.
const API_KEY: &str = "local";

/// Starts a server on a port that is free.
pub fn start() -> Result<Server, Error> {
    let options = Options {
        listen: (Ipv4Addr::LOCALHOST, 0).into(),
        ready_after: Duration::ZERO,
        ..Options::default()
    };
    local::start(options).map_err(|e| Error::Local(e.to_string()))
}

/// Waits until somebody ends the server that was left running. `say` tells that it waits.
pub async fn stay(say: impl FnOnce()) -> Result<(), Error> {
    let failed = |e: std::io::Error| Error::Local(e.to_string());
    let interrupted = local::interrupted().map_err(failed)?;
    say();
    interrupted.await.map_err(failed)
}

/// The endpoint's configuration, pointed at that server.
pub fn point_at(server: &Server, mut config: Value) -> Result<Value, Error> {
    let Some(fields) = config.as_object_mut() else {
        return Err(Error::Config {
            what: "the endpoint configuration".to_string(),
            violations: vec!["it is no object".to_string()],
        });
    };
    fields.insert("region_base_url".to_string(), server.url().into());
    fields.entry("api_key").or_insert_with(|| API_KEY.into());
    Ok(config)
}

/// Checks that queries can be answered, before anything is done.
pub fn check_queries(queries: &[String]) -> Result<(), Error> {
    match queries.is_empty() || cfg!(feature = "engine") {
        true => Ok(()),
        false => Err(Error::Option {
            option: "query",
            reason: "this build's local Rockset has no SQL engine; build it with \
                     `cargo build --features engine`"
                .to_string(),
        }),
    }
}

/// What the server answers to a query, as a table.
pub async fn ask(server: &Server, key: &str, query: &str) -> Result<String, Error> {
    let url = server.url().parse().map_err(|e| Error::Local(format!("{e}")))?;
    let width = Term::stderr().size_checked().map(|(_, width)| width.into());
    sql::answer(&url, key, query, width).await.map_err(|e| Error::Local(e.to_string()))
}
