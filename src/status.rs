//! Statuses: the short texts that Flow's platform shows as the state of a task.

use std::fmt::Display;

/// The target of status records. They are logged at any `LOG_LEVEL`.
pub(crate) const TARGET: &str = "connector_status";

/// Shows a text on the platform, until the next one.
pub(crate) fn show(text: impl Display) {
    tracing::info!(target: TARGET, eventType = "connectorStatus", "{text}");
}
