//! The local Rockset, over HTTP.

#![cfg(feature = "local")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod api;
mod bodies;
mod collections;
mod documents;
mod event_time;
mod http;
mod nulls;
#[cfg(feature = "engine")]
mod parquet;
mod patches;
mod receivers;
mod recorded;
mod rights;
mod snapshots;
#[cfg(feature = "engine")]
mod sources;
#[path = "../support/mod.rs"]
mod support;
mod tls;
#[cfg(feature = "engine")]
mod transformations;
