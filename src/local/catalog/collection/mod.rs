//! A collection and its status. The files beside it have its documents, the offsets of its
//! writes, how it is shown, and how it is kept.

mod documents;
mod keeping;
mod offsets;
#[cfg(feature = "engine")]
mod recovery;
mod shown;

use super::definition::Definition;
use super::source_entry::{self, SourceEntry};
use super::transformation::Transformation;
use crate::local::error::ApiError;
use crate::local::journal::{Journal, Sizes};
use crate::local::storage::{Memory, Snapshot};
use crate::rockset::enums::{CollectionStatus, ErrorType};
use parking_lot::{Mutex, MutexGuard};
use std::mem;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Prefix of the Rockset Resource Name of a collection.
const RRN: &str = "rrn:col:local:";

/// A collection of a workspace.
#[derive(Debug)]
pub struct Collection {
    workspace: String,
    definition: Definition,
    /// Distinguishes this collection from earlier and later ones of the same name.
    pub(super) id: u64,
    rrn: String,
    created: Instant,
    created_at: String,
    pub(super) ready_after: Duration,
    /// Moment of the deletion. Set under the lock of `state`, and read without it.
    deleted: Arc<OnceLock<Instant>>,
    /// Time of the last query, in milliseconds since the epoch; 0 if there was none.
    queried: AtomicI64,
    /// Held while the next snapshot is made. Readers don't wait for it.
    writer: Mutex<()>,
    /// Held for moments only: no work on documents happens under this lock.
    state: Arc<Mutex<State>>,
    /// Makes changes durable, if the server has a store.
    pub(super) journal: Option<Journal>,
    /// How many bytes the store has of it, if there is one.
    sizes: Option<Sizes>,
    /// Whether the server alone writes and changes it.
    is_of_server: bool,
}

#[derive(Debug)]
pub(super) struct State {
    description: Option<String>,
    /// Applied to all documents before they are stored.
    transformation: Option<Transformation>,
    pub(super) sources: Vec<SourceEntry>,
    documents: Arc<Snapshot>,
    /// The documents with all writes, those included that aren't durable yet, if there were any.
    newest: Option<Arc<Snapshot>>,
    /// What the journal knows of the collection, as JSON.
    kept: String,
}

impl Collection {
    pub(super) fn new(
        workspace: &str,
        mut definition: Definition,
        ready_after: Duration,
        journal: Option<Journal>,
    ) -> Self {
        let description = definition.description.take();
        let transformation = definition.transformation.take();
        let sources = mem::take(&mut definition.sources);
        let sources = sources.into_iter().map(SourceEntry::of_new_collection).collect();
        Self {
            workspace: workspace.to_string(),
            definition,
            id: fastrand::u64(..),
            rrn: format!("{RRN}{}", Uuid::new_v4()),
            created: Instant::now(),
            created_at: super::timestamp(),
            ready_after,
            deleted: Arc::default(),
            queried: AtomicI64::new(0),
            writer: Mutex::default(),
            state: Arc::new(Mutex::new(State {
                description,
                transformation,
                sources,
                documents: Arc::default(),
                newest: None,
                kept: String::new(),
            })),
            sizes: journal.as_ref().map(|journal| journal.sizes().clone()),
            journal,
            is_of_server: false,
        }
    }

    /// A collection that the server alone writes. It is in memory, and the same in every process.
    pub(super) fn of_server(workspace: &str, definition: Definition) -> Self {
        let new = Self::new(workspace, definition, Duration::ZERO, None);
        Self { id: 0, rrn: format!("{RRN}{}", Uuid::nil()), is_of_server: true, ..new }
    }

    /// Whether the server alone writes and changes it.
    #[cfg(feature = "engine")]
    pub(super) fn is_of_server(&self) -> bool {
        self.is_of_server
    }

    /// The same collection without documents, which take this memory.
    pub(super) fn within(self, memory: &Memory) -> Self {
        self.state().documents = Arc::new(Snapshot::new(memory.clone()));
        self
    }

    pub fn definition(&self) -> &Definition {
        &self.definition
    }

    pub fn name(&self) -> &str {
        &self.definition.name
    }

    pub fn workspace(&self) -> &str {
        &self.workspace
    }

    /// `workspace.name`.
    pub fn path(&self) -> String {
        format!("{}.{}", self.workspace, self.name())
    }

    /// Whether the collection is deleted and no longer shown.
    pub(super) fn is_gone(&self) -> bool {
        self.deleted.get().is_some_and(|deleted| deleted.elapsed() >= self.ready_after)
    }

    pub(super) fn is_deleted(&self) -> bool {
        self.deleted.get().is_some()
    }

    /// Begins the deletion. The documents are gone at once; the caller gets them and frees their
    /// memory, which may take long.
    #[must_use = "to free it takes a while"]
    pub fn delete(&self) -> Arc<Snapshot> {
        let mut state = self.state();
        if self.deleted.set(Instant::now()).is_ok() {
            self.forget();
        }
        state.sources.clear();
        state.newest = None;
        let nothing = Arc::new(state.documents.cleared());
        mem::replace(&mut state.documents, nothing)
    }

    /// Replaces the description, and the transformation of later documents: `Some(None)` removes
    /// it. `None` leaves a setting as it is. A rollup stays as it is: its documents could be
    /// merged with no others.
    pub fn update(
        &self,
        description: Option<String>,
        transformation: Option<Option<Transformation>>,
    ) -> Result<(), ApiError> {
        self.changeable()?;
        let mut state = self.state();
        self.alive()?;
        if let Some(transformation) = &transformation {
            check_rollup(state.transformation.as_ref(), transformation.as_ref())?;
        }
        if description.is_some() {
            state.description = description;
        }
        if let Some(transformation) = transformation {
            state.transformation = transformation;
        }
        self.keep(&mut state);
        Ok(())
    }

    /// The transformation of all documents that are written.
    pub fn transformation(&self) -> Option<Transformation> {
        self.state().transformation.clone()
    }

    /// Fails if documents can't be written now.
    pub fn writable(&self) -> Result<(), ApiError> {
        self.changeable()?;
        self.ready(&self.state())
    }

    /// Fails if the server alone writes and changes it.
    pub(super) fn changeable(&self) -> Result<(), ApiError> {
        if self.is_of_server {
            let path = self.path();
            let message = format!(
                "The server alone writes collection {path:?}: it can't be changed or deleted"
            );
            return Err(ApiError::new(ErrorType::Forbidden, message));
        }
        Ok(())
    }

    fn status(&self, state: &State) -> CollectionStatus {
        let age = self.created.elapsed();
        match self.deleted.get() {
            Some(_) => CollectionStatus::Deleted,
            None if age < self.ready_after => CollectionStatus::Created,
            None => source_entry::holding(&state.sources, self.ready_after)
                .unwrap_or(CollectionStatus::Ready),
        }
    }

    /// Fails if the collection is deleted.
    pub fn alive(&self) -> Result<(), ApiError> {
        if self.is_deleted() {
            return Err(ApiError::no_collection(&self.workspace, self.name()));
        }
        Ok(())
    }

    /// Fails while the collection is being created.
    #[cfg(feature = "engine")]
    pub fn created(&self) -> Result<(), ApiError> {
        let state = self.state();
        match self.status(&state) {
            CollectionStatus::Created => self.ready(&state),
            _ => Ok(()),
        }
    }

    pub(super) fn ready(&self, state: &State) -> Result<(), ApiError> {
        self.alive()?;
        let status = self.status(state);
        let kind = match status {
            CollectionStatus::Ready => return Ok(()),
            _ if self.created.elapsed() < self.ready_after / 2 => ErrorType::Creating,
            _ => ErrorType::NotReady,
        };
        let name = self.name();
        Err(ApiError::new(kind, format!("Collection {name:?} is {status}, not READY")))
    }

    /// The state, even after a thread has panicked with the lock: every change replaces a value as
    /// a whole, so no value is half changed.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

/// Refuses to turn a transformation into a rollup, or a rollup into something else.
fn check_rollup(
    old: Option<&Transformation>,
    new: Option<&Transformation>,
) -> Result<(), ApiError> {
    let is_same = old.map(|old| &old.sql) == new.map(|new| &new.sql);
    let has_rollup = [old, new].into_iter().flatten().any(Transformation::is_rollup);
    match has_rollup && !is_same {
        true => Err(ApiError::invalid(
            "Wrong in field_mapping_query: a rollup is set when the collection is created, and \
             can't be changed",
        )),
        false => Ok(()),
    }
}
