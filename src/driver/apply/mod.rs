//! Apply: creates what is missing, creates anew what is to be filled from the start, and
//! says what it did.
//!
//! `rounds`: all collections together, in as few reads as that takes; `collection` and
//! `workspace`: what is done to one of them; `marker`: what tells that it was done;
//! `occupant`: why it can't be; `tally`: how far all of it is.

mod collection;
mod marker;
mod occupant;
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
use collection::{SoFar, Work};
use marker::Marker;
use rounds::Rounds;
use std::sync::Arc;
use tally::Tally;
use tracing::info;

/// Answers Apply. What has been done already isn't done again, so that it can be
/// repeated, also after an error and by a runtime that goes on until nothing changes.
///
/// On an error, what doesn't depend on it has been done all the same.
pub(super) async fn apply(
    request: &request::Apply,
    poll: PollSettings,
) -> Result<response::Applied, Error> {
    let task = Task::new("Apply", request.materialization.as_ref(), 1.0)?;
    let last = Last::read("Apply", request.last_materialization.as_ref())?;
    let memory = OwnState::read("Apply", &state::object("Apply", &request.state_json)?)?;
    let tally = Arc::default();
    let works = task.bindings.iter().map(|binding| work(&task, binding, &last, &memory, &tally));
    let rounds = Rounds::new(task.client.clone(), poll, Arc::clone(&tally));
    let (mut actions, works) = rounds.run(works.collect()).await?;

    let mut now = memory.clone();
    for (binding, work) in task.bindings.iter().zip(works) {
        let name = binding.target.to_string();
        let SoFar { actions: done, reported, .. } = work.progress;
        actions.extend(done);
        if work.is_anew {
            now.backfills.insert(name.clone(), binding.backfill);
        }
        if memory.reported.get(&name) != Some(&reported) {
            for line in &reported {
                info!("{line}");
            }
            actions.extend(reported.iter().cloned());
        }
        match reported.is_empty() {
            true => now.reported.remove(&name),
            false => now.reported.insert(name, reported),
        };
    }
    let action_description = actions.join("\n");
    Ok(response::Applied { action_description, state: now.patch(&memory) })
}

/// What is to be done to the collection of a binding.
fn work(
    task: &Task<'_>,
    binding: &Binding<'_>,
    last: &Last<'_>,
    memory: &OwnState,
    tally: &Arc<Tally>,
) -> Work {
    let target = &binding.target;
    let last = last.of_target(&target.workspace, &target.collection);
    let done = memory.backfills.get(&target.to_string()).copied().unwrap_or_default();
    let definition = binding.definition();
    Work {
        client: task.client.clone(),
        target: target.clone(),
        resource: binding.resource.clone(),
        marker: Marker::new(task.name, binding.backfill, &definition),
        definition,
        last: last.and_then(|last| last.resource()),
        is_anew: last.is_some_and(|last| binding.backfill > last.spec.backfill.max(done)),
        tally: Arc::clone(tally),
        progress: SoFar::default(),
    }
}
