//! Finds the documents of a batch that are not stored, from the statuses in Rockset's answer.
//!
//! A status belongs to the document with the same `_id`, whatever the order. Only if an ingest
//! transformation gives documents another `_id`, statuses are matched by their order.

use super::batch::{Closed, Operation};
use crate::driver::Error;
use crate::driver::task::Target;
use crate::rockset::client::documents::{Statuses, written_id};
use crate::rockset::client::retry;
use crate::rockset::enums::{DocumentStatusKind, ErrorType};
use crate::rockset::rules::ID;
use crate::rockset::types::DocumentStatus;
use crate::rockset::{self, Client, Tried, call};
use serde_json::Value;
use std::collections::{HashMap, VecDeque};

/// The number of documents that an error names.
const NAMED: usize = 3;

/// The outcome of a batch.
pub(super) enum Outcome {
    Done,
    /// The documents at `indices` are not stored. `is_retryable`: all may be stored when they are
    /// sent again.
    Failed {
        indices: Vec<usize>,
        is_retryable: bool,
        reason: Reason,
    },
}

/// Why documents are not stored.
pub(super) struct Reason {
    refused: usize,
    sent: usize,
    first: Vec<String>,
}

impl Reason {
    /// The error that ends the session, with the attempts if there were several.
    pub fn into_error(self, target: &Target, tried: Option<Tried>) -> Error {
        let Self { refused, sent, first } = self;
        let (binding, collection) = (target.binding, target.to_string());
        Error::Refused { binding, collection, refused, sent, first, tried }
    }
}

/// Finds out whether all documents are stored. Fails if a document has no status.
pub(super) async fn check(
    client: &Client,
    target: &Target,
    batch: &Closed,
    statuses: &Statuses,
) -> Result<Outcome, rockset::Error> {
    let good: &[&[u8]] = match batch.operation() {
        Operation::Add => &[br#""ADDED""#, br#""REPLACED""#],
        Operation::Delete => &[br#""DELETED""#],
    };
    if statuses.are_all(batch.documents().map(written_id), good) {
        return Ok(Outcome::Done);
    }
    let statuses = statuses.read()?;
    let ids: Vec<String> = batch.documents().map(id).collect();
    let statuses = match by_id(&ids, statuses) {
        Ok(statuses) => statuses,
        Err(mismatch) if mismatch.may_be_in_order() && is_transformed(client, target).await => {
            mismatch.statuses
        }
        Err(mismatch) => return Err(rockset::Error::Unexpected(mismatch.describe(&ids))),
    };
    let is_failed = |(_, status): &(usize, &DocumentStatus)| !is_done(batch.operation(), status);
    let failed: Vec<_> = statuses.iter().enumerate().filter(is_failed).collect();
    if failed.is_empty() {
        return Ok(Outcome::Done);
    }
    let first = failed.iter().take(NAMED).map(|(_, status)| describe(status));
    Ok(Outcome::Failed {
        reason: Reason { refused: failed.len(), sent: batch.len(), first: first.collect() },
        is_retryable: failed.iter().all(|(_, status)| is_retryable(status)),
        indices: failed.into_iter().map(|(index, _)| index).collect(),
    })
}

/// The `_id` of a document.
fn id(document: &[u8]) -> String {
    let value = match written_id(document) {
        Some(id) => serde_json::from_slice(&[b"\"", id, b"\""].concat()),
        None => serde_json::from_slice(document).map(|mut document: Value| document[ID].take()),
    };
    match value.unwrap_or_default() {
        Value::String(id) => id,
        other => other.to_string(),
    }
}

/// Statuses that don't belong to the documents one by one.
#[derive(Debug)]
struct Mismatch {
    /// All statuses, in their order.
    statuses: Vec<DocumentStatus>,
    /// Indices of documents without a status.
    missing: Vec<usize>,
    /// Indices of statuses without a document.
    unknown: Vec<usize>,
}

/// The status of each document. If several have the same `_id`, they get their statuses in order.
fn by_id(ids: &[String], statuses: Vec<DocumentStatus>) -> Result<Vec<DocumentStatus>, Mismatch> {
    let mut documents: HashMap<&str, VecDeque<usize>> = HashMap::with_capacity(ids.len());
    for (index, id) in ids.iter().enumerate() {
        documents.entry(id).or_default().push_back(index);
    }
    let mut places = Vec::with_capacity(statuses.len());
    let mut unknown = Vec::new();
    for (index, status) in statuses.iter().enumerate() {
        let id = status.id.as_deref();
        match id.and_then(|id| documents.get_mut(id)?.pop_front()) {
            Some(document) => places.push((document, index)),
            None => unknown.push(index),
        }
    }
    let mut missing: Vec<usize> = documents.into_values().flatten().collect();
    if !missing.is_empty() || !unknown.is_empty() {
        missing.sort_unstable();
        return Err(Mismatch { statuses, missing, unknown });
    }
    let mut statuses: Vec<Option<DocumentStatus>> = statuses.into_iter().map(Some).collect();
    places.sort_unstable();
    Ok(places.into_iter().filter_map(|(_, index)| statuses[index].take()).collect())
}

impl Mismatch {
    /// Whether there are as many statuses as documents, so that they may be in the same order.
    fn may_be_in_order(&self) -> bool {
        self.missing.len() == self.unknown.len()
    }

    fn describe(&self, ids: &[String]) -> String {
        let (sent, answered) = (ids.len(), self.statuses.len());
        let mut told = Vec::new();
        if !self.missing.is_empty() {
            let first = first_few(&self.missing, |index| ids[index].clone());
            let missing = self.missing.len();
            told.push(format!("no status for {missing} of {sent} documents ({first})"));
        }
        if !self.unknown.is_empty() {
            let first = first_few(&self.unknown, |index| describe(&self.statuses[index]));
            let unknown = self.unknown.len();
            told.push(format!("no such document for {unknown} of {answered} statuses ({first})"));
        }
        told.join(", and ")
    }
}

/// The names of the first few things with these indices.
fn first_few(indices: &[usize], named: impl Fn(usize) -> String) -> String {
    let mut first: Vec<String> = indices.iter().take(NAMED).map(|index| named(*index)).collect();
    if indices.len() > NAMED {
        first.push("…".to_string());
    }
    first.join("; ")
}

/// Whether the collection has an ingest transformation, which may give documents another `_id`.
async fn is_transformed(client: &Client, target: &Target) -> bool {
    let look = || async {
        let answer = call(client.get_collection(&target.workspace, &target.collection)).await;
        let collection = answer.ok().and_then(|answer| answer.data);
        let query = collection.and_then(|collection| collection.field_mapping_query);
        query.is_some_and(|query| query.sql.is_some_and(|sql| !sql.is_empty()))
    };
    *target.is_transformed.get_or_init(look).await
}

fn is_done(operation: Operation, status: &DocumentStatus) -> bool {
    use DocumentStatusKind as K;
    match operation {
        Operation::Add => matches!(status.status, Some(K::Added | K::Replaced)),
        Operation::Delete => status.status == Some(K::Deleted) || is_absent(status),
    }
}

/// Whether the document doesn't exist: an earlier attempt may have deleted it.
fn is_absent(status: &DocumentStatus) -> bool {
    error_type(status) == Some(&ErrorType::Notfound)
}

/// Whether the document may be stored when it is sent again.
fn is_retryable(status: &DocumentStatus) -> bool {
    error_type(status).is_some_and(retry::is_retryable_document)
}

fn error_type(status: &DocumentStatus) -> Option<&ErrorType> {
    status.error.as_ref().and_then(|error| error.type_.as_ref())
}

fn describe(status: &DocumentStatus) -> String {
    let id = status.id.as_deref().unwrap_or("(no _id)");
    let kind = status.status.as_ref().map_or("no status", |kind| kind.as_str());
    let Some(error) = &status.error else {
        return format!("{id} {kind}");
    };
    let reason = error.type_.as_ref().map_or("", |reason| reason.as_str());
    let message = error.message.as_deref().unwrap_or("no message");
    format!("{id} {kind} {reason}: {message}")
}
