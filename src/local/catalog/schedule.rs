//! A schedule by which a query lambda is executed.

use super::cron::Cron;
use super::timestamp;
use crate::rockset::Secret;
use crate::rockset::enums::ExecutionStatusState as Severity;
use crate::rockset::types::{self, ExecutionStatus};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Prefix of the Rockset Resource Name of a schedule.
const RRN: &str = "rrn:sl:local:";

/// A schedule by which a query lambda is executed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Schedule {
    pub id: String,
    pub workspace: String,
    /// Name of the query lambda.
    pub lambda: String,
    pub executed: Executed,
    pub cron: Cron,
    pub settings: ScheduleSettings,
    /// Executions so far.
    count: i64,
    last_completed: Option<String>,
    last_query: Option<String>,
    /// What the latest query ran into.
    query: Option<Trouble>,
    /// What the latest call of the webhook ran into.
    webhook: Option<Trouble>,
    /// Whether one more execution is tried after a permanent error.
    resumes: bool,
    /// The moment from which on this process executes it.
    #[serde(skip, default = "Utc::now")]
    since: DateTime<Utc>,
    /// Whether an execution is under way.
    #[serde(skip)]
    is_running: bool,
}

/// What is executed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Executed {
    /// The version that has this tag at the time.
    Tag(String),
    Version(String),
}

/// What an update can change.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ScheduleSettings {
    /// The key in whose name the lambda is executed.
    #[serde(with = "secret")]
    pub key: Secret,
    /// Executions after which the schedule ends.
    pub total: Option<i64>,
    pub webhook: Webhook,
}

/// A call after each completed execution.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Webhook {
    /// The URL as it was given; `None` if nothing is called.
    pub url: Option<String>,
    /// Value of the header `Authorization`; empty if there is none.
    #[serde(with = "secret")]
    pub authorization: Secret,
    /// JSON to send. Without it, the rows are sent.
    pub payload: Option<String>,
}

/// Trouble of an execution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trouble {
    /// An ERROR ends the schedule until it is resumed.
    pub severity: Severity,
    pub message: String,
}

impl Trouble {
    /// Trouble that may have passed by the next time.
    pub fn passing(message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, message: message.into() }
    }

    /// Trouble that each further execution would have, too.
    pub fn permanent(message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, message: message.into() }
    }

    pub fn may_pass(&self) -> bool {
        self.severity == Severity::Warning
    }

    fn show(&self) -> ExecutionStatus {
        let Self { severity, message } = self.clone();
        ExecutionStatus { state: Some(severity), message: Some(message) }
    }
}

impl Schedule {
    pub fn new(
        workspace: &str,
        lambda: String,
        executed: Executed,
        cron: Cron,
        settings: ScheduleSettings,
    ) -> Self {
        Self {
            id: Uuid::new_v4().to_string(),
            workspace: workspace.to_string(),
            lambda,
            executed,
            cron,
            settings,
            count: 0,
            last_completed: None,
            last_query: None,
            query: None,
            webhook: None,
            resumes: false,
            since: Utc::now(),
            is_running: false,
        }
    }

    /// Whether this is its identifier or its Rockset Resource Name.
    pub fn is(&self, id: &str) -> bool {
        id == self.id || id.strip_prefix(RRN) == Some(&self.id)
    }

    /// The next execution after a moment, unless the schedule has ended.
    pub fn next_after(&self, moment: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let troubles = [&self.query, &self.webhook].into_iter().flatten();
        let is_stopped =
            !self.resumes && troubles.into_iter().any(|it| it.severity == Severity::Error);
        let is_complete = self.settings.total.is_some_and(|total| self.count >= total);
        if is_stopped || is_complete {
            return None;
        }
        self.cron.next_after(moment)
    }

    /// Whether an execution is due at a moment that wasn't yet at an earlier one. While one is under
    /// way, no other begins.
    pub fn is_due(&self, earlier: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        let next = self.next_after(earlier.max(self.since));
        !self.is_running && next.is_some_and(|next| next <= now)
    }

    /// Changes the settings.
    pub fn set(&mut self, settings: ScheduleSettings, resumes: Option<bool>) {
        self.settings = settings;
        self.resumes = resumes.unwrap_or(self.resumes);
        self.since = Utc::now();
    }

    /// Records that an execution begins.
    pub fn begin(&mut self) {
        self.is_running = true;
        self.resumes = false;
        self.count += 1;
        self.webhook = None;
    }

    /// Records how the query of an execution has ended.
    pub fn end_query(&mut self, query: Option<String>, trouble: Option<Trouble>) {
        self.last_query = query.or(self.last_query.take());
        if trouble.is_none() {
            self.last_completed = Some(timestamp());
        }
        self.query = trouble;
    }

    /// Records the end of an execution, with what its webhook ran into.
    pub fn end(&mut self, webhook: Option<Trouble>) {
        self.is_running = false;
        self.webhook = webhook;
    }

    /// The schedule as the API shows it, without its secrets.
    pub fn show(&self) -> types::ScheduledLambda {
        let next = self.next_after(Utc::now());
        let (tag, version) = match self.executed.clone() {
            Executed::Tag(tag) => (Some(tag), None),
            Executed::Version(version) => (None, Some(version)),
        };
        types::ScheduledLambda {
            cron_string: Some(self.cron.text().to_string()),
            execution_count: Some(self.count),
            last_completion_date: self.last_completed.clone(),
            last_query_id: self.last_query.clone(),
            next_execution_date: next.map(|it| it.to_rfc3339_opts(SecondsFormat::Secs, true)),
            ql_name: Some(self.lambda.clone()),
            query_execution_status: self.query.as_ref().map(Trouble::show),
            resume_permanent_error: Some(self.resumes),
            rrn: Some(format!("{RRN}{}", self.id)),
            tag,
            total_times_to_execute: self.settings.total,
            version,
            webhook_execution_status: self.webhook.as_ref().map(Trouble::show),
            webhook_payload: self.settings.webhook.payload.clone(),
            webhook_url: self.settings.webhook.url.clone(),
            workspace: Some(self.workspace.clone()),
        }
    }
}

/// A secret as the store keeps it.
mod secret {
    use crate::rockset::Secret;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(secret.reveal())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Secret, D::Error> {
        String::deserialize(from).map(Secret::new)
    }
}
