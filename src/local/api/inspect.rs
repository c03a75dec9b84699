//! Paths that Rockset does not have, to inspect what is stored.

use super::answers::{answer, json_text};
use super::auth::Sender;
use super::collections::CollectionPath;
use super::extract::{Params, QueryParams};
use crate::local::catalog::access::{Caller, Resource};
use crate::local::error::ApiError;
use crate::local::pool::Pool;
use crate::local::state::AppState;
use crate::local::storage::View;
use crate::rockset::enums::PrivilegeAction as Action;
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use futures_util::{Stream, StreamExt, stream};
use serde::Deserialize;
use serde_json::{Value, json};
use std::ops::RangeInclusive;

const LIMIT: RangeInclusive<usize> = 1..=10_000;

/// Bytes of a page from which it is sent in pieces.
const PIECE: usize = 256 << 10;

/// Bytes that a document has in a page beside its fields, about.
const FRAME: usize = 100;

pub(super) async fn overview(
    State(app): State<AppState>,
    Extension(caller): Sender,
) -> Result<Response, ApiError> {
    let pool = app.pool.clone();
    answer(&pool, move || Ok(overview_of(&app, &caller))).await
}

fn overview_of(app: &AppState, caller: &Caller) -> Value {
    let mut workspaces = Vec::new();
    let names = app.catalog.workspaces().into_iter().filter_map(|workspace| workspace.name);
    for name in names.filter(|name| caller.sees(name)) {
        let collections = app.catalog.collections_of(&name);
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
    let integrations = match caller.may(&Action::ListIntegrationsGlobal, Resource::Any) {
        true => app.catalog.integrations(),
        false => Vec::new(),
    };
    let integrations = integrations.into_iter().map(|found| found.name);
    let mut overview = json!({
        "workspaces": workspaces,
        "integrations": integrations.collect::<Value>(),
    });
    if let Some(following) = app.catalog.following() {
        overview["read_replica"] = json!({
            "next_position": following.next(),
            "store_read_at_ms": following.read_at(),
        });
    }
    overview
}

#[derive(Deserialize)]
pub(super) struct Page {
    limit: Option<usize>,
    after: Option<String>,
}

pub(super) async fn documents(
    State(app): State<AppState>,
    Params((workspace, name)): CollectionPath,
    Extension(caller): Sender,
    QueryParams(page): QueryParams<Page>,
) -> Result<Response, ApiError> {
    caller.check_reads(&[format!("{workspace}.{name}")])?;
    let limit = page.limit.unwrap_or(100);
    if !LIMIT.contains(&limit) {
        let (least, most) = (LIMIT.start(), LIMIT.end());
        let message = format!("Wrong in limit: {limit} is not between {least} and {most}");
        return Err(ApiError::invalid(message));
    }
    let documents = app.catalog.collection(&workspace, &name)?.read();
    let page = PageText::new(documents, page.after.map(String::into_boxed_str), limit);
    let (first, page) = app.pool.scan(|| page.next_piece()).await??;
    if page.is_whole {
        return Ok(json_text(first));
    }
    Ok(json_text(Body::from_stream(pieces(first, page, app.pool.clone()))))
}

/// A page as JSON, written piece by piece from the snapshot at the time of the request.
struct PageText {
    documents: View,
    /// `_id` of the last document written, or of the one before the page.
    last: Option<Box<str>>,
    /// Number of documents that the page may still have.
    left: usize,
    is_begun: bool,
    is_whole: bool,
}

impl PageText {
    fn new(documents: View, after: Option<Box<str>>, limit: usize) -> Self {
        Self { documents, last: after, left: limit, is_begun: false, is_whole: false }
    }

    /// The next piece, which ends after a document. Fails if a document can't be read.
    fn next_piece(mut self) -> Result<(String, Self), ApiError> {
        let mut text = String::new();
        if !self.is_begun {
            text.push_str(r#"{"data":["#);
        }
        let mut documents = self.documents.after(self.last.as_deref()).peekable();
        let (mut piece, mut bytes) = (Vec::new(), 0);
        while self.left > 0
            && bytes < PIECE
            && let Some(document) = documents.next()
        {
            bytes += document.length() + FRAME;
            piece.push(document);
            self.left -= 1;
        }
        let more = documents.peek().is_some();
        for json in self.documents.jsons(&piece)? {
            if std::mem::replace(&mut self.is_begun, true) {
                text.push(',');
            }
            text.push_str(&json);
        }
        let last = piece.last().map(|document| document.id.clone());
        drop((piece, documents));
        // A page without documents ends before any.
        self.is_whole = self.left == 0 || !more;
        if self.is_whole {
            let next = last.as_deref().filter(|_| more);
            text.push_str(&format!(r#"],"next":{}}}"#, Value::from(next)));
        }
        self.last = last;
        Ok((text, self))
    }
}

/// The pieces of a page, of which the first is made. Each later one is made on the pool, when the
/// client has received the one before.
fn pieces(first: String, page: PageText, pool: Pool) -> impl Stream<Item = Result<String, Broken>> {
    let rest = stream::try_unfold(page, move |page| {
        let pool = pool.clone();
        async move {
            if page.is_whole {
                return Ok(None);
            }
            let next = pool.scan(|| page.next_piece()).await.map_err(ApiError::from);
            next.flatten().map(Some).map_err(|error| Broken(error.message().to_string()))
        }
    });
    stream::once(async { Ok(first) }).chain(rest)
}

/// The reason why a page ends early.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Broken(String);

pub(super) async fn document(
    State(app): State<AppState>,
    Params((workspace, name, id)): Params<(String, String, String)>,
    Extension(caller): Sender,
) -> Result<Response, ApiError> {
    caller.check_reads(&[format!("{workspace}.{name}")])?;
    let collection = app.catalog.collection(&workspace, &name)?;
    let found = app.pool.run(move || {
        let documents = collection.read();
        let found = documents.get(&id).ok_or_else(|| ApiError::not_found("Document", &id))?;
        Ok::<_, ApiError>(documents.json(found)?)
    });
    found.await?.map(json_text)
}
