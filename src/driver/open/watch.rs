//! Waits for the collections of one workspace. Each poll is one read, however many there are.

use super::readiness::Readiness;
use crate::driver::poll_settings::PollSettings;
use crate::driver::progress::Overview;
use crate::driver::survey::{self, FoundWorkspace};
use crate::driver::task::Target;
use crate::driver::{Doing, Error};
use crate::rockset::{self, Client, types::Collection};
use std::sync::Arc;
use std::time::Instant;
use tracing::warn;

/// The collections of one workspace to wait for.
#[derive(Debug)]
pub(super) struct Watch {
    pub client: Client,
    pub workspace: String,
    pub waits: Vec<Readiness>,
    pub poll: PollSettings,
    pub overview: Arc<Overview>,
}

impl Watch {
    /// Waits until all collections are READY, and their sources are ingested.
    pub async fn run(mut self) -> Result<(), Error> {
        self.client = self.client.retrying(self.poll.retry(self.client.retry()));
        let begun = Instant::now();
        for polls in 0.. {
            if let Some(found) = self.poll().await? {
                self.update(&found).await?;
            }
            self.overview.show(polls == 0);
            if self.waits.is_empty() {
                break;
            }
            tokio::time::sleep(self.poll.pause(polls, begun.elapsed())).await;
        }
        Ok(())
    }

    /// Reads the collections of the workspace. `None` after an error that may pass.
    async fn poll(&self) -> Result<Option<FoundWorkspace>, Error> {
        let names = self.waits.iter().map(|wait| wait.target.collection.clone()).collect();
        let error = match survey::look(&self.client, &self.workspace, &names).await {
            Ok(found) => return Ok(Some(found)),
            Err(error) => error,
        };
        let is_filled = self.waits.iter().any(|wait| wait.source.is_some());
        match self.waits.as_slice() {
            [wait] if is_filled && error.is_transient() => {
                let reason = rockset::client::error::chain(&error);
                warn!(
                    collection = %wait.target, reason,
                    "Rockset does not say how far the collection is; asking again"
                );
                Ok(None)
            }
            _ if is_filled && error.is_transient() => {
                let reason = rockset::client::error::chain(&error);
                warn!(
                    workspace = self.workspace,
                    reason, "Rockset does not say how far collections are; asking again"
                );
                Ok(None)
            }
            [wait] => Err(error).doing(|| doing(&wait.target)),
            _ => Err(error)
                .doing(|| format!("waiting for the collections of workspace {}", self.workspace)),
        }
    }

    /// Notes the found collections, and removes the waits that are over.
    async fn update(&mut self, found: &FoundWorkspace) -> Result<(), Error> {
        let is_list = self.waits.len() > 1;
        let mut left = Vec::new();
        for mut wait in std::mem::take(&mut self.waits) {
            let is_done = match found.collections.get(&wait.target.collection) {
                Some(collection) => wait.update(collection)?,
                // A missing collection ends the task, so its absence from a list is confirmed.
                None if is_list => wait.update(&self.get(&wait.target).await?)?,
                None => return Err(missing(&wait.target)),
            };
            self.overview.update(&wait.target, wait.objects(), is_done);
            if !is_done {
                left.push(wait);
            }
        }
        self.waits = left;
        Ok(())
    }

    async fn get(&self, target: &Target) -> Result<Collection, Error> {
        match survey::get(&self.client, &target.workspace, &target.collection).await {
            Err(rockset::Error::NotFound(_)) => Err(missing(target)),
            answer => answer.doing(|| doing(target)),
        }
    }
}

fn missing(target: &Target) -> Error {
    let Target { binding, .. } = *target;
    Error::request(
        "Open",
        format!(
            "bindings[{binding}]: collection {target} does not exist; publish the task again, so \
             that it is created"
        ),
    )
}

fn doing(target: &Target) -> String {
    format!("bindings[{}]: waiting for collection {target}", target.binding)
}
