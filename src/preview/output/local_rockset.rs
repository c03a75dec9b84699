//! The local Rockset that a preview may run against.

use crate::local::{self, Options, Server};
use crate::preview::Error;
use serde_json::Value;
use std::net::Ipv4Addr;
use std::time::Duration;

/// Whatever the catalog has; the server takes any.
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
