//! The connector, over stdin and stdout.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[cfg(feature = "local")]
mod acknowledgement;
#[cfg(feature = "local")]
mod apply;
mod bad_input;
#[cfg(feature = "local")]
mod bad_stores;
mod codec;
mod configurations;
mod definitions;
#[cfg(feature = "local")]
mod deletions;
#[cfg(feature = "local")]
mod document_id_key;
#[cfg(feature = "local")]
mod document_id_packed;
#[cfg(feature = "local")]
mod event_times;
#[cfg(unix)]
mod logs;
#[cfg(feature = "local")]
mod many_bindings;
#[cfg(all(feature = "local", target_os = "linux"))]
mod memory;
mod numbers;
mod open_waits_for_s3;
#[cfg(feature = "local")]
mod order;
#[cfg(feature = "local")]
mod properties;
#[cfg(feature = "local")]
mod protocol;
#[cfg(feature = "local")]
mod publications;
mod s3_parquet_state;
#[cfg(feature = "local")]
mod session;
mod spec;
#[cfg(feature = "local")]
mod special_names;
#[cfg(target_os = "linux")]
mod stdin_pipe;
mod strings;
#[path = "../support/mod.rs"]
mod support;
#[cfg(feature = "local")]
mod untrusted;
mod validate;
#[cfg(feature = "local")]
mod validate_remote;
