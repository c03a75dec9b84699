//! Status of queries, and their cancellation.

use super::failed::no_query;
use crate::local::api::answers::{ApiResult, Json};
use crate::local::api::auth::Sender;
use crate::local::api::extract::Params;
use crate::local::catalog::CREATOR;
use crate::local::catalog::access::Caller;
use crate::local::error::ApiError;
use crate::local::queries::cursor::cursor;
use crate::local::queries::{Outcome, Query, Shown, error_type};
use crate::local::query::SqlError;
use crate::local::state::AppState;
use axum::Extension;
use axum::extract::State;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use std::sync::Arc;

/// Maximum number of queries in the list of an instance.
const LISTED: usize = 100;

/// Status of a query.
#[derive(Debug, Serialize)]
pub struct Info {
    query_id: String,
    status: &'static str,
    executed_by: &'static str,
    submitted_at: String,
    expires_at: Option<String>,
    stats: Figures,
    destination_uri: Option<String>,
    pagination: Option<Start>,
    last_offset: Option<String>,
    query_errors: Vec<Failure>,
    sql: Option<String>,
    cancellation_tag: Option<String>,
    #[serde(flatten)]
    asker: Option<AskedBy>,
}

#[derive(Debug, Serialize)]
struct Figures {
    elapsed_time_ms: u64,
    throttled_time_ms: u64,
    result_set_document_count: Option<usize>,
    result_set_bytes_size: Option<usize>,
    result_set_file_count: Option<usize>,
}

#[derive(Debug, Serialize)]
struct Start {
    start_cursor: String,
}

#[derive(Debug, Serialize)]
struct Failure {
    #[serde(rename = "type")]
    kind: String,
    message: String,
    status_code: u16,
}

#[derive(Debug, Serialize)]
struct AskedBy {
    user_agent: Option<String>,
    api_key_identifier: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct Listed {
    data: Vec<Info>,
}

#[derive(Debug, Serialize)]
pub struct Found {
    data: Info,
    last_offset: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct Ended {
    data: Info,
}

pub async fn active(State(app): State<AppState>, Extension(caller): Sender) -> Json<Listed> {
    let active = app.queries.active();
    let visible = active.iter().filter(|query| caller.sees_query_of(&query.asker().holder));
    let data = visible.map(|query| with_sql(query)).collect();
    Json(Listed { data })
}

pub async fn of_instance(
    State(app): State<AppState>,
    Params(id): Params<String>,
    Extension(caller): Sender,
) -> ApiResult<Listed> {
    let instance = app.catalog.instance(&id)?.id.unwrap_or_default();
    let mut recent = app.queries.recent();
    recent.retain(|query| {
        query.instance() == instance && caller.sees_query_of(&query.asker().holder)
    });
    let data = recent.iter().take(LISTED).map(|query| {
        let asker = query.asker().clone();
        let (user_agent, api_key_identifier) = (asker.user_agent, asker.key);
        let asker = Some(AskedBy { user_agent, api_key_identifier });
        Info { asker, ..with_sql(query) }
    });
    Ok(Json(Listed { data: data.collect() }))
}

/// Time of the latest query on a virtual instance, in milliseconds since the epoch.
pub fn last_queried(app: &AppState, instance: &str) -> Option<i64> {
    let recent = app.queries.recent();
    let latest = recent.iter().find(|query| query.instance() == instance)?;
    Some(latest.submitted().timestamp_millis())
}

pub async fn get(
    State(app): State<AppState>,
    Params(id): Params<String>,
    Extension(caller): Sender,
) -> ApiResult<Found> {
    let data = info(&*find(&app, &caller, &id)?);
    let last_offset = data.last_offset.clone();
    Ok(Json(Found { data, last_offset }))
}

pub async fn cancel(
    State(app): State<AppState>,
    Params(id): Params<String>,
    Extension(caller): Sender,
) -> ApiResult<Ended> {
    let query = find(&app, &caller, &id)?;
    query.cancel();
    Ok(Json(Ended { data: info(&query) }))
}

/// A query that the caller may see.
pub fn find(app: &AppState, caller: &Caller, id: &str) -> Result<Arc<Query>, ApiError> {
    let found = app.queries.find(id).filter(|it| caller.sees_query_of(&it.asker().holder));
    found.ok_or_else(|| no_query(id))
}

/// The status with the text of the query, as lists have it.
fn with_sql(query: &Query) -> Info {
    Info { sql: Some(query.sql().to_string()), ..info(query) }
}

fn info(query: &Query) -> Info {
    let shown = query.show();
    let kept = query.kept();
    let errors = match &shown.outcome {
        Some(Outcome::Failed(error)) => vec![failure(error)],
        _ => Vec::new(),
    };
    let last_offset = match &shown.outcome {
        Some(Outcome::Completed(answer)) => answer.last_offset.clone(),
        _ => None,
    };
    Info {
        query_id: query.id().to_string(),
        status: shown.stage.name(),
        executed_by: CREATOR,
        submitted_at: seconds(query.submitted()),
        expires_at: shown.expires.map(seconds),
        stats: Figures {
            result_set_document_count: kept.as_ref().map(|answer| answer.rows.rows.len()),
            result_set_bytes_size: kept.as_ref().map(|answer| answer.bytes),
            ..figures(&shown)
        },
        destination_uri: None,
        pagination: kept.map(|_| Start { start_cursor: cursor(query.id(), 0) }),
        last_offset,
        query_errors: errors,
        sql: None,
        cancellation_tag: None,
        asker: None,
    }
}

fn figures(shown: &Shown) -> Figures {
    let millis = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    Figures {
        elapsed_time_ms: millis(shown.elapsed),
        throttled_time_ms: millis(shown.waited),
        result_set_document_count: None,
        result_set_bytes_size: None,
        result_set_file_count: None,
    }
}

fn failure(error: &SqlError) -> Failure {
    let told = ApiError::new(error_type(error.kind), &error.message);
    let kind = error_type(error.kind).to_string();
    Failure { kind, status_code: told.status().as_u16(), message: error.message.clone() }
}

fn seconds(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
