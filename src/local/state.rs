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
use super::storage::{Full, Memory};
use crate::rockset::Secret;
use crate::rockset::enums::ErrorType;
use bytesize::ByteSize;
use std::ops::Deref;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// How long a write waits until documents before it have left the memory, and how often it looks.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(20);

/// Seconds after which a client may try again.
const RETRY_AFTER: u64 = 5;

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
    /// The memory for documents and queries.
    pub(super) memory: Memory,
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

    /// Fails if there is no memory for documents.
    pub(super) fn check_memory(&self) -> Result<(), ApiError> {
        match self.memory.full() {
            None => Ok(()),
            Some(full) => Err(no_memory(full, self.options.data.place.is_some())),
        }
    }

    /// Waits until there is memory for documents. Fails if a checkpoint doesn't make room for them.
    pub(super) async fn room(&self) -> Result<(), ApiError> {
        let begun = Instant::now();
        while let Err(error) = self.check_memory() {
            let may_help = self.options.data.place.is_some() && self.memory.is_to_be_saved();
            if !may_help || begun.elapsed() >= PATIENCE {
                return Err(error);
            }
            self.catalog.check_journal()?;
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
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

/// Error for documents that would take more memory than there is.
fn no_memory(full: Full, has_store: bool) -> ApiError {
    let of = |bytes: usize| ByteSize(bytes as u64);
    let Full { limit, heads, unsaved } = full;
    let (unsaved_are, help) = match has_store {
        true => ("documents that are not in a segment of the store yet", ""),
        false => ("documents", ", start with --data so that documents can leave the memory"),
    };
    let message = format!(
        "The memory is full: of {} (--memory), _ids and their index take {}, and the fields of \
         {unsaved_are} {}. Raise --memory{help}, or delete documents",
        of(limit),
        of(heads),
        of(unsaved)
    );
    let mut error = ApiError::new(ErrorType::Resourceexceeded, message);
    error.retry_after = Some(RETRY_AFTER);
    error
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
