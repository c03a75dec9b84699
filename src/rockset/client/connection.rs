//! What a connected client carries for its hooks.

use super::limits::{LimitKind, Limiter};
use super::mask::Mask;
use super::retry::RetryPolicy;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// What the generated client carries for its hooks. Its clones share the limits.
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
    /// Whether an operation writes documents: what limits it are the virtual instance's
    /// writes a second.
    pub(super) fn is_write(&self, function: &str) -> bool {
        matches!(function, "add_documents" | "patch_documents" | "delete_documents")
    }

    /// What lets the attempts at an operation go.
    pub(super) fn limiter(&self, function: &str) -> Option<&Limiter> {
        match LimitKind::of(function) {
            _ if self.is_write(function) => Some(&self.writes),
            LimitKind::Read => Some(&self.reads),
            LimitKind::Update => Some(&self.updates),
            LimitKind::Data => None,
        }
    }

    /// An error of the network as it may be shown. It names the address, which may hold the
    /// key by mistake.
    pub(super) fn shown(&self, error: reqwest::Error) -> reqwest::Error {
        let is_in = error.url().is_some_and(|url| self.mask.text(url.as_str()) != url.as_str());
        if is_in { error.without_url() } else { error }
    }
}
