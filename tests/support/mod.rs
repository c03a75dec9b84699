//! What the tests share. Each test file uses a part of it.

#![allow(dead_code)]

pub mod connector;
pub mod pack;
pub mod snapshot;
pub mod task;
