//! Sources: all are accepted, and those that this server can read are read.
//!
//! Reading needs the feature `engine`:
//!
//! - `s3`: the objects of a source, and the order in which they are read; `formats`: the content of
//!   an object.
//! - `sink`: records on their way to the collection; `upload`: files that are read as objects are.
//!
//! In a build without it, `refused` stands for all of these.

#[cfg(feature = "engine")]
mod formats;
#[cfg(not(feature = "engine"))]
mod refused;
#[cfg(feature = "engine")]
mod s3;
#[cfg(feature = "engine")]
mod sink;
#[cfg(feature = "engine")]
mod upload;

#[cfg(not(feature = "engine"))]
pub use refused::{check_access, read_file, start};
#[cfg(not(feature = "engine"))]
use refused::{check_readable, unread};
#[cfg(feature = "engine")]
pub use s3::{check_access, open_bucket, start};
#[cfg(feature = "engine")]
use s3::{check_readable, unread};
#[cfg(feature = "engine")]
pub use upload::read_file;

use super::transform;
use crate::local::catalog::{SourceEntry, source};
use crate::local::error::ApiError;
use crate::rockset::types::Source;

/// Checks a source at a place in the body of a request, and lets it begin. Needs the pool: planning
/// the transformation takes much stack.
pub fn accept(given: Source, place: &str) -> Result<SourceEntry, ApiError> {
    source::check(&given, place)?;
    check_readable(&given, place)?;
    transform::parse(given.ingest_transformation.as_ref())?;
    let unread = unread(&given);
    Ok(SourceEntry::new(source::new(given), unread))
}
