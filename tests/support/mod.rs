//! What the tests share. Each test file uses a part of it.

#![allow(dead_code)]

pub mod api;
pub mod connector;
#[cfg(feature = "local")]
pub mod console;
#[cfg(feature = "local")]
pub mod document;
pub mod levels;
#[cfg(feature = "local")]
pub mod limited;
#[cfg(feature = "local")]
pub mod local;
pub mod pack;
pub mod package;
#[cfg(feature = "engine")]
pub mod parquet;
#[cfg(feature = "local")]
pub mod preview;
#[cfg(feature = "local")]
pub mod process;
pub mod raw;
#[cfg(feature = "engine")]
pub mod s3;
pub mod scripted;
pub mod session;
pub mod snapshot;
#[cfg(feature = "engine")]
pub mod sources;
#[cfg(feature = "local")]
pub mod stored;
pub mod task;
