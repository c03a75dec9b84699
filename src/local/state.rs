//! State that all handlers share.

use super::catalog::Catalog;
use super::catalog::access::Caller;
use super::error::ApiError;
use super::options::Options;
use super::pool::Pool;
#[cfg(feature = "engine")]
use super::queries::Queries;
#[cfg(feature = "engine")]
use super::query::Engine;
use super::rate_limit::WriteLimit;
use crate::rockset::Secret;
use std::ops::Deref;
use std::sync::{Arc, Weak};

/// The shared state. Clones refer to the same one.
#[derive(Debug, Clone)]
pub(super) struct AppState(Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) options: Options,
    pub(super) url: String,
    pub(super) started_at: String,
    pub(super) catalog: Catalog,
    pub(super) pool: Pool,
    /// The limit on write requests, if one is enforced.
    pub(super) writes: Option<WriteLimit>,
    #[cfg(feature = "engine")]
    pub(super) engine: Arc<Engine>,
    #[cfg(feature = "engine")]
    pub(super) queries: Queries,
}

/// Weak reference to the state, for tasks that must not keep the server alive.
#[derive(Debug, Clone)]
pub(super) struct WeakState(Weak<Inner>);

impl AppState {
    pub(super) fn new(parts: Inner) -> Self {
        Self(Arc::new(parts))
    }

    pub(super) fn weak(&self) -> WeakState {
        WeakState(Arc::downgrade(&self.0))
    }

    /// Whose key this is; `None` if nobody knows it. Without a key of the start, one that nobody has
    /// created is as good as that. Fails if the key has expired or is suspended.
    pub(super) fn caller(&self, key: &str) -> Result<Option<Arc<Caller>>, ApiError> {
        let is = |expected: &Option<Secret>| expected.as_ref().is_some_and(|it| it.is(key));
        if is(&self.options.read_only_api_key) {
            return Ok(Some(Caller::reader()));
        }
        if is(&self.options.api_key) {
            return Ok(Some(Caller::administrator()));
        }
        let created = self.catalog.caller(key)?;
        let is_open = self.options.api_key.is_none();
        Ok(created.or_else(|| is_open.then(Caller::administrator)))
    }
}

impl WeakState {
    /// The state; `None` once the server has ended.
    pub(super) fn upgrade(&self) -> Option<AppState> {
        self.0.upgrade().map(AppState)
    }
}

impl Deref for AppState {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}
