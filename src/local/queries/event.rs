//! The end of a query as an event of `commons._events`.

use super::error_type::error_type;
use super::outcome::Outcome;
use crate::local::catalog::event::{Actor, Event, Kind};
use crate::local::catalog::lambda::LambdaVersion;
use crate::local::query::SqlError;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Characters of a query's text that are kept.
const TEXT: usize = 1_000;

/// A query that has ended.
#[derive(Debug)]
pub(super) struct Ended<'a> {
    pub id: &'a str,
    pub sql: &'a str,
    pub by: Actor,
    pub lambda: Option<&'a LambdaVersion>,
    pub instance: &'a str,
    /// Whether it was accepted.
    pub has_begun: bool,
    /// Time from the request to the end.
    pub took: Duration,
}

/// The event of a query that has ended.
pub(super) fn of(query: &Ended<'_>, outcome: &Outcome) -> Event {
    let Ended { id, sql, by, lambda, instance, has_begun, took } = query;
    let (label, status) = match outcome {
        Outcome::Completed(_) => ("QUERY_SUCCESS", "COMPLETED"),
        // It was wrong at first sight.
        Outcome::Failed(_) if !has_begun => ("QUERY_INVALID", "ERROR"),
        Outcome::Failed(_) => ("QUERY_ERROR", "ERROR"),
        Outcome::Cancelled => ("QUERY_ERROR", "CANCELLED"),
    };
    let mut fields = Map::new();
    let mut details = Map::new();
    details.insert("queryId".to_string(), (*id).into());
    details.insert("query".to_string(), beginning(sql).into());
    details.insert("status".to_string(), status.into());
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    details.insert("elapsedTimeMs".to_string(), millis.into());
    details.insert("virtualInstanceId".to_string(), (*instance).into());
    if let Some(lambda) = lambda {
        details.insert("queryLambda".to_string(), lambda.to_string().into());
    }
    let message = match outcome {
        Outcome::Completed(answer) => {
            fields.insert("collections".to_string(), json!(answer.rows.reads.collections));
            details.insert("rows".to_string(), answer.rows.rows.len().into());
            None
        }
        Outcome::Failed(error) => {
            details.insert("error".to_string(), told(error));
            Some(error.message.clone())
        }
        Outcome::Cancelled => Some("The query was cancelled".to_string()),
    };
    Event {
        kind: Kind::Query,
        label: label.to_string(),
        is_error: !matches!(outcome, Outcome::Completed(_)),
        by: by.clone(),
        fields,
        details,
        message,
    }
}

fn told(error: &SqlError) -> Value {
    let place = error.place.map(|place| (place.line, place.column)).unzip();
    json!({"type": error_type(error.kind).to_string(), "line": place.0, "column": place.1})
}

fn beginning(text: &str) -> &str {
    text.char_indices().nth(TEXT).map_or(text, |(end, _)| &text[..end])
}
