//! One batch, until every document of it is acknowledged.

use super::Error;
use super::batch::{Closed, Operation};
use super::malformed;
use super::task::Target;
use crate::rockset::documents::{self, Statuses};
use crate::rockset::enums::{DocumentStatusKind, ErrorType};
use crate::rockset::types::DocumentStatus;
use crate::rockset::{self, Client, retry};
use tracing::warn;

/// How many refused documents an error names.
const NAMED: usize = 3;

/// Sends a batch. Documents whose failure may pass are sent again, alone; any other
/// failure is an error.
pub(super) async fn send(client: &Client, target: &Target, batch: Closed) -> Result<(), Error> {
    let mut backoff = client.retry().begin();
    let mut to_send = vec![batch];
    while let Some(batch) = to_send.pop() {
        let written = write(client, target, &batch).await;
        match written.and_then(|statuses| check(&statuses, &batch)) {
            Ok(None) => {}
            Ok(Some(statuses)) => {
                let failed = failures(target, &batch, &statuses)?;
                if failed.is_empty() {
                    continue;
                }
                let refused = refusal(target, &batch, &statuses, &failed);
                let can_help = failed.iter().all(|index| is_passing(&statuses[*index]));
                let Some(wait) = can_help.then(|| backoff.wait(None)).flatten() else {
                    return Err(refused);
                };
                warn!(collection = %target, wait_ms = wait.as_millis() as u64, reason = %refused,
                    "sending documents again");
                tokio::time::sleep(wait).await;
                to_send.push(batch.pick(failed));
            }
            Err(rockset::Error::TooLarge(answer)) if batch.len() > 1 => {
                warn!(collection = %target, documents = batch.len(), reason = %answer,
                    "Rockset takes smaller requests than it says; sending two halves");
                let middle = batch.len() / 2;
                to_send.push(batch.pick(middle..batch.len()));
                to_send.push(batch.pick(0..middle));
            }
            Err(error) => {
                if error.is_bad_request()
                    && let Some(malformed) = malformed::find(target, &batch)
                {
                    return Err(malformed);
                }
                let count = format!("{} documents", batch.len());
                return Err(Error::rockset(doing(target, &batch, &count))(error));
            }
        }
    }
    Ok(())
}

/// One request.
async fn write(
    client: &Client,
    target: &Target,
    batch: &Closed,
) -> Result<Statuses, rockset::Error> {
    let (workspace, collection) = (&target.workspace, &target.collection);
    match batch.operation() {
        Operation::Add => documents::add(client, workspace, collection, batch.body()).await,
        Operation::Delete => documents::delete(client, workspace, collection, batch.body()).await,
    }
}

/// The status of each document, unless all can be seen to be good.
fn check(
    statuses: &Statuses,
    batch: &Closed,
) -> Result<Option<Vec<DocumentStatus>>, rockset::Error> {
    let good: &[&[u8]] = match batch.operation() {
        Operation::Add => &[br#""ADDED""#, br#""REPLACED""#],
        Operation::Delete => &[br#""DELETED""#],
    };
    match statuses.are_all(batch.len(), good) {
        true => Ok(None),
        false => statuses.read().map(Some),
    }
}

fn doing(target: &Target, batch: &Closed, what: &str) -> String {
    let binding = target.binding;
    match batch.operation() {
        Operation::Add => format!("bindings[{binding}]: adding {what} to {target}"),
        Operation::Delete => format!("bindings[{binding}]: deleting {what} from {target}"),
    }
}

/// The indices of documents of which it isn't done. Every document has to be answered for.
fn failures(
    target: &Target,
    batch: &Closed,
    statuses: &[DocumentStatus],
) -> Result<Vec<usize>, Error> {
    let (sent, answered) = (batch.len(), statuses.len());
    if answered != sent {
        let what = format!("statuses of {answered} documents where {sent} were sent");
        let doing = doing(target, batch, "documents");
        return Err(Error::rockset(doing)(rockset::Error::Unexpected(what)));
    }
    let failed =
        statuses.iter().enumerate().filter(|(_, status)| !is_done(batch.operation(), status));
    Ok(failed.map(|(index, _)| index).collect())
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
    error_type(status).is_some_and(retry::may_pass)
}

fn error_type(status: &DocumentStatus) -> Option<&ErrorType> {
    status.error.as_ref().and_then(|error| error.type_.as_ref())
}

fn refusal(
    target: &Target,
    batch: &Closed,
    statuses: &[DocumentStatus],
    failed: &[usize],
) -> Error {
    let first = failed.iter().take(NAMED).map(|index| describe(&statuses[*index]));
    Error::Refused {
        binding: target.binding,
        collection: target.to_string(),
        refused: failed.len(),
        sent: batch.len(),
        first: first.collect(),
    }
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
