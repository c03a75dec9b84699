//! The endpoint's side of the wall: a typed client of the Rockset API.
//!
//! - [`Client`] and [`types`]: generated from `openapi/rockset.yaml`, a method for
//!   each operation, a type for each schema. An enumeration has an `Unlisted` value,
//!   so that an API that grows doesn't break a running client.
//! - [`connect`]: a client that authenticates, retries, keeps to Rockset's limits and
//!   traces. [`Writes`] is what its writes came to.
//! - [`call`]: runs an operation and says in an [`Error`] what went wrong.
//! - [`documents`]: the bodies on the path of a document, written by hand.
//! - [`answers`]: what stands in an answer for what there isn't.
//! - [`operations`]: what the API document lists, as a table.

mod answer;
pub mod answers;
mod attempts;
pub mod client;
mod connection;
pub mod documents;
mod effort;
pub mod error;
mod mask;
mod nulls;
mod open_enum;
pub mod operations;
mod pacing;
mod pressure;
mod rate;
pub mod retry;

#[allow(missing_docs, clippy::all, clippy::unwrap_used, clippy::expect_used, rustdoc::all)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/rockset.rs"));
}

/// The API's enumerations, generated from `openapi/rockset.yaml`.
#[allow(missing_docs)]
pub mod enums {
    include!(concat!(env!("OUT_DIR"), "/rockset_enums.rs"));
}

pub use client::{Connection, Settings, call, connect, connect_with};
pub use effort::{Effort, Tried};
pub use error::Error;
pub use generated::{Client, ResponseValue, types};
pub use pacing::{MetadataRate, Pacing};
pub use pressure::Writes;
