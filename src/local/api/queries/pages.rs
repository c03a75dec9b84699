//! Rows that are fetched after their query has completed.

use super::failed::{cancelled, failed};
use super::info::find;
use super::rows::{ObjectText, Position};
use crate::local::api::answers::json_text;
use crate::local::api::auth::Sender;
use crate::local::api::extract::{Params, QueryParams};
use crate::local::error::ApiError;
use crate::local::queries::{Answer, Outcome, Query, cursor};
use crate::local::state::AppState;
use crate::rockset::enums::ErrorType;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;

/// Default number of rows of a page.
const USUAL: usize = 10_000;

/// Maximum number of rows of a page.
const MOST: usize = 100_000;

/// Maximum distance of a page from its cursor, in rows.
const FARTHEST: usize = 1_000_000_000;

/// Query parameters that select a page.
#[derive(Debug, Deserialize)]
pub struct Page {
    cursor: Option<String>,
    docs: Option<usize>,
    offset: Option<usize>,
}

pub async fn page(
    State(app): State<AppState>,
    Params(id): Params<String>,
    QueryParams(page): QueryParams<Page>,
    Extension(caller): Sender,
) -> Result<Response, ApiError> {
    let query = find(&app, &caller, &id)?;
    let answer = fetched(&query)?;
    let (first, count) = page.range(&query)?;
    Ok(json_text(app.pool.run(move || written(&query, &answer, first, count)).await?))
}

/// Result of a query, if it can be fetched.
fn fetched(query: &Query) -> Result<Arc<Answer>, ApiError> {
    if let Some(answer) = query.kept() {
        return Ok(answer);
    }
    let id = query.id();
    match query.show().outcome {
        Some(Outcome::Failed(error)) => Err(failed(error, id)),
        Some(Outcome::Cancelled) => Err(cancelled(id)),
        Some(Outcome::Completed(_)) => {
            let message = format!("The results of query {id:?} are not kept");
            Err(ApiError::new(ErrorType::Notfound, message))
        }
        None => {
            let status = query.show().stage.name();
            Err(ApiError::new(ErrorType::NotReady, format!("Query {id:?} is {status}")))
        }
    }
}

impl Page {
    /// The first row and the number of rows.
    fn range(&self, query: &Query) -> Result<(usize, usize), ApiError> {
        let start = match self.cursor.as_deref().filter(|cursor| !cursor.is_empty()) {
            None => 0,
            Some(cursor) => cursor::row(query.id(), cursor).ok_or_else(|| {
                ApiError::invalid(format!("cursor {cursor:?} is none of query {:?}", query.id()))
            })?,
        };
        let count = match self.docs.unwrap_or_default() {
            0 => USUAL,
            count => within("docs", count, MOST)?,
        };
        let offset = within("offset", self.offset.unwrap_or_default(), FARTHEST)?;
        Ok((start.saturating_add(offset), count))
    }
}

fn within(name: &str, number: usize, most: usize) -> Result<usize, ApiError> {
    match number <= most {
        true => Ok(number),
        false => Err(ApiError::invalid(format!("{name} is at most {most}, not {number}"))),
    }
}

fn written(query: &Query, answer: &Answer, first: usize, count: usize) -> String {
    let all = &answer.rows.rows;
    let first = first.min(all.len());
    let rows = &all[first..first.saturating_add(count).min(all.len())];
    let mut text = ObjectText::new();
    text.rows(rows);
    text.set("results_total_doc_count", &all.len());
    text.set("pagination", &Position::new(query.id(), first, rows.len(), all.len()));
    text.finish()
}
