//! What stands for the engine in a build without it: it refuses what needs it.

use super::errors::Failure;
use super::incoming::Transformed;
use super::pool::Pool;
use super::source;
use super::state::App;
use super::storage::{Origin, Ready};
use super::store::Collection;
use crate::rockset::types::{FormatParams, Source};
use axum::body::Bytes;
use std::sync::Arc;

/// An ingest transformation, of which there is none.
#[derive(Debug)]
pub(super) enum Transformation {}

impl Transformation {
    pub(super) fn parse(_: &str) -> Result<Self, Failure> {
        Err(Failure::needs_engine("An ingest transformation runs SQL on every document"))
    }

    pub(super) fn apply(&self, _: &[&str]) -> Vec<Transformed> {
        match *self {}
    }
}

pub(super) fn check_source(source: &Source, _: &str) -> Result<(), Failure> {
    super::definition::transformation(source.ingest_transformation.as_ref()).map(drop)
}

pub(super) fn check_access(_: &App, _: &Source) -> Result<(), Failure> {
    Ok(())
}

pub(super) async fn read_file(
    _: &Pool,
    _: &Arc<Collection>,
    _: &str,
    _: Bytes,
    _: Option<&FormatParams>,
    _: Origin,
) -> Result<Vec<Ready>, Failure> {
    Err(Failure::needs_engine("The file holds CSV, Parquet or the like"))
}

/// Why a source is not read, if it is one that could be.
pub(super) fn unread(source: &Source) -> Option<String> {
    source::is_read(source).then(|| {
        "This build of the local Rockset reads no sources: build it with the feature `engine`, \
         which reads S3"
            .to_string()
    })
}

pub(super) fn start(_: &App, _: &Arc<Collection>, _: &Source) {}
