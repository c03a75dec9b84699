//! The endpoint's side of the wall: a typed client of the Rockset API.
//!
//! - [`Client`] and [`types`]: generated from `openapi/rockset.yaml`, a method for
//!   each operation, a type for each schema. An enumeration has an `Unlisted` value,
//!   so that an API that grows doesn't break a running client.
//! - [`connect`]: a client that authenticates, retries, keeps to Rockset's limits and
//!   traces. [`Writes`] is what its writes came to.
//! - [`call`]: runs an operation and says in an [`Error`] what went wrong.
//! - [`client::documents`]: the bodies on the path of a document, written by hand.
//! - [`rules`]: what else the API says.
//! - [`answers`]: what stands in an answer for what there isn't.
//! - [`operations`]: what the API document lists, as a table.

pub mod answers;
pub mod client;
mod nulls;
mod open_enum;
pub mod operations;
pub mod rules;

#[allow(missing_docs, clippy::all, clippy::unwrap_used, clippy::expect_used, rustdoc::all)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/rockset.rs"));
}

/// The API's enumerations, generated from `openapi/rockset.yaml`.
#[allow(missing_docs)]
pub mod enums {
    include!(concat!(env!("OUT_DIR"), "/rockset_enums.rs"));
}

pub use client::effort::{Effort, Tried};
pub use client::error::Error;
pub use client::limits::{MetadataLimits, MetadataRate, Writes};
pub use client::{Connection, Settings, call, connect, connect_with};
pub use generated::{Client, ResponseValue, types};
