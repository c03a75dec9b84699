//! What a source is to be, checked.

use super::formats::Format;
use super::s3::{Pattern, Place};
use crate::local::definition::{self, Transformation};
use crate::local::errors::Failure;
use crate::local::source;
use crate::local::state::App;
use crate::rockset::types::{Source, SourceS3};

/// Checks what only the engine understands of a source.
pub(in crate::local) fn check_source(source: &Source, place: &str) -> Result<(), Failure> {
    if let Some(s3) = &source.s3 {
        let wrong = |what: String| Failure::invalid(format!("Wrong in {place}.s3.{what}"));
        pattern(s3).map_err(wrong)?;
        Format::given(source.format_params.as_ref(), place)?;
    }
    transformation(source).map(drop)
}

/// Why a source is not read, if it is one that could be.
pub(in crate::local) fn unread(source: &Source) -> Option<String> {
    match source::kinds(source).as_slice() {
        _ if !source::is_read(source) => None,
        ["s3"] => None,
        kinds => Some(format!("The local Rockset reads S3, but not {}", kinds.join(", "))),
    }
}

/// Checks that a source that is to be read can be, by the integration that it names.
pub(in crate::local) fn check_access(app: &App, source: &Source) -> Result<(), Failure> {
    match &source.s3 {
        None => Ok(()),
        Some(s3) => Place::of(source, s3, &app.store, &app.options.s3).map(|_| ()),
    }
}

/// Which objects a source reads. Fails with what is wrong.
pub(super) fn pattern(s3: &SourceS3) -> Result<Pattern, String> {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    match given(&s3.pattern) {
        None => Ok(Pattern::prefix(&given(&s3.prefix).unwrap_or_default())),
        Some(pattern) => {
            Pattern::parse(&pattern).map_err(|wrong| format!("pattern: {pattern:?}: {wrong}"))
        }
    }
}

/// The transformation of a source that has one of its own.
pub(super) fn transformation(source: &Source) -> Result<Option<Transformation>, Failure> {
    definition::transformation(source.ingest_transformation.as_ref())
}
