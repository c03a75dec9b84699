//! The schedules of all workspaces.

use super::kept;
use super::names;
use super::schedule::{Executed, Schedule, ScheduleSettings, Trouble};
use super::workspace::Workspace;
use super::{Catalog, lambda::Lambda};
use crate::local::error::ApiError;
use crate::local::journal::Change;
use crate::rockset::types;
use chrono::{DateTime, Utc};
use std::sync::Arc;
use tokio::sync::Notify;

impl Catalog {
    pub fn schedules(&self) -> Vec<types::ScheduledLambda> {
        let workspaces = self.workspaces.read();
        workspaces.values().flat_map(|it| it.schedules.values()).map(Schedule::show).collect()
    }

    pub fn schedule(&self, workspace: &str, id: &str) -> Result<Schedule, ApiError> {
        let workspaces = self.workspaces.read();
        names::find_workspace(&workspaces, workspace)?.schedule(workspace, id).cloned()
    }

    /// Adds a schedule for a query lambda that exists.
    pub fn create_schedule(&self, schedule: Schedule) -> Result<types::ScheduledLambda, ApiError> {
        let shown = self.change(&schedule.workspace.clone(), |within| {
            check_executed(within, &schedule)?;
            let shown = schedule.show();
            self.put_schedule(within, schedule);
            Ok(shown)
        });
        self.schedules_changed.notify_one();
        shown
    }

    pub fn update_schedule(
        &self,
        workspace: &str,
        id: &str,
        settings: ScheduleSettings,
        resumes: Option<bool>,
    ) -> Result<types::ScheduledLambda, ApiError> {
        let shown = self.change(workspace, |within| {
            let mut changed = within.schedule(workspace, id)?.clone();
            changed.set(settings, resumes);
            let shown = changed.show();
            self.put_schedule(within, changed);
            Ok(shown)
        });
        self.schedules_changed.notify_one();
        shown
    }

    pub fn delete_schedule(
        &self,
        workspace: &str,
        id: &str,
    ) -> Result<types::ScheduledLambda, ApiError> {
        self.change(workspace, |within| {
            let found = within.schedule(workspace, id)?;
            let (id, shown) = (found.id.clone(), found.show());
            within.schedules.remove(&id);
            self.keep(|| Change::delete(kept::SCHEDULE, &kept::named(workspace, &id)));
            Ok(shown)
        })
    }

    /// The moment of the next execution after this one.
    pub fn next_execution(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let workspaces = self.workspaces.read();
        let all = workspaces.values().flat_map(|it| it.schedules.values());
        all.filter_map(|schedule| schedule.next_after(after)).min()
    }

    /// Begins the executions that became due between two moments.
    pub fn begin_due(&self, earlier: DateTime<Utc>, now: DateTime<Utc>) -> Vec<Schedule> {
        let mut begun = Vec::new();
        for within in self.workspaces.write().values_mut() {
            let due = within.schedules.values_mut().filter(|it| it.is_due(earlier, now));
            for schedule in due {
                schedule.begin();
                self.keep_schedule(schedule);
                begun.push(schedule.clone());
            }
        }
        begun
    }

    /// Records how the query of an execution has ended.
    pub fn end_scheduled_query(
        &self,
        schedule: &Schedule,
        query: Option<String>,
        trouble: Option<Trouble>,
    ) {
        self.note_schedule(schedule, |it| it.end_query(query, trouble));
    }

    /// Records the end of an execution, with what its webhook ran into.
    pub fn end_execution(&self, schedule: &Schedule, webhook: Option<Trouble>) {
        self.note_schedule(schedule, |it| it.end(webhook));
        // What was due meanwhile isn't made up for.
        self.schedules_changed.notify_one();
    }

    /// Is notified of each change of a schedule.
    pub fn schedules_changed(&self) -> Arc<Notify> {
        self.schedules_changed.clone()
    }

    fn note_schedule(&self, schedule: &Schedule, note: impl FnOnce(&mut Schedule)) {
        // Nothing has to be noted of what is gone.
        let _ = self.change(&schedule.workspace, |within| {
            if let Some(found) = within.schedules.get_mut(&schedule.id) {
                note(found);
                self.keep_schedule(found);
            }
            Ok(())
        });
    }

    fn put_schedule(&self, within: &mut Workspace, schedule: Schedule) {
        self.keep_schedule(&schedule);
        within.schedules.insert(schedule.id.clone(), schedule);
    }

    fn keep_schedule(&self, schedule: &Schedule) {
        let key = || kept::named(&schedule.workspace, &schedule.id);
        self.keep(|| Change::put(kept::SCHEDULE, &key(), schedule));
    }
}

impl Workspace {
    fn schedule(&self, workspace: &str, id: &str) -> Result<&Schedule, ApiError> {
        let found = self.schedules.values().find(|schedule| schedule.is(id));
        found.ok_or_else(|| ApiError::absent("Scheduled query lambda", workspace, id))
    }
}

/// Fails if what a schedule executes doesn't exist.
fn check_executed(within: &Workspace, schedule: &Schedule) -> Result<(), ApiError> {
    let Schedule { workspace, lambda: name, executed, .. } = schedule;
    let found: Option<&Lambda> = within.lambdas.get(name);
    let lambda = found.ok_or_else(|| ApiError::no_lambda(workspace, name, None))?;
    match executed {
        Executed::Tag(tag) if lambda.tagged(tag).is_none() => {
            Err(ApiError::no_lambda_tag(workspace, name, tag))
        }
        Executed::Version(version) if lambda.version(version).is_none() => {
            Err(ApiError::no_lambda(workspace, name, Some(version)))
        }
        _ => Ok(()),
    }
}
