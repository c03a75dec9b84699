//! What workspaces hold, in as few reads as that takes.
//!
//! Rockset allows a whole organisation so many reads of metadata a minute, and a task may have
//! a thousand bindings on sixteen shards. So nobody asks for each collection: one read tells of
//! all that a workspace has.

use super::Error;
use crate::rockset::types::Collection;
use crate::rockset::{self, Client, call};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How many calls of one task are under way at once, at most.
const AT_ONCE: usize = 16;

/// Names of collections, by workspace.
pub(super) type Wanted = BTreeMap<String, BTreeSet<String>>;

/// What came of asking for each workspace.
pub(super) type Survey = BTreeMap<String, Result<Found, rockset::Error>>;

/// What was found of a workspace.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Those that were asked for and exist, by name, and maybe others.
    pub collections: BTreeMap<String, Collection>,
    /// Whether the workspace itself is known to exist.
    pub has_workspace: bool,
}

/// Looks for collections in all workspaces at once.
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

/// Looks for collections of one workspace. That nothing is there is no error.
pub(super) async fn look(
    client: &Client,
    workspace: &str,
    names: &BTreeSet<String>,
) -> Result<Found, rockset::Error> {
    let mut names = names.iter();
    let found = match (names.next(), names.next()) {
        // Less to read than a list, and allowed to more keys.
        (Some(only), None) => get(client, workspace, only).await.map(|found| {
            let collections = BTreeMap::from([(only.clone(), found)]);
            Found { collections, has_workspace: true }
        }),
        _ => call(client.workspace_collections(workspace)).await.map(|answer| {
            let named = answer.data.into_iter();
            let named = named.filter_map(|found| Some((found.name.clone()?, found)));
            Found { collections: named.collect(), has_workspace: true }
        }),
    };
    match found {
        Err(rockset::Error::NotFound(_)) => Ok(Found::default()),
        found => found,
    }
}

/// Looks at one collection.
pub(super) async fn get(
    client: &Client,
    workspace: &str,
    name: &str,
) -> Result<Collection, rockset::Error> {
    let answer = call(client.get_collection(workspace, name)).await?;
    let nothing = || rockset::Error::Unexpected("an answer without a collection".to_string());
    answer.data.ok_or_else(nothing)
}

/// Runs them all, several at a time. Their results come in the order that they were given in.
/// Waits for all of them, so that none is cut off in the middle by the failure of another.
pub(super) async fn at_once<F>(all: impl IntoIterator<Item = F>) -> Result<Vec<F::Output>, Error>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for (index, future) in all.into_iter().enumerate() {
        let turns = turns.clone();
        running.spawn(async move {
            // Nobody closes it, so there is always a turn to come.
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
