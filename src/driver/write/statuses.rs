//! Which documents of a batch are stored, by what Rockset answered.
//!
//! A status belongs to the document with its `_id`, wherever it stands. Only an ingest
//! transformation gives documents an `_id` of its own; their statuses come in their order.

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

/// How many documents an error names.
const NAMED: usize = 3;

/// What a batch came to.
pub(super) enum Outcome {
    Done,
    /// Some documents are not stored. Their indices, and whether all may be when they are
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
    /// As an error, after so many attempts.
    pub fn into_error(self, target: &Target, tried: Option<Tried>) -> Error {
        let Self { refused, sent, first } = self;
        let (binding, collection) = (target.binding, target.to_string());
        Error::Refused { binding, collection, refused, sent, first, tried }
    }
}

/// Whether all documents are stored, or else which are not. Every document has to be
/// answered for.
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
        is_retryable: failed.iter().all(|(_, status)| is_passing(status)),
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

/// Statuses that are not those of the documents.
#[derive(Debug)]
struct Mismatch {
    /// How many there were, in their order.
    statuses: Vec<DocumentStatus>,
    /// Indices of documents without one.
    missing: Vec<usize>,
    /// Indices of statuses of no document.
    strange: Vec<usize>,
}

/// The status of each document. Of several with one `_id`, the first has the first.
fn by_id(ids: &[String], statuses: Vec<DocumentStatus>) -> Result<Vec<DocumentStatus>, Mismatch> {
    let mut documents: HashMap<&str, VecDeque<usize>> = HashMap::with_capacity(ids.len());
    for (index, id) in ids.iter().enumerate() {
        documents.entry(id).or_default().push_back(index);
    }
    let mut places = Vec::with_capacity(statuses.len());
    let mut strange = Vec::new();
    for (index, status) in statuses.iter().enumerate() {
        let id = status.id.as_deref();
        match id.and_then(|id| documents.get_mut(id)?.pop_front()) {
            Some(document) => places.push((document, index)),
            None => strange.push(index),
        }
    }
    let mut missing: Vec<usize> = documents.into_values().flatten().collect();
    if !missing.is_empty() || !strange.is_empty() {
        missing.sort_unstable();
        return Err(Mismatch { statuses, missing, strange });
    }
    let mut statuses: Vec<Option<DocumentStatus>> = statuses.into_iter().map(Some).collect();
    places.sort_unstable();
    Ok(places.into_iter().filter_map(|(_, index)| statuses[index].take()).collect())
}

impl Mismatch {
    /// Whether there is one status for each document, of other documents or of none.
    fn may_be_in_order(&self) -> bool {
        self.missing.len() == self.strange.len()
    }

    fn describe(&self, ids: &[String]) -> String {
        let (sent, answered) = (ids.len(), self.statuses.len());
        let mut told = Vec::new();
        if !self.missing.is_empty() {
            let first = some(&self.missing, |index| ids[index].clone());
            let missing = self.missing.len();
            told.push(format!("no status for {missing} of {sent} documents ({first})"));
        }
        if !self.strange.is_empty() {
            let first = some(&self.strange, |index| describe(&self.statuses[index]));
            let strange = self.strange.len();
            told.push(format!("no such document for {strange} of {answered} statuses ({first})"));
        }
        told.join(", and ")
    }
}

/// The first few of what is numbered so.
fn some(indices: &[usize], named: impl Fn(usize) -> String) -> String {
    let mut first: Vec<String> = indices.iter().take(NAMED).map(|index| named(*index)).collect();
    if indices.len() > NAMED {
        first.push("…".to_string());
    }
    first.join("; ")
}

/// Whether documents become others in the collection, with an `_id` that isn't known here.
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

/// Whether there was no such document, which may have been deleted by an earlier try.
fn is_absent(status: &DocumentStatus) -> bool {
    error_type(status) == Some(&ErrorType::Notfound)
}

/// Whether the document may be stored when it's sent again.
fn is_passing(status: &DocumentStatus) -> bool {
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
