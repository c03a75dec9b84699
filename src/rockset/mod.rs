//! The endpoint's side of the wall: a typed client of the Rockset API.
//!
//! - [`Client`] and [`types`]: generated from `openapi/rockset.yaml`, with a method for each
//!   operation and a type for each schema. Each enumeration has a variant `Unlisted`, so that
//!   new values don't break a running client.
//! - [`connect`]: makes a client that authenticates, retries, keeps to Rockset's limits and
//!   traces. [`Writes`] counts its writes.
//! - [`call`]: awaits an operation, and turns a failure into an [`Error`].
//! - [`client::documents`]: writes of documents, by hand, because they are the hot path.
//! - [`client::queries`]: SQL, with parameters from Rust values and rows as types of serde.
//! - [`rules`]: rules of the API that its document can't express.
//! - [`Secret`]: an API key, which shows nowhere.
//! - [`answers`]: the form of properties without a value.
//! - [`operations`]: the operations of the API document, as a table.

pub mod answers;
pub mod client;
mod nulls;
mod open_enum;
pub mod operations;
pub mod rules;
mod secret;

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
pub use secret::Secret;
