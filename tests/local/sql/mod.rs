//! SQL, asked over HTTP.

mod documented;
mod evaluator;
mod language;
mod properties;
mod robust;
mod smith;

use crate::support::local::Local;
use serde_json::{Value, json};

const QUERIES: &str = "/v1/orgs/self/queries";

/// What a query answers, as text: a row a line, or the error with its place.
async fn asked(local: &Local, query: &str) -> String {
    let answer = local.post(QUERIES, json!({"sql": {"query": query}})).await;
    match answer.body["results"].as_array() {
        Some(rows) => rows.iter().map(Value::to_string).collect::<Vec<_>>().join("\n"),
        None => {
            let (line, column) = (&answer.body["line"], &answer.body["column"]);
            let message = answer.body["message"].as_str().unwrap();
            format!("{} at {line}:{column}: {message}", answer.status.as_u16())
        }
    }
}
