//! Apply: creates what is missing, creates anew what is to be filled from the start, and
//! says what it did.
//!
//! `workspace` and `collection`: what is done to one of them. All workspaces are seen to
//! at once, and then all collections, as fast as the client's pacing allows.

mod collection;
mod workspace;

use super::Error;
use super::last::Last;
use super::memory::Memory;
use super::state;
use super::task::Task;
use crate::flow::materialize::{request, response};
use collection::{Outcome, Work};
use std::collections::BTreeSet;
use tokio::task::JoinSet;
use tracing::{error, info};

/// Answers Apply. What has been done already isn't done again, so that it can be
/// repeated.
///
/// On an error, what doesn't depend on it has been done all the same.
pub async fn apply(request: &request::Apply) -> Result<response::Applied, Error> {
    let task = Task::new("Apply", request.materialization.as_ref(), 1.0)?;
    let last = Last::read("Apply", request.last_materialization.as_ref())?;
    let memory = Memory::read("Apply", &state::object("Apply", &request.state_json)?)?;
    let mut actions = Vec::new();

    let workspaces: BTreeSet<&str> =
        task.bindings.iter().map(|binding| binding.target.workspace.as_str()).collect();
    let mut creating = JoinSet::new();
    for (index, workspace) in workspaces.into_iter().enumerate() {
        let (client, workspace) = (task.client.clone(), workspace.to_string());
        creating.spawn(async move { (index, workspace::create(&client, &workspace).await) });
    }
    actions.extend(in_order(creating).await?.into_iter().flatten());

    let mut working = JoinSet::new();
    for (index, binding) in task.bindings.iter().enumerate() {
        let target = &binding.target;
        let last = last.of_target(&target.workspace, &target.collection);
        let name = binding.target.to_string();
        let done = memory.backfills.get(&name).copied().unwrap_or_default();
        let work = Work {
            client: task.client.clone(),
            target: binding.target.clone(),
            resource: binding.resource.clone(),
            definition: binding.definition(),
            last: last.and_then(|last| last.resource()),
            is_recreated: last.is_some_and(|last| binding.backfill > last.spec.backfill.max(done)),
        };
        working.spawn(async move { (index, work.run().await) });
    }
    let mut now = memory.clone();
    for (binding, outcome) in task.bindings.iter().zip(in_order(working).await?) {
        let name = binding.target.to_string();
        let Outcome { actions: done, reported, is_recreated } = outcome;
        actions.extend(done);
        if is_recreated {
            now.backfills.insert(name.clone(), binding.backfill);
        }
        if memory.reported.get(&name) != Some(&reported) {
            actions.extend(reported.iter().cloned());
        }
        match reported.is_empty() {
            true => now.reported.remove(&name),
            false => now.reported.insert(name, reported),
        };
    }
    for action in &actions {
        info!("{action}");
    }
    let action_description = actions.join("\n");
    Ok(response::Applied { action_description, state: now.patch(&memory) })
}

/// What all came to, in the order in which they were begun. Waits for all of them, so
/// that none is cut off in the middle by the failure of another.
async fn in_order<T: 'static>(
    mut working: JoinSet<(usize, Result<T, Error>)>,
) -> Result<Vec<T>, Error> {
    let mut results = Vec::new();
    while let Some(finished) = working.join_next().await {
        results.push(finished.map_err(Error::stopped)?);
    }
    results.sort_by_key(|(index, _)| *index);
    let mut values = Vec::new();
    let mut failure = None;
    for (_, result) in results {
        match result {
            Ok(value) => values.push(value),
            Err(first) if failure.is_none() => failure = Some(first),
            Err(other) => error!("{:#}", anyhow::Error::from(other)),
        }
    }
    failure.map_or(Ok(values), Err)
}
