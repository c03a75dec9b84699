//! Checks of sources in S3.

use super::location::BucketLocation;
use super::pattern::Pattern;
use crate::local::catalog::source;
use crate::local::error::ApiError;
use crate::local::ingest::sources::formats::Format;
use crate::local::state::AppState;
use crate::rockset::types::Source;

/// Checks what is read of a source, and as what.
pub fn check_readable(source: &Source, place: &str) -> Result<(), ApiError> {
    let Some(s3) = &source.s3 else {
        return Ok(());
    };
    let wrong = |what: String| ApiError::invalid(format!("Wrong in {place}.s3.{what}"));
    Pattern::of(s3).map_err(wrong)?;
    match Format::unread(source.format_params.as_ref()) {
        Some(_) => Ok(()),
        None => Format::given(source.format_params.as_ref(), place).map(drop),
    }
}

/// The reason why a source is not read, if it is one that could be.
pub fn unread(source: &Source) -> Option<String> {
    match source::kinds(source).as_slice() {
        _ if !source::is_read(source) => None,
        ["s3"] => Format::unread(source.format_params.as_ref()),
        kinds => Some(format!("The local Rockset reads S3, but not {}", kinds.join(", "))),
    }
}

/// Checks that the integration of a source gives access to its bucket.
pub fn check_access(app: &AppState, source: &Source) -> Result<(), ApiError> {
    match &source.s3 {
        None => Ok(()),
        Some(s3) => BucketLocation::of(source, s3, &app.catalog, &app.options.s3).map(drop),
    }
}
