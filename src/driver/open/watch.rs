//! Waiting for the collections of one workspace. However many there are, a look at all of them
//! is one read.

use super::readiness::Readiness;
use crate::driver::Error;
use crate::driver::poll_settings::PollSettings;
use crate::driver::progress::Overview;
use crate::driver::survey::{self, Found};
use crate::driver::task::Target;
use crate::rockset::{self, Client, types::Collection};
use std::sync::Arc;
use std::time::Instant;
use tracing::warn;

/// Collections of one workspace that are waited for.
#[derive(Debug)]
pub(super) struct Watch {
    pub client: Client,
    pub workspace: String,
    pub waits: Vec<Readiness>,
    pub poll: PollSettings,
    pub overview: Arc<Overview>,
}

impl Watch {
    /// Waits until all collections are READY, and everything that they are filled from is in.
    pub async fn run(mut self) -> Result<(), Error> {
        self.client = self.client.retrying(self.poll.retry(self.client.retry()));
        let begun = Instant::now();
        for looks in 0.. {
            if let Some(found) = self.poll().await? {
                self.see(&found).await?;
            }
            self.overview.show(looks == 0);
            if self.waits.is_empty() {
                break;
            }
            tokio::time::sleep(self.poll.pause(looks, begun.elapsed())).await;
        }
        Ok(())
    }

    /// What the workspace holds, unless what keeps Rockset from answering may pass.
    async fn poll(&self) -> Result<Option<Found>, Error> {
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
            [wait] => Err(failed(&wait.target)(error)),
            _ => {
                let doing = format!("waiting for the collections of workspace {}", self.workspace);
                Err(Error::rockset(doing)(error))
            }
        }
    }

    /// Shows all waits what was found, and keeps those that aren't over.
    async fn see(&mut self, found: &Found) -> Result<(), Error> {
        let is_list = self.waits.len() > 1;
        let mut left = Vec::new();
        for mut wait in std::mem::take(&mut self.waits) {
            let is_done = match found.collections.get(&wait.target.collection) {
                Some(collection) => wait.see(collection)?,
                // A task ends by it, so a list has to be confirmed.
                None if is_list => wait.see(&self.get(&wait.target).await?)?,
                None => return Err(missing(&wait.target)),
            };
            self.overview.see(&wait.target, wait.objects(), is_done);
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
            answer => answer.map_err(failed(target)),
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

fn failed(target: &Target) -> impl FnOnce(rockset::Error) -> Error {
    Error::rockset(format!("bindings[{}]: waiting for collection {target}", target.binding))
}
