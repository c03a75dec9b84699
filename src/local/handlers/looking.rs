//! Paths that Rockset does not have, for looking at what is stored.

use super::collections::Place;
use crate::local::answers::Json;
use crate::local::body::{Params, QueryParams};
use crate::local::errors::{Answer, Failure};
use crate::local::pool::{Panicked, Pool};
use crate::local::state::App;
use crate::local::storage::{Stored, View};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::{Stream, StreamExt, stream};
use serde::Deserialize;
use serde_json::{Value, json};
use std::ops::RangeInclusive;

const LIMIT: RangeInclusive<usize> = 1..=10_000;

/// Bytes from which on a page is sent in pieces.
const PIECE: usize = 256 << 10;

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
    let documents = app.store.collection(&workspace, &name)?.read();
    let mut text = PageText::new(documents, page.after.map(String::into_boxed_str), limit);
    let first = text.next_piece();
    Ok(match text.is_whole {
        true => json_text(first),
        false => json_text(Body::from_stream(pieces(first, text, app.pool.clone()))),
    })
}

/// A page as JSON, made piece by piece of the documents as they were when it was asked for.
struct PageText {
    documents: View,
    /// The `_id` of the last document so far, or that after which the page begins.
    last: Option<Box<str>>,
    /// How many documents the page may still have.
    left: usize,
    is_begun: bool,
    is_whole: bool,
}

impl PageText {
    fn new(documents: View, after: Option<Box<str>>, limit: usize) -> Self {
        Self { documents, last: after, left: limit, is_begun: false, is_whole: false }
    }

    /// What comes next, which ends after a document.
    fn next_piece(&mut self) -> String {
        let mut text = String::new();
        if !self.is_begun {
            text.push_str(r#"{"data":["#);
        }
        let mut documents = self.documents.after(self.last.as_deref()).peekable();
        let mut last = None;
        while self.left > 0
            && text.len() < PIECE
            && let Some(document) = documents.next()
        {
            if std::mem::replace(&mut self.is_begun, true) {
                text.push(',');
            }
            text.push_str(&document.json());
            last = Some(document.id.clone());
            self.left -= 1;
        }
        let more = documents.peek().is_some();
        drop(documents);
        // A page without documents ends before any.
        self.is_whole = self.left == 0 || !more;
        if self.is_whole {
            let next = last.as_deref().filter(|_| more);
            text.push_str(&format!(r#"],"next":{}}}"#, Value::from(next)));
        }
        self.last = last;
        text
    }
}

/// The pieces of a page, of which the first is made. Each is made on the pool when the
/// client has taken the one before it.
fn pieces(
    first: String,
    page: PageText,
    pool: Pool,
) -> impl Stream<Item = Result<String, Panicked>> {
    let rest = stream::try_unfold(page, move |mut page| {
        let pool = pool.clone();
        async move {
            if page.is_whole {
                return Ok(None);
            }
            pool.run(move || (page.next_piece(), page)).await.map(Some)
        }
    });
    stream::once(async { Ok(first) }).chain(rest)
}

async fn document(
    State(app): State<App>,
    Params((workspace, name, id)): Params<(String, String, String)>,
) -> Result<Response, Failure> {
    let collection = app.store.collection(&workspace, &name)?;
    let found = collection.read().get(&id).map(Stored::json);
    found.map(json_text).ok_or_else(|| Failure::not_found("Document", &id))
}

fn json_text(text: impl Into<Body>) -> Response {
    ([(CONTENT_TYPE, "application/json")], text.into()).into_response()
}
