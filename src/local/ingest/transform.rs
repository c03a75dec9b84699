//! The door to [`query::transformation`](crate::local::query::transformation): SQL becomes
//! an ingest transformation.

use crate::local::catalog::{Transform, Transformation};
use crate::local::error::ApiError;
use crate::rockset::types::FieldMappingQuery;
use std::sync::Arc;

/// Parses the SQL of an ingest transformation, if there is one. Needs the pool: planning takes much
/// stack.
pub fn parse(query: Option<&FieldMappingQuery>) -> Result<Option<Transformation>, ApiError> {
    let sql = query.and_then(|query| query.sql.as_deref()).unwrap_or_default().trim();
    if sql.is_empty() {
        return Ok(None);
    }
    let transform = if changes_nothing(sql) { None } else { Some(planned(sql)?) };
    Ok(Some(Transformation { sql: sql.to_string(), transform }))
}

#[cfg(feature = "engine")]
fn planned(sql: &str) -> Result<Arc<dyn Transform>, ApiError> {
    crate::local::query::transformation::parse(sql)
}

#[cfg(not(feature = "engine"))]
fn planned(_: &str) -> Result<Arc<dyn Transform>, ApiError> {
    Err(ApiError::needs_engine("An ingest transformation runs SQL on every document"))
}

/// Whether SQL is `SELECT * FROM _input` and no more.
fn changes_nothing(sql: &str) -> bool {
    let words: Vec<&str> =
        sql.trim_end_matches([';', ' ', '\n', '\t']).split_whitespace().collect();
    let keyword = |word: &str, keyword| word.eq_ignore_ascii_case(keyword);
    matches!(words[..], [select, "*", from, "_input"]
        if keyword(select, "SELECT") && keyword(from, "FROM"))
}
