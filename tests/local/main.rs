//! The local Rockset, over HTTP.

#![cfg(feature = "local")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod aliases;
mod api;
mod api_keys;
#[cfg(feature = "engine")]
mod async_queries;
mod bodies;
mod collections;
mod console;
#[cfg(all(unix, feature = "engine"))]
mod console_prompt;
#[cfg(feature = "engine")]
mod console_queries;
mod documents;
#[cfg(feature = "engine")]
mod durable;
#[cfg(feature = "engine")]
mod durable_backup;
#[cfg(feature = "engine")]
mod durable_connector;
#[cfg(feature = "engine")]
mod durable_kill;
#[cfg(feature = "engine")]
mod durable_memory;
#[cfg(not(feature = "engine"))]
mod durable_refused;
#[cfg(feature = "engine")]
mod durable_replica;
#[cfg(feature = "engine")]
mod durable_versions;
mod event_time;
#[cfg(feature = "engine")]
mod events;
#[cfg(feature = "engine")]
mod example;
#[cfg(feature = "engine")]
mod exports;
mod http;
#[cfg(feature = "engine")]
mod isolation;
#[cfg(feature = "engine")]
mod lambdas;
mod mounts;
mod nulls;
mod page;
#[cfg(feature = "engine")]
mod parameters;
#[cfg(feature = "engine")]
mod parquet;
mod patches;
mod privileges;
#[cfg(feature = "engine")]
mod queries;
mod receivers;
mod recorded;
mod rights;
mod roles;
#[cfg(feature = "engine")]
mod rollups;
#[cfg(feature = "engine")]
mod scheduled_lambdas;
#[cfg(feature = "engine")]
mod scripts;
mod snapshots;
#[cfg(feature = "engine")]
mod sources;
#[cfg(feature = "engine")]
mod sql;
#[cfg(feature = "engine")]
mod statements;
#[path = "../support/mod.rs"]
mod support;
mod tls;
#[cfg(feature = "engine")]
mod transformations;
mod users;
#[cfg(feature = "engine")]
mod views;
mod virtual_instances;
