//! Paths that Rockset does not have, for looking at what is stored.

use super::collections::Place;
use crate::local::answers::Json;
use crate::local::body::{Params, QueryParams};
use crate::local::errors::{Answer, Failure};
use crate::local::server::App;
use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Value, json};
use std::ops::RangeInclusive;

const LIMIT: RangeInclusive<usize> = 1..=10_000;

/// Adds the paths under `/local`.
pub(in crate::local) fn routes(router: Router<App>) -> Router<App> {
    router
        .route("/local", get(overview))
        .route("/local/ws/{workspace}/collections/{collection}/docs", get(documents))
        .route("/local/ws/{workspace}/collections/{collection}/docs/{id}", get(document))
}

async fn overview(State(app): State<App>) -> Answer<Value> {
    let mut workspaces = Vec::new();
    for workspace in app.store.workspaces() {
        let name = workspace.name.unwrap_or_default();
        let collections = app.store.collections_of(&name).unwrap_or_default();
        let collections = collections.iter().map(|collection| {
            let shown = collection.show();
            let stats = shown.stats.unwrap_or_default();
            json!({
                "name": shown.name,
                "status": shown.status,
                "doc_count": stats.doc_count,
                "total_size": stats.total_size,
            })
        });
        workspaces.push(json!({ "name": name, "collections": collections.collect::<Value>() }));
    }
    let integrations = app.store.integrations().into_iter().map(|found| found.name);
    Ok(Json(json!({
        "workspaces": workspaces,
        "integrations": integrations.collect::<Value>(),
    })))
}

#[derive(Deserialize)]
struct Page {
    limit: Option<usize>,
    after: Option<String>,
}

async fn documents(
    State(app): State<App>,
    Params((workspace, name)): Place,
    QueryParams(page): QueryParams<Page>,
) -> Result<Response, Failure> {
    let limit = page.limit.unwrap_or(100);
    if !LIMIT.contains(&limit) {
        let (least, most) = (LIMIT.start(), LIMIT.end());
        let message = format!("Wrong in limit: {limit} is not between {least} and {most}");
        return Err(Failure::invalid(message));
    }
    let collection = app.store.collection(&workspace, &name)?;
    let body = collection.read(|stored| {
        let mut data = Vec::with_capacity(limit.min(stored.len()));
        let mut last = None;
        for (id, json) in stored.page(page.after.as_deref(), limit) {
            data.push(json);
            last = Some(id);
        }
        let next = last.filter(|id| stored.goes_on_after(id));
        format!(r#"{{"data":[{}],"next":{}}}"#, data.join(","), Value::from(next))
    });
    Ok(json_text(body))
}

async fn document(
    State(app): State<App>,
    Params((workspace, name, id)): Params<(String, String, String)>,
) -> Result<Response, Failure> {
    let collection = app.store.collection(&workspace, &name)?;
    let found = collection.read(|stored| stored.get(&id).map(|document| document.json(&id)));
    found.map(json_text).ok_or_else(|| Failure::not_found("Document", &id))
}

fn json_text(text: String) -> Response {
    ([(CONTENT_TYPE, "application/json")], text).into_response()
}
