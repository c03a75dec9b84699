//! A build without the engine reads no sources, and says so.

use crate::local::catalog::{Collection, source};
use crate::local::error::ApiError;
use crate::local::pool::Pool;
use crate::local::state::AppState;
use crate::local::storage::{NewDocument, RecordOrigin};
use crate::rockset::types::{FormatParams, Source};
use axum::body::Bytes;
use std::sync::Arc;

pub(super) fn check_readable(_: &Source, _: &str) -> Result<(), ApiError> {
    Ok(())
}

/// The reason why a source is not read, if there is something to read.
pub(super) fn unread(source: &Source) -> Option<String> {
    source::is_read(source).then(|| {
        "This build of the local Rockset reads no sources: build it with the feature `engine`, \
         which reads S3"
            .to_string()
    })
}

pub fn check_access(_: &AppState, _: &Source) -> Result<(), ApiError> {
    Ok(())
}

pub fn start(_: &AppState, _: &Arc<Collection>, _: &Source) {}

pub async fn read_file(
    _: &Pool,
    _: &Arc<Collection>,
    _: &str,
    _: Bytes,
    _: Option<&FormatParams>,
    _: RecordOrigin,
) -> Result<Vec<NewDocument>, ApiError> {
    Err(ApiError::needs_engine("The file holds CSV, Parquet or the like"))
}
