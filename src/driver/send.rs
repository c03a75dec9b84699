//! One batch, until every document of it is acknowledged.

use super::Error;
use super::batch::Closed;
use super::task::Target;
use crate::rockset::enums::DocumentStatusKind;
use crate::rockset::types::{AddDocumentsResponse, DocumentStatus};
use crate::rockset::{self, Client, documents, retry};
use tracing::warn;

/// How many refused documents an error names.
const NAMED: usize = 3;

/// Sends a batch. Documents whose failure may pass are sent again, alone; any other
/// failure is an error.
pub(super) async fn send(client: &Client, target: &Target, batch: Closed) -> Result<(), Error> {
    let mut backoff = client.retry().begin();
    let mut to_send = vec![batch];
    while let Some(batch) = to_send.pop() {
        match documents::add(client, &target.workspace, &target.collection, batch.body()).await {
            Ok(response) => {
                let failed = failures(target, &batch, &response)?;
                if failed.is_empty() {
                    continue;
                }
                let refused = refusal(target, &batch, &response, &failed);
                let can_help = failed.iter().all(|index| is_passing(&response.data[*index]));
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
                let doing = format!(
                    "bindings[{}]: adding {} documents to {target}",
                    target.binding,
                    batch.len()
                );
                return Err(Error::rockset(doing)(error));
            }
        }
    }
    Ok(())
}

/// The indices of documents that aren't stored. Every document has to be answered for.
fn failures(
    target: &Target,
    batch: &Closed,
    response: &AddDocumentsResponse,
) -> Result<Vec<usize>, Error> {
    let (sent, answered) = (batch.len(), response.data.len());
    if answered != sent {
        let what = format!("statuses of {answered} documents where {sent} were sent");
        let doing = format!("bindings[{}]: adding documents to {target}", target.binding);
        return Err(Error::rockset(doing)(rockset::Error::Unexpected(what)));
    }
    let failed = response.data.iter().enumerate().filter(|(_, status)| {
        use DocumentStatusKind as K;
        !matches!(status.status, Some(K::Added | K::Replaced))
    });
    Ok(failed.map(|(index, _)| index).collect())
}

/// Whether the document may be stored when it's sent again.
fn is_passing(status: &DocumentStatus) -> bool {
    let kind = status.error.as_ref().and_then(|error| error.type_.as_ref());
    kind.is_some_and(retry::may_pass)
}

fn refusal(
    target: &Target,
    batch: &Closed,
    response: &AddDocumentsResponse,
    failed: &[usize],
) -> Error {
    let first = failed.iter().take(NAMED).map(|index| describe(&response.data[*index]));
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
