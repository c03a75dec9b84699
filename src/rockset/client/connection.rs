//! The state of a connected client.

use super::limits::{LimitKind, Limiter};
use super::mask::Mask;
use super::retry::RetryPolicy;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The state that the generated client carries for its hooks. Clones share the limiters.
#[derive(Debug, Clone)]
pub struct Connection {
    pub(super) retry: RetryPolicy,
    pub(super) deadline: Option<Instant>,
    pub(super) answer_timeout: Duration,
    pub(super) mask: Mask,
    pub(super) writes: Arc<Limiter>,
    pub(super) reads: Arc<Limiter>,
    pub(super) updates: Arc<Limiter>,
}

impl Connection {
    /// Whether an operation writes documents, and so is limited by the virtual instance.
    pub(super) fn is_write(&self, function: &str) -> bool {
        matches!(function, "add_documents" | "patch_documents" | "delete_documents")
    }

    /// The limiter of an operation.
    pub(super) fn limiter(&self, function: &str) -> Option<&Limiter> {
        match LimitKind::of(function) {
            _ if self.is_write(function) => Some(&self.writes),
            LimitKind::Read => Some(&self.reads),
            LimitKind::Update => Some(&self.updates),
            LimitKind::Data => None,
        }
    }

    /// A network error that may be shown: without its URL, if that holds the API key by mistake.
    pub(super) fn shown(&self, error: reqwest::Error) -> reqwest::Error {
        let is_in = error.url().is_some_and(|url| self.mask.text(url.as_str()) != url.as_str());
        if is_in { error.without_url() } else { error }
    }
}
