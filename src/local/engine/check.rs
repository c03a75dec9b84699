//! What a source is to be, checked.

use super::formats::Format;
use super::s3::{Pattern, Place};
use super::sql::Transformation;
use crate::local::durations;
use crate::local::errors::Failure;
use crate::local::server::App;
use crate::rockset::enums::ErrorType;
use crate::rockset::types::{Source, SourceS3};

/// Checks a source that is to be read, as far as it can be done by itself.
pub(in crate::local) fn check_source(source: &Source, place: &str) -> Result<(), Failure> {
    let wrong = |what: String| Failure::invalid(format!("Wrong in {place}.{what}"));
    let Some(s3) = &source.s3 else {
        let message = format!("The local Rockset reads S3 alone, which {place} is not");
        return Err(Failure::new(ErrorType::Notimplementedyet, message));
    };
    let others = Source {
        format_params: None,
        id: None,
        ingest_transformation: None,
        integration_name: None,
        resume_at: None,
        s3: None,
        status: None,
        suspended_at: None,
        write_api: None,
        ..source.clone()
    };
    let others = serde_json::to_value(others).unwrap_or_default();
    if others.as_object().is_some_and(|others| !others.is_empty()) {
        return Err(Failure::invalid(format!("Wrong in {place}: it is S3 and something else")));
    }
    if source.integration_name.as_deref().unwrap_or_default().is_empty() {
        return Err(wrong("integration_name: it is missing".to_string()));
    }
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if !s3.bucket.starts_with(|c: char| c.is_ascii_alphanumeric()) || !s3.bucket.chars().all(good) {
        return Err(wrong(format!("s3.bucket: {:?} is no name of a bucket", s3.bucket)));
    }
    pattern(s3).map_err(|what| wrong(format!("s3.{what}")))?;
    durations::scan_frequency(s3.settings.as_ref(), &format!("{place}.s3"))?;
    Format::given(source.format_params.as_ref(), place)?;
    transformation(source)?;
    Ok(())
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
    match (given(&s3.prefix), given(&s3.pattern)) {
        (Some(_), Some(_)) => {
            Err("pattern: there is a prefix, too, and one excludes the other".to_string())
        }
        (prefix, None) => Ok(Pattern::prefix(&prefix.unwrap_or_default())),
        (None, Some(pattern)) => {
            Pattern::parse(&pattern).map_err(|wrong| format!("pattern: {pattern:?}: {wrong}"))
        }
    }
}

/// The transformation of a source that has one of its own.
pub(super) fn transformation(source: &Source) -> Result<Option<Transformation>, Failure> {
    let query = source.ingest_transformation.as_ref().and_then(|query| query.sql.as_deref());
    match query.unwrap_or_default().trim() {
        "" => Ok(None),
        sql => Transformation::parse(sql).map(Some),
    }
}
