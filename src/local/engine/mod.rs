//! What needs SQL, S3 or Parquet (feature `engine`): ingest transformations and sources
//! that are read.
//!
//! - `options`: where sources are read.
//! - `s3`: which objects a source means, and in which order they are read; `formats`:
//!   what an object holds.
//! - `ingest`: an object's records on their way; `upload`: files that are uploaded.
//! - `json`: columns as JSON.
//! - `sql`: SQL on documents.

mod check;
mod formats;
mod ingest;
mod json;
mod options;
mod s3;
mod sql;
mod upload;

pub(super) use check::{check_access, check_source, unread};
pub use options::S3;
pub(super) use s3::start;
pub(super) use sql::Transformation;
pub(super) use upload::read_file;
