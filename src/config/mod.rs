//! The configuration that a user writes, and its checks.
//!
//! - [`Endpoint`]: the key, the region, and the number of concurrent requests.
//! - [`Resource`]: the collection of a binding, and its settings. `From` turns their parts into
//!   types of the Rockset API.
//! - [`parse`]: reads either of them, and lists in [`Problems`] all that is wrong.
//! - [`schema`]: the JSON schema of which the platform makes a form.

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
pub use endpoint::{Advanced, Endpoint};
pub use parse::{Config, parse};
pub use problem::{Problem, Problems};
pub use resource::{DocumentId, Resource};
pub use s3::InitializeFromS3;
pub use schema::schema;
pub use transformation::{Sql, Transformation};
