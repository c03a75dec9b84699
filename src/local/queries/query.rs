//! A query, from its request until it is forgotten.

use super::event::{self, Ended};
use super::outcome::{Answer, Outcome};
use crate::local::catalog::Events;
use crate::local::catalog::event::Actor;
use crate::local::catalog::lambda::LambdaVersion;
use crate::local::catalog::virtual_instance::MAIN;
use crate::local::query::Rows;
use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::Mutex;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use uuid::Uuid;

/// Time for which a result can be fetched.
const KEPT_FOR: TimeDelta = TimeDelta::hours(24);

/// Letters and digits in the second part of an identifier.
const TAG: usize = 7;

/// A query.
#[derive(Debug)]
pub struct Query {
    id: String,
    sql: String,
    asker: Asker,
    /// The version of a query lambda that is executed.
    lambda: Option<LambdaVersion>,
    /// Identifier of the virtual instance that runs it.
    instance: String,
    submitted: DateTime<Utc>,
    begun: Instant,
    /// Whether the query goes on when its client is gone.
    is_async: bool,
    /// Whether the rows can be fetched later.
    keeps_rows: bool,
    /// The log that the end is recorded in.
    log: Option<Events>,
    state: Mutex<State>,
    has_ended: watch::Sender<bool>,
    pub(super) task: OnceLock<AbortHandle>,
}

/// The sender of a query.
#[derive(Debug, Clone, Default)]
pub struct Asker {
    pub user_agent: Option<String>,
    /// The beginning of the API key.
    pub key: Option<String>,
    /// Email address of the user; empty if nobody is known.
    pub email: String,
    /// The user and the name of the API key.
    pub holder: String,
}

#[derive(Debug)]
struct State {
    /// Time spent in waiting for a turn, once the query has had one.
    waited: Option<Duration>,
    /// Time from the request to the end, once the query has ended.
    took: Option<Duration>,
    outcome: Option<Outcome>,
}

/// Status of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Queued,
    Running,
    Completed,
    Failed,
    Cancelled,
}

impl Stage {
    /// The API's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Running => "RUNNING",
            Self::Completed => "COMPLETED",
            Self::Failed => "ERROR",
            Self::Cancelled => "CANCELLED",
        }
    }
}

/// State of a query at one moment.
#[derive(Debug)]
pub struct Shown {
    pub stage: Stage,
    pub elapsed: Duration,
    pub waited: Duration,
    /// Set only if the query has completed.
    pub expires: Option<DateTime<Utc>>,
    pub outcome: Option<Outcome>,
}

impl Query {
    pub fn new(sql: String, asker: Asker, is_async: bool, keeps_rows: bool) -> Self {
        Self {
            id: new_id(),
            sql,
            asker,
            lambda: None,
            instance: MAIN.to_string(),
            submitted: Utc::now(),
            begun: Instant::now(),
            is_async,
            keeps_rows,
            log: None,
            state: Mutex::new(State { waited: None, took: None, outcome: None }),
            has_ended: watch::Sender::new(false),
            task: OnceLock::new(),
        }
    }

    /// A query that may be that of a query lambda.
    pub fn of_lambda(self, lambda: Option<LambdaVersion>) -> Self {
        Self { lambda, ..self }
    }

    /// A query on another virtual instance than the main one.
    pub fn on_instance(self, instance: String) -> Self {
        Self { instance, ..self }
    }

    /// A query whose end is recorded in a log.
    pub fn recorded_in(self, log: Events) -> Self {
        Self { log: Some(log), ..self }
    }

    /// Identifier of the virtual instance that runs it.
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// The version of a query lambda that is executed.
    pub fn lambda(&self) -> Option<&LambdaVersion> {
        self.lambda.as_ref()
    }

    /// `UUID:letters:0`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether the query goes on when its client is gone.
    pub fn is_async(&self) -> bool {
        self.is_async
    }

    pub fn sql(&self) -> &str {
        &self.sql
    }

    pub fn asker(&self) -> &Asker {
        &self.asker
    }

    pub fn submitted(&self) -> DateTime<Utc> {
        self.submitted
    }

    /// Whether the query was accepted: not if it is wrong at first sight, or if too many wait.
    pub fn has_begun(&self) -> bool {
        self.task.get().is_some()
    }

    /// Records that the query has its turn, and how long it has waited for that.
    pub fn run(&self, waited: Duration) {
        self.state.lock().waited.get_or_insert(waited);
    }

    /// Records the outcome. The first one counts. Who sees the end finds it in the log, too.
    pub fn end(&self, outcome: Outcome) {
        let mut state = self.state.lock();
        if state.outcome.is_none() {
            let took = self.begun.elapsed();
            if let Some(log) = &self.log {
                log.record_query(&event::of(&self.ended_after(took), &outcome));
            }
            state.outcome = Some(outcome);
            state.took = Some(took);
        }
        drop(state);
        self.has_ended.send_replace(true);
    }

    fn ended_after(&self, took: Duration) -> Ended<'_> {
        let Asker { email, key, .. } = &self.asker;
        Ended {
            id: &self.id,
            sql: &self.sql,
            by: Actor { email: email.clone(), key: key.clone() },
            lambda: self.lambda.as_ref(),
            instance: &self.instance,
            has_begun: self.has_begun(),
            took,
        }
    }

    /// Cancels the query, unless it has ended, and aborts its task.
    pub fn cancel(&self) {
        self.end(Outcome::Cancelled);
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }

    /// Waits until the query has ended.
    pub async fn ended(&self) {
        // The sender lives as long as `self`, so this never fails.
        let _ = self.has_ended.subscribe().wait_for(|ended| *ended).await;
    }

    /// The present state.
    pub fn show(&self) -> Shown {
        let state = self.state.lock();
        let elapsed = state.took.unwrap_or_else(|| self.begun.elapsed());
        let stage = match &state.outcome {
            Some(Outcome::Completed(_)) => Stage::Completed,
            Some(Outcome::Failed(_)) => Stage::Failed,
            Some(Outcome::Cancelled) => Stage::Cancelled,
            None if state.waited.is_some() => Stage::Running,
            None => Stage::Queued,
        };
        let outcome = state.outcome.clone();
        let keeps = self.keeps_rows && matches!(stage, Stage::Completed);
        let expires = keeps.then(|| self.submitted + KEPT_FOR);
        Shown { stage, elapsed, waited: state.waited.unwrap_or(elapsed), expires, outcome }
    }

    /// The result, if it can be fetched.
    pub fn kept(&self) -> Option<Arc<Answer>> {
        match &self.state.lock().outcome {
            Some(Outcome::Completed(answer)) if self.keeps(answer) => Some(answer.clone()),
            _ => None,
        }
    }

    /// Whether a result can be fetched: that of a query that writes can't.
    fn keeps(&self, answer: &Answer) -> bool {
        self.keeps_rows && answer.last_offset.is_none()
    }

    /// The outcome. Forgets rows that nobody can fetch.
    pub fn take_outcome(&self) -> Option<Outcome> {
        let mut state = self.state.lock();
        let outcome = state.outcome.clone();
        if let Some(Outcome::Completed(answer)) = &mut state.outcome
            && !self.keeps(answer)
        {
            let reads = answer.rows.reads.clone();
            let rows = Rows { columns: None, rows: Vec::new(), reads };
            let (last_offset, warnings) = (answer.last_offset.clone(), answer.warnings.clone());
            *answer = Arc::new(Answer { rows, last_offset, warnings, bytes: 0 });
        }
        outcome
    }

    pub(super) fn is_over(&self) -> bool {
        *self.has_ended.borrow()
    }

    pub(super) fn has_expired(&self, now: DateTime<Utc>) -> bool {
        self.is_over() && self.submitted + KEPT_FOR <= now
    }

    /// Bytes of memory: of the query's text and of its rows.
    pub(super) fn size(&self) -> usize {
        let rows = match &self.state.lock().outcome {
            Some(Outcome::Completed(answer)) => answer.bytes,
            _ => 0,
        };
        self.sql.len() + rows
    }
}

fn new_id() -> String {
    let tag: String = std::iter::repeat_with(fastrand::alphanumeric).take(TAG).collect();
    format!("{}:{tag}:0", Uuid::new_v4())
}
