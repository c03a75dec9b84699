//! Delivers one batch, until every document in it is acknowledged.

use super::batch::{Closed, Operation};
use super::malformed;
use super::statuses::{Outcome, check};
use crate::driver::task::Target;
use crate::driver::{Doing, Error};
use crate::rockset::client::documents::{self, Statuses};
use crate::rockset::client::retry::Backoff;
use crate::rockset::{self, Client};
use tracing::warn;

/// Sends a batch. Documents with a retryable failure are sent again, without the others; any other
/// failure is an error.
pub(super) async fn send(client: &Client, target: &Target, batch: Closed) -> Result<(), Error> {
    // The time of the backoff begins with the first failure, not with the first request, because
    // the client may have retried that for long.
    let mut backoff: Option<Backoff> = None;
    let mut to_send = vec![batch];
    while let Some(batch) = to_send.pop() {
        let outcome = match write(client, target, &batch).await {
            Ok(statuses) => check(client, target, &batch, &statuses).await,
            Err(error) => Err(error),
        };
        match outcome {
            Ok(Outcome::Done) => {}
            Ok(Outcome::Failed { indices, is_retryable, reason }) => {
                let backoff = backoff.get_or_insert_with(|| client.retry().begin());
                let Some(wait) = is_retryable.then(|| backoff.wait(None)).flatten() else {
                    let tried = Some(backoff.tried()).filter(|tried| tried.attempts > 1);
                    return Err(reason.into_error(target, tried));
                };
                let reason = reason.into_error(target, None);
                warn!(collection = %target, wait_ms = wait.as_millis() as u64, reason = %reason,
                    "sending documents again");
                tokio::time::sleep(wait).await;
                to_send.push(batch.pick(indices));
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
                return Err(error).doing(|| doing(target, &batch));
            }
        }
    }
    Ok(())
}

/// Sends one request.
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

fn doing(target: &Target, batch: &Closed) -> String {
    let (binding, documents) = (target.binding, batch.len());
    match batch.operation() {
        Operation::Add => {
            format!("bindings[{binding}]: adding {documents} documents to {target}")
        }
        Operation::Delete => {
            format!("bindings[{binding}]: deleting {documents} documents from {target}")
        }
    }
}
