//! What stands for the engine in a build without it: it refuses what needs it.

use super::errors::Failure;
use super::incoming::Transformed;
use super::server::App;
use super::store::Collection;
use crate::rockset::types::Source;
use std::sync::Arc;

/// An ingest transformation, of which there is none.
#[derive(Debug)]
pub(super) enum Transformation {}

impl Transformation {
    pub(super) fn parse(_: &str) -> Result<Self, Failure> {
        Err(Failure::needs_engine("field_mapping_query runs SQL on every document"))
    }

    pub(super) fn sql(&self) -> &str {
        match *self {}
    }

    pub(super) fn apply(&self, _: &[&str]) -> Vec<Transformed> {
        match *self {}
    }
}

pub(super) fn check_source(_: &Source, place: &str) -> Result<(), Failure> {
    Err(Failure::needs_engine(&format!("{place} is to be read")))
}

pub(super) fn check_access(_: &App, _: &Source) -> Result<(), Failure> {
    Ok(())
}

pub(super) fn start(_: &App, _: &Arc<Collection>, _: &Source) {}
