//! The runtime's part: `preview` with catalogs and fixtures.

#![cfg(feature = "local")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod catalog;
mod checkpoint;
mod fields;
mod fixture;
#[cfg(feature = "engine")]
mod handover_from_s3;
mod integration;
#[cfg(target_os = "linux")]
mod keep;
mod reduce;
mod run;
mod runtime;
mod schema;
mod shards;
#[path = "../support/mod.rs"]
mod support;
