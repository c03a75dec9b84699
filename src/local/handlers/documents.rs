//! Documents: added, patched, deleted.
//!
//! A request is not atomic. Its answer has the outcome of each document, in order.

use super::collections::Place;
use crate::local::answers::Json;
use crate::local::body::{JsonText, Params, parse};
use crate::local::errors::Failure;
use crate::local::incoming::{self, Incoming, Transformed};
use crate::local::limits;
use crate::local::patch;
use crate::local::pool::Pool;
use crate::local::special_fields::{self as special, EventTimeSource};
use crate::local::state::App;
use crate::local::storage::{Batch, Document};
use crate::local::store::Collection;
use crate::rockset::enums::{DocumentStatusKind as Kind, ErrorType};
use crate::rockset::types::{
    AddDocumentsResponse, DeleteDocumentsRequest, DeleteDocumentsRequestData,
    DeleteDocumentsResponse, DocumentStatus, PatchDocument, PatchDocumentsRequest,
    PatchDocumentsResponse,
};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::marker::PhantomData;
use std::sync::Arc;
use uuid::Uuid;

/// The outcome of a document: its `_id`, if known, and what became of it.
type Outcome = (Option<String>, Result<Kind, Failure>);

pub(in crate::local) async fn add(
    State(app): State<App>,
    Params((workspace, name)): Place,
    JsonText(text): JsonText,
) -> Result<Response, Failure> {
    let collection = open(&app, &workspace, &name)?;
    answer(&app.pool, move || added(&collection, &text)).await
}

fn added(collection: &Collection, text: &[u8]) -> Result<AddDocumentsResponse, Failure> {
    let now = special::now();
    let event_time = collection.definition().event_time.as_ref();
    let transformation = collection.transformation().and_then(|query| query.engine);
    let documents: Vec<_> = match transformation {
        None => {
            let incoming = incoming::read(text, event_time)?;
            incoming.into_iter().map(|sent| ready(sent, now)).collect()
        }
        Some(transformation) => {
            let texts = incoming::texts(text)?;
            let transformed = transformation.apply(&texts);
            let pairs = texts.into_iter().zip(transformed);
            pairs.map(|(sent, made)| ready_made(sent, made, event_time, now)).collect()
        }
    };

    let insert_only = collection.definition().insert_only;
    let (outcomes, offset) = collection.write(|batch| {
        let put = |document| match document {
            Ready::Not(id, failure) => (id, Err(failure)),
            // It is not stored, and nothing is wrong with it.
            Ready::Dropped(id) => (id, Ok(Kind::Added)),
            Ready::Yes(id, document) => {
                let outcome = match insert_only && batch.get(&id).is_some() {
                    true => Err(immutable()),
                    false if batch.put(id.clone(), document) => Ok(Kind::Replaced),
                    false => Ok(Kind::Added),
                };
                (Some(id.into()), outcome)
            }
        };
        documents.into_iter().map(put).collect()
    })?;
    let data = statuses(collection.name(), outcomes);
    Ok(AddDocumentsResponse { data, last_offset: Some(offset) })
}

/// Whether a document can be stored.
enum Ready {
    Yes(Box<str>, Document),
    /// With its `_id`, if it has a good one.
    Not(Option<String>, Failure),
    /// The transformation leaves it out.
    Dropped(Option<String>),
}

fn ready(mut sent: Incoming<'_>, now: i64) -> Ready {
    let id = match special::id(sent.id, Uuid::new_v4) {
        Ok(id) => id,
        Err(failure) => return Ready::Not(None, failure),
    };
    match sent.event_time(now) {
        Ok(event_time) => Ready::Yes(id, Document { event_time, fields: sent.fields, meta: None }),
        Err(failure) => Ready::Not(Some(id.into()), failure),
    }
}

/// What has become of a document that was transformed.
fn ready_made(
    sent: &str,
    made: Transformed,
    event_time: Option<&EventTimeSource>,
    now: i64,
) -> Ready {
    let mut scratch = String::new();
    let mut sent_id = || {
        let sent = incoming::one(sent, None, &mut scratch).ok()?;
        sent.id.and_then(special::string).map(String::from)
    };
    match made {
        Transformed::Dropped => Ready::Dropped(sent_id()),
        Transformed::Failed(reason) => Ready::Not(sent_id(), Failure::invalid(reason)),
        Transformed::Document(text) => match incoming::one(&text, event_time, &mut scratch) {
            Ok(document) => ready(document, now),
            Err(error) => Ready::Not(None, Failure::invalid(error.to_string())),
        },
    }
}

pub(in crate::local) async fn patch(
    State(app): State<App>,
    Params((workspace, name)): Place,
    JsonText(text): JsonText,
) -> Result<Response, Failure> {
    let collection = open(&app, &workspace, &name)?;
    answer(&app.pool, move || patched(&collection, &text)).await
}

fn patched(collection: &Collection, text: &[u8]) -> Result<PatchDocumentsResponse, Failure> {
    let request = parse(text, PhantomData::<PatchDocumentsRequest>)?;
    limits::check_documents(request.data.len())?;
    let insert_only = collection.definition().insert_only;
    let (outcomes, offset) = collection.write(|batch| {
        let patch = |patch: PatchDocument| {
            let outcome = if insert_only { Err(immutable()) } else { patch_one(batch, &patch) };
            (Some(patch.id), outcome)
        };
        request.data.into_iter().map(patch).collect()
    })?;
    let data = statuses(collection.name(), outcomes);
    Ok(PatchDocumentsResponse { data, last_offset: Some(offset) })
}

fn patch_one(batch: &mut Batch, patch: &PatchDocument) -> Result<Kind, Failure> {
    let id = patch.id.as_str();
    let document = batch.get(id).ok_or_else(|| Failure::not_found("Document", id))?;
    let document = patch::apply(id, document, &patch.patch)?;
    batch.put(id.into(), document);
    Ok(Kind::Patched)
}

pub(in crate::local) async fn delete(
    State(app): State<App>,
    Params((workspace, name)): Place,
    JsonText(text): JsonText,
) -> Result<Response, Failure> {
    let collection = open(&app, &workspace, &name)?;
    answer(&app.pool, move || deleted(&collection, &text)).await
}

fn deleted(collection: &Collection, text: &[u8]) -> Result<DeleteDocumentsResponse, Failure> {
    let request = parse(text, PhantomData::<DeleteDocumentsRequest>)?;
    limits::check_documents(request.data.len())?;
    let insert_only = collection.definition().insert_only;
    let (outcomes, offset) = collection.write(|batch| {
        let delete = |DeleteDocumentsRequestData { id }| {
            if insert_only {
                return (Some(id), Err(immutable()));
            }
            batch.remove(&id);
            (Some(id), Ok(Kind::Deleted))
        };
        request.data.into_iter().map(delete).collect()
    })?;
    let data = statuses(collection.name(), outcomes);
    Ok(DeleteDocumentsResponse { data, last_offset: Some(offset) })
}

/// Answers what a job on the pool makes, which writes the JSON of it, too.
async fn answer<T: Serialize>(
    pool: &Pool,
    job: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<Response, Failure> {
    let body = pool.run(move || job().map(|made| Json(made).text())).await??;
    let body = body.map_err(|error| Failure::internal(&error))?;
    Ok(([(CONTENT_TYPE, "application/json")], body).into_response())
}

/// The collection of a write request, if it may be written to now.
pub(super) fn open(app: &App, workspace: &str, name: &str) -> Result<Arc<Collection>, Failure> {
    if let Some(writes) = &app.writes {
        writes.take()?;
    }
    let collection = app.store.collection(workspace, name)?;
    collection.writable()?;
    Ok(collection)
}

fn immutable() -> Failure {
    let message = "The collection is insert_only: a document in it can't be changed or deleted";
    Failure::new(ErrorType::Forbidden, message)
}

fn statuses(collection: &str, outcomes: Vec<Outcome>) -> Vec<DocumentStatus> {
    let status = |(id, outcome): Outcome| {
        let (status, error) = match outcome {
            Ok(kind) => (kind, None),
            Err(failure) => (Kind::Error, Some(failure.into())),
        };
        let patch_id = (status == Kind::Patched).then(|| Uuid::new_v4().to_string());
        DocumentStatus {
            collection: Some(collection.to_string()),
            error,
            id,
            patch_id,
            status: Some(status),
        }
    };
    outcomes.into_iter().map(status).collect()
}
