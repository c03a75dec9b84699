//! Something that has happened in the organization, as a document of `commons._events`.

use super::access::CLUSTER;
use serde::Serialize;
use serde_json::{Map, Value};

/// Identifier of the only organization.
pub const ORGANIZATION: &str = "local";

/// What an event is about, by the API's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Alias,
    ApiKey,
    Collection,
    Integration,
    Organization,
    #[cfg(feature = "engine")]
    Query,
    QueryLambda,
    Role,
    ScheduledLambda,
    User,
    View,
    VirtualInstance,
    Workspace,
}

impl Kind {
    /// The API's name, which labels begin with.
    pub fn name(self) -> &'static str {
        match self {
            Self::Alias => "ALIAS",
            Self::ApiKey => "API_KEY",
            Self::Collection => "COLLECTION",
            Self::Integration => "INTEGRATION",
            Self::Organization => "ORGANIZATION",
            #[cfg(feature = "engine")]
            Self::Query => "QUERY",
            Self::QueryLambda => "QUERY_LAMBDA",
            Self::Role => "ROLE",
            Self::ScheduledLambda => "SCHEDULED_LAMBDA",
            Self::User => "USER",
            Self::View => "VIEW",
            Self::VirtualInstance => "VIRTUAL_INSTANCE",
            Self::Workspace => "WORKSPACE",
        }
    }
}

/// Something that has happened.
#[derive(Debug)]
pub struct Event {
    pub kind: Kind,
    /// What has happened, such as `COLLECTION_CREATED`.
    pub label: String,
    /// Whether it is an error.
    pub is_error: bool,
    /// By whom it was done.
    pub by: Actor,
    /// Fields that events of the kind have.
    pub fields: Map<String, Value>,
    pub details: Map<String, Value>,
    pub message: Option<String>,
}

/// By whom something was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Actor {
    /// Email address of the user; empty if nobody is known.
    pub email: String,
    /// The beginning of the API key.
    pub key: Option<String>,
}

/// An event as it is stored, in the order in which the hosted service wrote its fields.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    org_id: &'static str,
    log_type: &'static str,
    kind: &'static str,
    api_key_identifier: Option<&'a str>,
    #[serde(rename = "type")]
    level: &'static str,
    event_id: &'a str,
    cluster: &'static str,
    label: &'a str,
    user_email: Option<&'a str>,
    /// Milliseconds since the epoch.
    time: i64,
    #[serde(flatten)]
    fields: &'a Map<String, Value>,
    details: &'a Map<String, Value>,
    log_key: LogKey,
    message: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogKey {
    org_id: &'static str,
}

impl Event {
    /// The event as a JSON object without `_id` and `_event_time`; `time` is in microseconds since
    /// the epoch.
    pub(super) fn json(&self, id: &str, time: i64) -> String {
        let Self { kind, label, is_error, by, fields, details, message } = self;
        let document = Document {
            org_id: ORGANIZATION,
            log_type: "EVENT",
            kind: kind.name(),
            api_key_identifier: by.key.as_deref(),
            level: if *is_error { "ERROR" } else { "INFO" },
            event_id: id,
            cluster: CLUSTER,
            label,
            user_email: Some(by.email.as_str()).filter(|email| !email.is_empty()),
            time: time / 1000,
            fields,
            details,
            log_key: LogKey { org_id: ORGANIZATION },
            message: message.as_deref(),
        };
        // Nothing in it refuses to be written, and all keys are strings.
        serde_json::to_string(&document).unwrap_or_default()
    }
}
