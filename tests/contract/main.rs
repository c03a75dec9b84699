//! What the repository promises: the API document, its code, and its structure.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod architecture;
mod arrows;
mod openapi;
mod regenerating;
#[path = "../support/mod.rs"]
mod support;
