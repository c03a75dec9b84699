//! The client, against servers of every kind.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod client;
#[cfg(feature = "local")]
mod limits;
mod queries;
#[path = "../support/mod.rs"]
mod support;
