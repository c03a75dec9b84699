//! Apply: creates missing collections, recreates those that are to be backfilled, and describes
//! what it did.
//!
//! - `rounds`: all collections together, in as few reads as possible.
//! - `collection` and `workspace`: the steps for one of them.
//! - `marker`: notes in a collection that it has been recreated.
//! - `tally`: progress for logs and status.

mod collection;
mod marker;
mod rounds;
mod tally;
mod workspace;

use super::Error;
use super::last::Last;
use super::poll_settings::PollSettings;
use super::state;
use super::state::OwnState;
use super::task::{Binding, Task};
use crate::flow::materialize::{request, response};
use collection::{Work, WorkProgress};
use marker::Marker;
use rounds::Rounds;
use std::sync::Arc;
use tally::Tally;
use tracing::info;

/// Answers Apply. It is idempotent: it can be repeated after an error, and by a runtime that
/// repeats it until nothing changes.
///
/// On an error, everything that doesn't depend on it has been done all the same.
pub(super) async fn apply(
    request: &request::Apply,
    poll: PollSettings,
) -> Result<response::Applied, Error> {
    let task = Task::new("Apply", request.materialization.as_ref(), 1.0)?;
    let last = Last::read("Apply", request.last_materialization.as_ref())?;
    let before = OwnState::read("Apply", &state::object("Apply", &request.state_json)?)?;
    let tally = Arc::default();
    let works = task.bindings.iter().map(|binding| work(&task, binding, &last, &before, &tally));
    let rounds = Rounds::new(task.client.clone(), poll, Arc::clone(&tally));
    let (mut actions, works) = rounds.run(works.collect()).await?;

    let mut after = before.clone();
    for (binding, work) in task.bindings.iter().zip(works) {
        let name = binding.target.to_string();
        let WorkProgress { actions: done, reported, .. } = work.progress;
        actions.extend(done);
        if work.is_recreated {
            after.backfills.insert(name.clone(), binding.backfill);
        }
        if before.reported.get(&name) != Some(&reported) {
            for line in &reported {
                info!("{line}");
            }
            actions.extend(reported.iter().cloned());
        }
        if reported.is_empty() {
            after.reported.remove(&name);
        } else {
            after.reported.insert(name, reported);
        }
    }
    let action_description = actions.join("\n");
    Ok(response::Applied { action_description, state: after.patch(&before) })
}

/// The work on the collection of a binding.
fn work(
    task: &Task<'_>,
    binding: &Binding<'_>,
    last: &Last<'_>,
    before: &OwnState,
    tally: &Arc<Tally>,
) -> Work {
    let target = &binding.target;
    let last = last.of_target(&target.workspace, &target.collection);
    let done = before.backfills.get(&target.to_string()).copied().unwrap_or_default();
    let definition = binding.definition();
    Work {
        client: task.client.clone(),
        target: target.clone(),
        resource: binding.resource.clone(),
        marker: Marker::new(task.name, binding.backfill, &definition),
        definition,
        last: last.and_then(|last| last.resource()),
        is_recreated: last.is_some_and(|last| binding.backfill > last.spec.backfill.max(done)),
        tally: Arc::clone(tally),
        progress: WorkProgress::default(),
    }
}
