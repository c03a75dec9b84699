//! Reads which collections workspaces hold, with one call for each workspace.
//!
//! Rockset limits the reads of metadata per minute of a whole organisation, and a task may have a
//! thousand bindings on sixteen shards. So no collection is read by itself if several of its
//! workspace are wanted.

use super::Error;
use crate::rockset::types::Collection;
use crate::rockset::{self, Client, call};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// The largest number of calls of one task in flight.
const AT_ONCE: usize = 16;

/// Names of collections, by workspace.
pub(super) type Wanted = BTreeMap<String, BTreeSet<String>>;

/// What was found, or why nothing could be read, by workspace.
pub(super) type Survey = BTreeMap<String, Result<FoundWorkspace, rockset::Error>>;

/// A workspace, as far as it was read.
#[derive(Debug, Default)]
pub(super) struct FoundWorkspace {
    /// The wanted collections that exist, by name. There may be others.
    pub collections: BTreeMap<String, Collection>,
    /// Whether the workspace itself is known to exist.
    pub has_workspace: bool,
}

/// Looks for collections in all workspaces concurrently.
pub(super) async fn survey(client: &Client, wanted: Wanted) -> Result<Survey, Error> {
    let looks = wanted.into_iter().map(|(workspace, names)| {
        let client = client.clone();
        async move {
            let found = look(&client, &workspace, &names).await;
            (workspace, found)
        }
    });
    Ok(at_once(looks).await?.into_iter().collect())
}

/// Looks for collections in one workspace. It is no error if they or the workspace don't exist.
pub(super) async fn look(
    client: &Client,
    workspace: &str,
    names: &BTreeSet<String>,
) -> Result<FoundWorkspace, rockset::Error> {
    let mut names = names.iter();
    let found = match (names.next(), names.next()) {
        // This answer is smaller than a list, and more keys may read it.
        (Some(only), None) => get(client, workspace, only).await.map(|found| {
            let collections = BTreeMap::from([(only.clone(), found)]);
            FoundWorkspace { collections, has_workspace: true }
        }),
        _ => call(client.workspace_collections(workspace)).await.map(|answer| {
            let named = answer.data.into_iter();
            let named = named.filter_map(|found| Some((found.name.clone()?, found)));
            let collections: BTreeMap<String, Collection> = named.collect();
            // Rockset lists nothing of a workspace that doesn't exist.
            FoundWorkspace { has_workspace: !collections.is_empty(), collections }
        }),
    };
    match found {
        Err(rockset::Error::NotFound(_)) => Ok(FoundWorkspace::default()),
        found => found,
    }
}

/// Reads one collection.
pub(super) async fn get(
    client: &Client,
    workspace: &str,
    name: &str,
) -> Result<Collection, rockset::Error> {
    let answer = call(client.get_collection(workspace, name)).await?;
    let nothing = || rockset::Error::Unexpected("an answer without a collection".to_string());
    answer.data.ok_or_else(nothing)
}

/// Runs futures concurrently, up to [`AT_ONCE`] of them. Returns their results in the order of the
/// futures. It waits for all of them, so that the failure of one doesn't cut off another.
pub(super) async fn at_once<F>(all: impl IntoIterator<Item = F>) -> Result<Vec<F::Output>, Error>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for (index, future) in all.into_iter().enumerate() {
        let turns = turns.clone();
        running.spawn(async move {
            // The semaphore is never closed, so this doesn't fail.
            let _turn = turns.acquire().await;
            (index, future.await)
        });
    }
    let mut results = Vec::with_capacity(running.len());
    while let Some(finished) = running.join_next().await {
        results.push(finished.map_err(Error::stopped)?);
    }
    results.sort_by_key(|(index, _)| *index);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}
