//! What the platform shows of a task, in a line or less.

use std::fmt::Display;

/// The target of such records, which passes every filter of levels: a status is to be seen
/// however little is logged.
pub(crate) const TARGET: &str = "connector_status";

/// Sets the text that the platform shows, until there is another one.
pub(crate) fn show(text: impl Display) {
    tracing::info!(target: TARGET, eventType = "connectorStatus", "{text}");
}
