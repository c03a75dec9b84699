//! Documents: added, patched, deleted.
//!
//! A request is not atomic. Its answer has the outcome of each document, in order.

use super::answers::answer;
use super::collections::CollectionPath;
use super::extract::{JsonText, Params};
use crate::local::catalog::Collection;
use crate::local::error::ApiError;
use crate::local::ingest::parse::check_count;
use crate::local::ingest::{Ingest, Ingested, Outcome, patch};
use crate::local::json::parse;
use crate::local::state::AppState;
use crate::local::storage::{Batch, Stored};
use crate::rockset::enums::{DocumentStatusKind as Kind, ErrorType};
use crate::rockset::types::{
    AddDocumentsResponse, DeleteDocumentsRequest, DeleteDocumentsRequestData,
    DeleteDocumentsResponse, DocumentStatus, PatchDocument, PatchDocumentsRequest,
    PatchDocumentsResponse,
};
use axum::extract::State;
use axum::response::Response;
use std::sync::Arc;
use uuid::Uuid;

/// Result of one document: its `_id`, if known, and the kind of write or an error.
type Written = (Option<String>, Result<Kind, ApiError>);

pub(super) async fn add(
    State(app): State<AppState>,
    Params((workspace, name)): CollectionPath,
    JsonText(text): JsonText,
) -> Result<Response, ApiError> {
    app.room().await?;
    let collection = open(&app, &workspace, &name)?;
    answer(&app.pool, move || added(&collection, &text)).await
}

fn added(collection: &Collection, text: &[u8]) -> Result<AddDocumentsResponse, ApiError> {
    let documents = Ingest::new(collection, None).body(text)?;
    let insert_only = collection.definition().insert_only;
    let (written, offset) = collection.write(|batch| {
        documents.into_iter().map(|outcome| add_one(batch, insert_only, outcome)).collect()
    })?;
    let data = statuses(collection.name(), written);
    Ok(AddDocumentsResponse { data, last_offset: Some(offset) })
}

fn add_one(batch: &mut Batch, insert_only: bool, outcome: Outcome) -> Written {
    let (id, document) = match outcome {
        Ok(Ingested::Document(document)) => document,
        // The document is not stored, and nothing is wrong with it.
        Ok(Ingested::Dropped(id)) => return (id.map(String::from), Ok(Kind::Added)),
        Err(rejected) => return (rejected.id.map(String::from), Err(rejected.error)),
    };
    if insert_only && batch.replaces(&id, &document) {
        return (Some(id.into()), Err(immutable()));
    }
    let written = match batch.merge(id.clone(), document) {
        Ok(replaces) => Ok(if replaces { Kind::Replaced } else { Kind::Added }),
        Err(reason) => Err(ApiError::invalid(reason)),
    };
    (Some(id.into()), written)
}

pub(super) async fn patch(
    State(app): State<AppState>,
    Params((workspace, name)): CollectionPath,
    JsonText(text): JsonText,
) -> Result<Response, ApiError> {
    app.room().await?;
    let collection = open(&app, &workspace, &name)?;
    answer(&app.pool, move || patched(&collection, &text)).await
}

fn patched(collection: &Collection, text: &[u8]) -> Result<PatchDocumentsResponse, ApiError> {
    let request: PatchDocumentsRequest = parse(text)?;
    check_count(request.data.len())?;
    let insert_only = collection.definition().insert_only;
    let (written, offset) = collection.write(|batch| {
        let patch = |patch: PatchDocument| {
            let outcome = if insert_only { Err(immutable()) } else { patch_one(batch, &patch) };
            (Some(patch.id), outcome)
        };
        request.data.into_iter().map(patch).collect()
    })?;
    let data = statuses(collection.name(), written);
    Ok(PatchDocumentsResponse { data, last_offset: Some(offset) })
}

fn patch_one(batch: &mut Batch, patch: &PatchDocument) -> Result<Kind, ApiError> {
    let id = patch.id.as_str();
    check_aggregated(batch.get(id))?;
    let document = batch.json(id)?.ok_or_else(|| ApiError::not_found("Document", id))?;
    let document = patch::apply(id, &document, &patch.patch)?;
    batch.put(id.into(), document);
    Ok(Kind::Patched)
}

pub(super) async fn delete(
    State(app): State<AppState>,
    Params((workspace, name)): CollectionPath,
    JsonText(text): JsonText,
) -> Result<Response, ApiError> {
    let collection = open(&app, &workspace, &name)?;
    answer(&app.pool, move || deleted(&collection, &text)).await
}

fn deleted(collection: &Collection, text: &[u8]) -> Result<DeleteDocumentsResponse, ApiError> {
    let request: DeleteDocumentsRequest = parse(text)?;
    check_count(request.data.len())?;
    let insert_only = collection.definition().insert_only;
    let (written, offset) = collection.write(|batch| {
        let delete = |DeleteDocumentsRequestData { id }| {
            if insert_only {
                return (Some(id), Err(immutable()));
            }
            let outcome = check_aggregated(batch.get(&id));
            if outcome.is_ok() {
                batch.remove(&id);
            }
            (Some(id), outcome.map(|()| Kind::Deleted))
        };
        request.data.into_iter().map(delete).collect()
    })?;
    let data = statuses(collection.name(), written);
    Ok(DeleteDocumentsResponse { data, last_offset: Some(offset) })
}

/// The collection of a write request, if it may be written to now.
pub(super) fn open(
    app: &AppState,
    workspace: &str,
    name: &str,
) -> Result<Arc<Collection>, ApiError> {
    if let Some(writes) = &app.writes {
        writes.take()?;
    }
    let collection = app.catalog.collection(workspace, name)?;
    collection.writable()?;
    Ok(collection)
}

fn immutable() -> ApiError {
    let message = "The collection is insert_only: a document in it can't be changed or deleted";
    ApiError::new(ErrorType::Forbidden, message)
}

/// Refuses to change a document that stands for a group of documents.
fn check_aggregated(stored: Option<&Stored>) -> Result<(), ApiError> {
    let message = "The collection is a rollup: a document in it can't be changed or deleted";
    match stored.is_some_and(|stored| stored.state().is_some()) {
        true => Err(ApiError::new(ErrorType::Forbidden, message)),
        false => Ok(()),
    }
}

fn statuses(collection: &str, written: Vec<Written>) -> Vec<DocumentStatus> {
    let status = |(id, outcome): Written| {
        let (status, error) = match outcome {
            Ok(kind) => (kind, None),
            Err(error) => (Kind::Error, Some(error.into())),
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
    written.into_iter().map(status).collect()
}
