//! What the tests share. Each test file uses a part of it.

#![allow(dead_code)]

pub mod connector;
#[cfg(feature = "local")]
pub mod local;
pub mod pack;
#[cfg(feature = "local")]
pub mod preview;
pub mod scripted;
pub mod snapshot;
#[cfg(feature = "local")]
pub mod stored;
pub mod task;
