//! A collection: its life, its documents, and how far it has come.

use super::source_entry::{self, SourceEntry};
use crate::local::definition::{Definition, Transformation};
use crate::local::errors::Failure;
use crate::local::special_fields as special;
use crate::local::storage::{Batch, Snapshot, View};
use crate::rockset::enums::{CollectionStatus, ErrorType};
use crate::rockset::types::{
    self, FieldMappingQuery, GetCollectionCommit, GetCollectionCommitData, Offsets,
};
use parking_lot::{Mutex, MutexGuard};
use std::mem;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// A collection of a workspace.
#[derive(Debug)]
pub(in crate::local) struct Collection {
    workspace: String,
    definition: Definition,
    /// Sets it apart from others of its name, before and after.
    id: u64,
    rrn: String,
    created: Instant,
    created_at: String,
    pub(super) ready_after: Duration,
    /// Set while the state is locked, and read without it.
    deleted: OnceLock<Instant>,
    /// Locked by who makes the next snapshot. Who reads doesn't wait for it.
    writer: Mutex<()>,
    /// Locked for moments: nobody works on documents meanwhile.
    state: Mutex<State>,
}

#[derive(Debug)]
pub(super) struct State {
    description: Option<String>,
    /// What is done to all documents that come in.
    transformation: Option<Transformation>,
    pub(super) sources: Vec<SourceEntry>,
    documents: Arc<Snapshot>,
}

impl Collection {
    pub(super) fn new(workspace: &str, mut definition: Definition, ready_after: Duration) -> Self {
        let description = definition.description.take();
        let transformation = definition.transformation.take();
        let sources = std::mem::take(&mut definition.sources);
        let sources = sources.into_iter().map(|source| SourceEntry::new(source, true)).collect();
        Self {
            workspace: workspace.to_string(),
            definition,
            id: fastrand::u64(..),
            rrn: format!("rrn:col:local:{}", Uuid::new_v4()),
            created: Instant::now(),
            created_at: super::timestamp(),
            ready_after,
            deleted: OnceLock::new(),
            writer: Mutex::default(),
            state: Mutex::new(State {
                description,
                transformation,
                sources,
                documents: Arc::default(),
            }),
        }
    }

    pub(in crate::local) fn definition(&self) -> &Definition {
        &self.definition
    }

    pub(in crate::local) fn name(&self) -> &str {
        &self.definition.name
    }

    /// Its name with that of its workspace.
    pub(in crate::local) fn path(&self) -> String {
        format!("{}.{}", self.workspace, self.name())
    }

    /// Whether it has been deleted and is not even to be seen any more.
    pub(super) fn is_gone(&self) -> bool {
        self.deleted.get().is_some_and(|deleted| deleted.elapsed() >= self.ready_after)
    }

    pub(super) fn is_deleted(&self) -> bool {
        self.deleted.get().is_some()
    }

    /// Begins to delete it. Its documents are gone at once; to free their memory may take a
    /// while, which is left to the caller.
    #[must_use = "to free it takes a while"]
    pub(in crate::local) fn delete(&self) -> Arc<Snapshot> {
        let mut state = self.state();
        self.deleted.get_or_init(Instant::now);
        state.sources.clear();
        let nothing = Arc::new(state.documents.cleared());
        mem::replace(&mut state.documents, nothing)
    }

    /// Gives it another description, and another transformation for what comes in from
    /// now on: `Some(None)` for none. `None` leaves things as they are.
    pub(in crate::local) fn update(
        &self,
        description: Option<String>,
        transformation: Option<Option<Transformation>>,
    ) -> Result<(), Failure> {
        let mut state = self.state();
        self.alive()?;
        if description.is_some() {
            state.description = description;
        }
        if let Some(transformation) = transformation {
            state.transformation = transformation;
        }
        Ok(())
    }

    /// What is done to all documents that come in.
    pub(in crate::local) fn transformation(&self) -> Option<Transformation> {
        self.state().transformation.clone()
    }

    /// Fails if documents can't be written now.
    pub(in crate::local) fn writable(&self) -> Result<(), Failure> {
        self.ready(&self.state())
    }

    /// Writes a batch of documents. Answers the offset of the write, too. This may take as
    /// long as the batch and those before it are large.
    pub(in crate::local) fn write<T>(
        &self,
        write: impl FnOnce(&mut Batch) -> T,
    ) -> Result<(T, String), Failure> {
        let _turn = self.turn();
        self.writable()?;
        let mut batch = self.batch();
        let outcome = write(&mut batch);
        let writes = self.publish(batch.seal().written(special::now()), |state| {
            source_entry::written(&mut state.sources);
        })?;
        Ok((outcome, self.offset(writes)))
    }

    /// The documents as they are now, without those that have outlived the retention period.
    pub(in crate::local) fn read(&self) -> View {
        View::new(self.snapshot(), self.expired_before())
    }

    /// Frees the memory of documents that have outlived the retention period.
    pub(in crate::local) fn purge(&self) {
        let _turn = self.turn();
        if self.is_to_be_purged() {
            // Of a collection that is deleted meanwhile, there is nothing to purge.
            let _ = self.publish(self.batch().seal(), |_| {});
        }
    }

    /// Whether there are documents that have outlived the retention period.
    pub(in crate::local) fn is_to_be_purged(&self) -> bool {
        self.expired_before().is_some_and(|before| self.snapshot().has_expired(before))
    }

    /// Waits until nobody else writes.
    pub(super) fn turn(&self) -> MutexGuard<'_, ()> {
        self.writer.lock()
    }

    /// Begins a batch, which takes a [turn](Self::turn).
    pub(super) fn batch(&self) -> Batch {
        Batch::new(&self.snapshot(), self.expired_before())
    }

    /// Lets everybody see a snapshot, together with another change. Answers the number of
    /// writes that it holds. Fails if the collection has been deleted meanwhile.
    pub(super) fn publish(
        &self,
        snapshot: Snapshot,
        change: impl FnOnce(&mut State),
    ) -> Result<u64, Failure> {
        let writes = snapshot.writes();
        let mut state = self.state();
        self.alive()?;
        change(&mut state);
        let old = mem::replace(&mut state.documents, Arc::new(snapshot));
        drop(state);
        // This may be the last to hold it, and freeing it takes longer than a lock should.
        drop(old);
        Ok(writes)
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        self.state().documents.clone()
    }

    /// The collection as the API shows it.
    pub(in crate::local) fn show(&self) -> types::Collection {
        let stats = self.read().stats();
        let state = self.state();
        types::Collection {
            clustering_key: self.definition.clustering_key.clone(),
            created_at: Some(self.created_at.clone()),
            created_by: Some(super::CREATOR.to_string()),
            created_by_apikey_name: Some(super::KEY_NAME.to_string()),
            description: state.description.clone(),
            field_schemas: self.definition.field_schemas.clone(),
            field_mapping_query: state
                .transformation
                .as_ref()
                .map(|query| FieldMappingQuery { sql: Some(query.sql.clone()) }),
            insert_only: Some(self.definition.insert_only),
            name: Some(self.definition.name.clone()),
            read_only: Some(false),
            retention_secs: self.definition.retention_secs,
            rrn: Some(self.rrn.clone()),
            sources: state.sources.iter().map(SourceEntry::show).collect(),
            stats: Some(stats),
            status: Some(self.status(&state)),
            storage_type: Some("HOT".to_string()),
            storage_compression_type: Some(self.definition.compression.clone()),
            workspace: Some(self.workspace.clone()),
            ..types::Collection::default()
        }
    }

    /// Whether what was written up to the furthest of some offsets can be queried.
    pub(in crate::local) fn passed(
        &self,
        fences: &[String],
    ) -> Result<GetCollectionCommit, Failure> {
        let mut furthest = None;
        for (i, fence) in fences.iter().enumerate() {
            let writes = self.writes_at(fence).ok_or_else(|| {
                let name = self.name();
                Failure::invalid(format!("Wrong in name[{i}]: {fence:?} is no offset of {name:?}"))
            })?;
            furthest = furthest.max(Some((writes, fence)));
        }
        let (writes, fence) =
            furthest.ok_or_else(|| Failure::invalid("Wrong in name: it holds no offset"))?;
        let written = self.snapshot().writes();
        Ok(GetCollectionCommit {
            data: Some(GetCollectionCommitData {
                fence: Some(fence.clone()),
                passed: Some(writes <= written),
            }),
            offsets: Some(Offsets { commit: Some(self.offset(written)) }),
        })
    }

    fn offset(&self, writes: u64) -> String {
        format!("f1:{:016x}:{writes}", self.id)
    }

    fn writes_at(&self, offset: &str) -> Option<u64> {
        let (id, writes) = offset.strip_prefix("f1:")?.split_once(':')?;
        (u64::from_str_radix(id, 16).ok()? == self.id).then(|| writes.parse().ok())?
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

    pub(super) fn alive(&self) -> Result<(), Failure> {
        match self.is_deleted() {
            false => Ok(()),
            true => Err(Failure::no_collection(&self.workspace, self.name())),
        }
    }

    pub(super) fn ready(&self, state: &State) -> Result<(), Failure> {
        self.alive()?;
        let status = self.status(state);
        let kind = match status {
            CollectionStatus::Ready => return Ok(()),
            _ if self.created.elapsed() < self.ready_after / 2 => ErrorType::Creating,
            _ => ErrorType::NotReady,
        };
        let name = self.name();
        Err(Failure::new(kind, format!("Collection {name:?} is {status}, not READY")))
    }

    /// What is older than this many microseconds has outlived the retention period.
    fn expired_before(&self) -> Option<i64> {
        let seconds = self.definition.retention_secs?;
        Some(special::now() - seconds * 1_000_000)
    }

    /// The state, also after a thread has panicked that held it: what changes in it is
    /// replaced whole.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}
