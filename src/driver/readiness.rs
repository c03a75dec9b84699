//! Waiting until a collection can be written to.

use super::Error;
use super::task::Target;
use crate::rockset::enums::CollectionStatus;
use crate::rockset::types::GetCollectionResponse;
use crate::rockset::{self, Client, call};
use std::time::{Duration, Instant};
use tracing::{info, warn};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How often an unchanged status is logged.
const REPORT_EVERY: Duration = Duration::from_secs(30);

/// Waits until the collection is READY.
pub(super) async fn wait(client: &Client, target: &Target) -> Result<(), Error> {
    let begun = Instant::now();
    let mut pause = FIRST_PAUSE;
    let mut reported: Option<(CollectionStatus, Instant)> = None;
    loop {
        let status = status(client, target).await?;
        if status == CollectionStatus::Ready {
            if reported.is_some() {
                info!(collection = %target, seconds = begun.elapsed().as_secs(), "collection is READY");
            }
            return Ok(());
        }
        let is_news = reported
            .as_ref()
            .is_none_or(|(last, at)| *last != status || at.elapsed() >= REPORT_EVERY);
        if is_news {
            report(target, &status, begun.elapsed());
            reported = Some((status, Instant::now()));
        }
        tokio::time::sleep(pause.mul_f64(0.75 + fastrand::f64() / 2.0)).await;
        pause = pause.mul_f64(1.5).min(LONGEST_PAUSE);
    }
}

async fn status(client: &Client, target: &Target) -> Result<CollectionStatus, Error> {
    let failed = |error| {
        let doing = format!("bindings[{}]: waiting for collection {target}", target.binding);
        Err(Error::rockset(doing)(error))
    };
    match call(client.get_collection(&target.workspace, &target.collection)).await {
        Ok(GetCollectionResponse { data: Some(collection), .. }) => match collection.status {
            Some(status) => Ok(status),
            None => failed(rockset::Error::Unexpected("a collection without a status".into())),
        },
        Ok(_) => failed(rockset::Error::Unexpected("an answer without a collection".into())),
        Err(rockset::Error::NotFound(_)) => Err(Error::request(
            "Open",
            format!(
                "bindings[{}]: collection {target} does not exist; publish the task again, so that \
                 it is created",
                target.binding
            ),
        )),
        Err(error) => failed(error),
    }
}

fn report(target: &Target, status: &CollectionStatus, waited: Duration) {
    use CollectionStatus as S;
    let seconds = waited.as_secs();
    match status {
        S::Paused | S::Pausing | S::Deleted | S::EncryptionKeyError => warn!(
            collection = %target, %status, seconds,
            "waiting for a collection that will not become READY by itself; look at it in Rockset"
        ),
        _ => {
            info!(collection = %target, %status, seconds, "waiting for the collection to be READY")
        }
    }
}
