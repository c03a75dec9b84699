//! Works on all collections together, in rounds: one read for each workspace, then a step for each
//! collection, until none needs another one.

use super::collection::{Next, Work};
use super::tally::Tally;
use super::workspace;
use crate::driver::Error;
use crate::driver::poll_settings::PollSettings;
use crate::driver::progress::Count;
use crate::driver::survey::{Survey, Wanted, at_once, survey};
use crate::rockset::Client;
use crate::rockset::types::Collection;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracing::{error, info};

/// The number of rounds for which pauses grow. They stay short, because a deleted collection may be
/// gone in seconds.
const GROWING: u32 = 11;

/// The rounds of one Apply.
pub(super) struct Rounds {
    client: Client,
    poll: PollSettings,
    tally: Arc<Tally>,
    /// What was done to workspaces, one line each.
    actions: Vec<String>,
    failures: Vec<(usize, Error)>,
    finished: Vec<Work>,
    begun: Instant,
    reported: Duration,
}

/// The work on a collection, and the collection if it exists.
type Surveyed = (Work, Option<Collection>);

impl Rounds {
    pub fn new(client: Client, poll: PollSettings, tally: Arc<Tally>) -> Self {
        let (actions, failures, finished, reported) = Default::default();
        let begun = Instant::now();
        Self { client, poll, tally, actions, failures, finished, begun, reported }
    }

    /// Does all works. Returns what was done to workspaces, one line each, and the finished works,
    /// in the order of their bindings.
    ///
    /// On an error, everything that doesn't depend on it has been done all the same.
    pub async fn run(mut self, works: Vec<Work>) -> Result<(Vec<String>, Vec<Work>), Error> {
        let ready = self.look(works, true).await?;
        let tally = self.tally.clone();
        let _reporting = tally.report(self.poll);
        let mut waiting = self.step(ready).await?;
        for round in 0.. {
            if waiting.is_empty() {
                break;
            }
            tokio::time::sleep(self.poll.pause(round.min(GROWING), Duration::ZERO)).await;
            let ready = self.look(waiting, false).await?;
            waiting = self.step(ready).await?;
        }
        self.outcome()
    }

    /// Reads which collections exist. In the first round, also creates missing workspaces.
    async fn look(&mut self, works: Vec<Work>, is_first: bool) -> Result<Vec<Surveyed>, Error> {
        let mut wanted = Wanted::new();
        for Work { target, .. } in &works {
            wanted.entry(target.workspace.clone()).or_default().insert(target.collection.clone());
        }
        let mut survey = survey(&self.client, wanted).await?;
        if is_first {
            self.create_workspaces(&works, &mut survey).await?;
        }
        let mut ready = Vec::with_capacity(works.len());
        for mut work in works {
            let workspace = &work.target.workspace;
            match survey.get(workspace) {
                Some(Ok(found)) => {
                    let existing = found.collections.get(&work.target.collection).cloned();
                    if is_first {
                        work.plan(existing.as_ref());
                    }
                    ready.push((work, existing));
                }
                // An error of a workspace is reported once, not for each of its bindings.
                _ => {
                    if let Some(Err(source)) = survey.remove(workspace) {
                        let doing = format!("looking for workspace {workspace}");
                        let error = Error::Rockset { doing, source };
                        self.failures.push((work.target.binding, error));
                    }
                }
            }
        }
        Ok(ready)
    }

    /// Creates the workspaces that don't exist. One that can't be created is removed from the
    /// survey.
    async fn create_workspaces(
        &mut self,
        works: &[Work],
        survey: &mut Survey,
    ) -> Result<(), Error> {
        let is_missing = |workspace: &&String| {
            survey.get(*workspace).is_some_and(|it| it.as_ref().is_ok_and(|it| !it.has_workspace))
        };
        let missing: BTreeSet<&String> =
            works.iter().map(|work| &work.target.workspace).filter(is_missing).collect();
        let creating = missing.iter().map(|workspace| {
            let (client, workspace) = (self.client.clone(), workspace.to_string());
            async move { workspace::create(&client, &workspace).await }
        });
        for (created, workspace) in at_once(creating).await?.into_iter().zip(missing) {
            match created {
                Ok(action) => self.actions.extend(action),
                Err(error) => {
                    survey.remove(workspace);
                    let mut of_it = works.iter().map(|work| &work.target);
                    let first = of_it.find(|target| target.workspace == *workspace);
                    self.failures.push((first.map_or(0, |target| target.binding), error));
                }
            }
        }
        Ok(())
    }

    /// Takes the next steps of each work, up to one that needs another read. Returns the works that
    /// aren't finished.
    async fn step(&mut self, ready: Vec<Surveyed>) -> Result<Vec<Work>, Error> {
        let stepping = ready.into_iter().map(|(mut work, mut existing)| async move {
            loop {
                match work.advance(existing.as_ref()).await {
                    Ok(Next::Step(found)) => existing = Some(*found),
                    next => return (work, next),
                }
            }
        });
        let mut waiting = Vec::new();
        let mut going = Vec::new();
        for (work, next) in at_once(stepping).await? {
            match next {
                Ok(Next::Look { is_being_deleted }) => {
                    if is_being_deleted {
                        going.push(work.target.clone());
                    }
                    waiting.push(work);
                }
                Ok(_) => self.finished.push(work),
                Err(error) => self.failures.push((work.target.binding, error)),
            }
        }
        let seconds = self.begun.elapsed().as_secs();
        if self.begun.elapsed() - self.reported >= self.poll.report {
            match going.as_slice() {
                [] => return Ok(waiting),
                [one] => info!(
                    collection = %one, seconds,
                    "waiting for the deleted collection to be gone"
                ),
                several => info!(
                    seconds,
                    "waiting for {} deleted collections to be gone",
                    Count(several.len() as u64)
                ),
            }
            self.reported = self.begun.elapsed();
        }
        Ok(waiting)
    }

    fn outcome(mut self) -> Result<(Vec<String>, Vec<Work>), Error> {
        self.failures.sort_by_key(|(binding, _)| *binding);
        let mut failures = self.failures.into_iter().map(|(_, error)| error);
        let first = failures.next();
        for other in failures {
            error!("{:#}", anyhow::Error::from(other));
        }
        self.finished.sort_by_key(|work| work.target.binding);
        first.map_or(Ok((self.actions, self.finished)), Err)
    }
}
