//! Open: waits until every collection can be written to, and answers from which checkpoint the
//! runtime continues.

mod readiness;
mod watch;

use self::readiness::Readiness;
use self::watch::Watch;
use super::poll_settings::PollSettings;
use super::progress::Overview;
use super::state::State;
use super::task::Task;
use super::write::layout::Layout;
use super::write::{Batcher, Ready, Transactor};
use super::{Error, Options};
use crate::flow::materialize::request;
use crate::flow::materialize::response::Opened;
use crate::flow::spec::{ConnectorState, RangeSpec};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Prepares for transactions.
pub async fn open(request: &request::Open, options: Options) -> Result<Ready, Error> {
    let mut state = State::read("Open", &request.state_json)?;
    let task = Task::new("Open", request.materialization.as_ref(), share(request.range.as_ref()))?;

    let mut bindings = Vec::with_capacity(task.bindings.len());
    for binding in &task.bindings {
        let target = binding.target.clone();
        let layout = Layout::new(
            target.binding,
            &target.to_string(),
            binding.selection,
            &binding.collection.projections,
            binding.resource.document_id,
        )?;
        bindings.push((target, layout));
    }
    let first_commit = wait(&task, &mut state, options.poll).await?;

    let concurrency = task.endpoint.max_concurrent_requests.into();
    let hard_delete = task.endpoint.hard_delete;
    let batcher = Batcher::new(bindings, options.limits, concurrency, hard_delete);
    let transactor =
        Transactor::new(task.client, batcher, concurrency).with_first_commit(first_commit);
    // Only the first shard may return a checkpoint.
    let is_first = request.range.as_ref().is_none_or(|range| range.key_begin == 0);
    let s3_parquet = state.s3_parquet.filter(|_| is_first);
    let runtime_checkpoint = match s3_parquet {
        Some(s3_parquet) => s3_parquet.checkpoint_of(&task.bindings)?,
        None => None,
    };
    Ok(Ready { opened: Opened { runtime_checkpoint, ..Opened::default() }, transactor })
}

/// Waits for all workspaces at once. Returns the state to return with the first commit, if it
/// changes.
///
/// If a collection has been written to since it was filled from S3, its source isn't waited for
/// again, because its bucket may be gone.
async fn wait(
    task: &Task<'_>,
    state: &mut State,
    poll: PollSettings,
) -> Result<Option<ConnectorState>, Error> {
    let mut expected = vec![None; task.bindings.len()];
    if let Some(s3_parquet) = &state.s3_parquet {
        expected = s3_parquet.files.expected(&task.bindings)?;
    }
    let before = state.own.clone();
    let mut waits: BTreeMap<&str, Vec<Readiness>> = BTreeMap::new();
    for (binding, expected) in task.bindings.iter().zip(expected) {
        let name = binding.target.to_string();
        let source = binding.resource.initialize_from_s3.clone();
        let source = source.filter(|_| before.loaded.get(&name) != Some(&binding.backfill));
        if source.is_some() {
            state.own.loaded.insert(name, binding.backfill);
        }
        let wait = Readiness::new(binding.target.clone(), source, expected, poll);
        waits.entry(&binding.target.workspace).or_default().push(wait);
    }
    let overview = Arc::new(Overview::new(waits.len(), poll.status));
    let mut waiting = JoinSet::new();
    for (workspace, waits) in waits {
        let (client, workspace) = (task.client.clone(), workspace.to_string());
        let overview = overview.clone();
        waiting.spawn(Watch { client, workspace, waits, poll, overview }.run());
    }
    while let Some(ready) = waiting.join_next().await {
        ready.map_err(Error::stopped)??;
    }
    Ok(state.on_first_commit(&before))
}

/// The part of the key range that a shard has: about one over the number of shards, which share the
/// limits of their organisation.
fn share(range: Option<&RangeSpec>) -> f64 {
    const ALL: f64 = 4_294_967_296.0;
    match range {
        Some(range) if range.key_end > range.key_begin => {
            (f64::from(range.key_end - range.key_begin) + 1.0) / ALL
        }
        _ => 1.0,
    }
}
