//! What the user writes, and what it must look like.
//!
//! - [`Endpoint`]: the key, the region, how hard to press.
//! - [`Resource`]: the collection of a binding, and its settings. Their parts map onto
//!   the types of the Rockset API with `From`.
//! - [`parse`]: reads either of them, and says in [`Problems`] what can't stay.
//! - [`schema`]: what the platform makes a form of.

#![allow(clippy::needless_update, reason = "the API may gain properties that nobody sets yet")]

pub mod collection;
mod duplicates;
mod endpoint;
mod number;
mod parse;
mod problem;
mod resource;
mod s3;
mod schema;
mod text;
mod transformation;

pub use collection::CollectionSettings;
pub use endpoint::{Advanced, ApiKey, Endpoint};
pub use parse::{Config, parse};
pub use problem::{Problem, Problems};
pub use resource::{DocumentId, Resource};
pub use s3::InitializeFromS3;
pub use schema::schema;
pub use transformation::{Sql, Transformation};
