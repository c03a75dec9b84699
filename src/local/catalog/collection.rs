//! A collection: its status, its documents, and the offsets of its writes.

use super::definition::Definition;
use super::kept::{self, KeptCollection};
use super::mount::Mount;
use super::source_entry::{self, SourceEntry};
use super::transformation::Transformation;
use crate::local::error::ApiError;
use crate::local::journal::{Change, Commit, Journal, Sizes, Write};
#[cfg(feature = "engine")]
use crate::local::journal::{Recovered, Written};
use crate::local::json::time;
use crate::local::storage::{Batch, Changes, Memory, Snapshot, View};
use crate::rockset::enums::{CollectionStatus, ErrorType};
use crate::rockset::types::{
    self, FieldMappingQuery, GetCollectionCommit, GetCollectionCommitData, Offsets,
};
use parking_lot::{Mutex, MutexGuard};
use std::mem;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
#[cfg(feature = "engine")]
use tracing::warn;
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

    /// The same collection in a store without a journal.
    #[cfg(feature = "engine")]
    pub(super) fn measured_by(self, sizes: Option<Sizes>) -> Self {
        Self { sizes, ..self }
    }

    /// A collection that an earlier process has left, without its documents.
    #[cfg(feature = "engine")]
    pub(super) fn restored(
        id: u64,
        kept: KeptCollection<Definition>,
        transformation: Option<Transformation>,
        ready_after: Duration,
        journal: Option<Journal>,
    ) -> Self {
        let KeptCollection { workspace, rrn, created_at, mut definition, .. } = kept;
        definition.description = kept.description;
        definition.transformation = transformation;
        let new = Self::new(&workspace, definition, ready_after, journal);
        new.state().sources = kept.sources.into_iter().map(SourceEntry::restored).collect();
        // It was ready before.
        let created = new.created.checked_sub(ready_after).unwrap_or(new.created);
        Self { id, rrn, created, created_at, ..new }
    }

    /// Takes over the documents and the progress of sources that were recovered.
    #[cfg(feature = "engine")]
    pub(super) fn recover(&self, state: &mut State, recovered: &Recovered) {
        let nothing = || Arc::new(Snapshot::new(recovered.memory.clone()));
        let documents = recovered.documents.get(&self.id);
        state.documents = documents.cloned().unwrap_or_else(nothing);
        for source in &mut state.sources {
            let id = source.shown.id.clone().unwrap_or_default();
            let begin = kept::object_key(self.id, &id, "");
            let objects = recovered.texts(kept::OBJECT, &begin);
            source.objects =
                objects.map(|(name, text)| (name.to_string(), text.to_string())).collect();
        }
        // What the journal knows is this.
        drop(self.kept(state));
    }

    /// Takes over what another process has changed, but for the documents.
    #[cfg(feature = "engine")]
    pub(super) fn take_over(
        &self,
        kept: KeptCollection<Definition>,
        transformation: Option<Transformation>,
    ) {
        let mut state = self.state();
        state.description = kept.description;
        state.transformation = transformation;
        state.sources = kept.sources.into_iter().map(SourceEntry::restored).collect();
    }

    /// Takes over documents that another process has written.
    #[cfg(feature = "engine")]
    pub(super) fn follow(&self, written: Written) -> Result<(), String> {
        let _turn = self.turn();
        if let Some(after) = written.onto(self.snapshot())? {
            let old = mem::replace(&mut self.state().documents, Arc::new(after));
            // To free it may take longer than the lock should be held.
            drop(old);
        }
        Ok(())
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

    /// Writes a batch of documents, and returns the offset of the write, too. Waits for the batches
    /// before; the time grows with their size and its own.
    pub fn write<T>(&self, write: impl FnOnce(&mut Batch) -> T) -> Result<(T, String), ApiError> {
        let _turn = self.turn();
        self.writable()?;
        let mut batch = self.batch();
        let outcome = write(&mut batch);
        let writes = self.publish(batch, Vec::new(), |state| {
            source_entry::written(&mut state.sources);
        })?;
        Ok((outcome, self.offset(writes)))
    }

    /// The present documents, without those that are older than the retention period.
    pub fn read(&self) -> View {
        View::new(self.snapshot(), self.expired_before())
    }

    /// The present documents, for a query, whose time is recorded.
    #[cfg(feature = "engine")]
    pub fn query(&self) -> View {
        self.queried.store(time::now() / 1000, Ordering::Relaxed);
        self.read()
    }

    /// Frees the memory of documents that are older than the retention period.
    pub fn purge(&self) {
        let _turn = self.turn();
        if self.is_to_be_purged() {
            // A collection that is deleted meanwhile has nothing to purge.
            let _ = self.replace(self.batch().seal(), None, Vec::new(), |_| {});
        }
    }

    /// Whether there are documents that are older than the retention period.
    pub fn is_to_be_purged(&self) -> bool {
        self.expired_before().is_some_and(|before| self.snapshot().has_expired(before))
    }

    /// Merges chunks whose texts were not in memory when that was due, or copies them without their
    /// dead rows: some of them.
    #[cfg(feature = "engine")]
    pub fn compact(&self) {
        let (texts, errors) = self.snapshot().read_to_compact();
        for error in errors {
            warn!(collection = self.path(), %error, "documents can't be read");
        }
        if !texts.is_empty() {
            let _turn = self.turn();
            // In a collection that is deleted meanwhile, there is nothing to merge.
            let _ = self.replace(self.batch().seal(), None, Vec::new(), |_| {});
        }
    }

    /// Whether there is something to [compact](Self::compact).
    #[cfg(feature = "engine")]
    pub fn is_to_be_compacted(&self) -> bool {
        self.snapshot().lacks_texts()
    }

    /// Waits for the other writers, and locks them out.
    pub(super) fn turn(&self) -> MutexGuard<'_, ()> {
        self.writer.lock()
    }

    /// Begins a batch. The caller holds a [turn](Self::turn).
    pub(super) fn batch(&self) -> Batch {
        let state = self.state();
        let newest = state.newest.as_ref().unwrap_or(&state.documents).clone();
        drop(state);
        Batch::new(&newest, self.expired_before())
    }

    /// Publishes a batch, together with another change of the state and of the journal's entries,
    /// and returns its number of writes. Fails if the collection has been deleted meanwhile.
    ///
    /// With a journal, documents are visible once they are durable.
    pub(super) fn publish(
        &self,
        batch: Batch,
        entries: Vec<Change>,
        change: impl FnOnce(&mut State),
    ) -> Result<u64, ApiError> {
        let (sealed, changes) = batch.seal_with_changes();
        let changes = self.journal.is_some().then_some(changes);
        self.replace(sealed.written(time::now()), changes, entries, change)
    }

    fn replace(
        &self,
        snapshot: Snapshot,
        changes: Option<Changes>,
        mut entries: Vec<Change>,
        change: impl FnOnce(&mut State),
    ) -> Result<u64, ApiError> {
        let (writes, snapshot) = (snapshot.writes(), Arc::new(snapshot));
        let mut state = self.state();
        self.alive()?;
        change(&mut state);
        let Some(journal) = &self.journal else {
            let old = mem::replace(&mut state.documents, snapshot);
            drop(state);
            // This may be the last reference, and freeing takes longer than a lock should be held.
            drop(old);
            return Ok(writes);
        };
        state.newest = Some(snapshot.clone());
        entries.extend(self.kept(&mut state));
        journal.commit(Commit {
            changes: entries,
            write: Some(Write { collection: self.id, changes, snapshot: snapshot.clone() }),
            dropped: None,
            publish: Some(self.publication(snapshot)),
        });
        Ok(writes)
    }

    /// Makes a durable snapshot visible, unless the collection has been deleted.
    fn publication(&self, snapshot: Arc<Snapshot>) -> Box<dyn FnOnce() + Send> {
        let (state, deleted) = (self.state.clone(), self.deleted.clone());
        Box::new(move || {
            let mut state = state.lock();
            if deleted.get().is_none() {
                state.documents = snapshot;
            }
        })
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        self.state().documents.clone()
    }

    /// The collection as the API shows it.
    pub fn show(&self) -> types::Collection {
        let mut stats = self.read().stats();
        if let Some(sizes) = &self.sizes {
            stats.total_size = i64::try_from(sizes.of(self.id)).ok();
        }
        stats.last_queried_ms = Some(self.queried.load(Ordering::Relaxed));
        let state = self.state();
        types::Collection {
            clustering_key: self.definition.clustering_key.clone(),
            created_at: Some(self.created_at.clone()),
            created_by: Some(self.definition.creator.email.clone()),
            created_by_apikey_name: Some(self.definition.creator.key.clone()),
            description: state.description.clone(),
            field_schemas: self.definition.field_schemas.clone(),
            field_mapping_query: state
                .transformation
                .as_ref()
                .map(|query| FieldMappingQuery { sql: Some(query.sql.clone()) }),
            insert_only: Some(self.definition.insert_only),
            name: Some(self.definition.name.clone()),
            read_only: Some(self.is_of_server),
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

    /// Its mount on the main virtual instance, which exists as long as the collection does.
    pub(super) fn on_main(&self) -> Mount {
        let id = self.rrn.rsplit(':').next().unwrap_or_default().to_string();
        let queried = self.queried.load(Ordering::Relaxed);
        Mount::on_main(id, self.path(), self.id, &self.created_at, queried)
    }

    /// Whether all writes up to the highest of the offsets can be queried.
    pub fn passed(&self, fences: &[String]) -> Result<GetCollectionCommit, ApiError> {
        self.passed_in(fences, self.snapshot().writes())
    }

    /// Whether the first so many writes are all those up to the highest of the offsets.
    pub(super) fn passed_in(
        &self,
        fences: &[String],
        written: u64,
    ) -> Result<GetCollectionCommit, ApiError> {
        let mut furthest = None;
        for (i, fence) in fences.iter().enumerate() {
            let writes = self.writes_at(fence).ok_or_else(|| {
                let name = self.name();
                ApiError::invalid(format!("Wrong in name[{i}]: {fence:?} is no offset of {name:?}"))
            })?;
            furthest = furthest.max(Some((writes, fence)));
        }
        let (furthest, fence) =
            furthest.ok_or_else(|| ApiError::invalid("Wrong in name: it holds no offset"))?;
        Ok(GetCollectionCommit {
            data: Some(GetCollectionCommitData {
                fence: Some(fence.clone()),
                passed: Some(furthest <= written),
            }),
            offsets: Some(Offsets { commit: Some(self.offset(written)) }),
        })
    }

    /// Hands the collection over to the journal, if that knows an older state.
    pub(super) fn keep(&self, state: &mut State) {
        if let (Some(journal), Some(change)) = (&self.journal, self.kept(state)) {
            journal.commit(change);
        }
    }

    /// The change by which the journal knows the collection.
    fn kept(&self, state: &mut State) -> Option<Change> {
        self.journal.as_ref()?;
        let now = KeptCollection {
            workspace: self.workspace.clone(),
            rrn: self.rrn.clone(),
            created_at: self.created_at.clone(),
            definition: &self.definition,
            description: state.description.clone(),
            transformation: state.transformation.as_ref().map(|it| it.sql.clone()),
            sources: state.sources.iter().map(SourceEntry::kept).collect(),
        };
        let now = serde_json::to_string(&now).unwrap_or_default();
        if now == state.kept {
            return None;
        }
        state.kept.clone_from(&now);
        Some(Change::text(kept::COLLECTION, &kept::key(self.id), now))
    }

    /// Tells the journal that the collection is deleted.
    fn forget(&self) {
        if let Some(journal) = &self.journal {
            let key = kept::key(self.id);
            let changes = vec![
                Change::delete(kept::COLLECTION, &key),
                Change::delete_all(kept::OBJECT, &format!("{key}/")),
            ];
            journal.commit(Commit { changes, dropped: Some(self.id), ..Commit::default() });
        }
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

    /// Microseconds since the epoch. Older documents have outlived the retention period.
    fn expired_before(&self) -> Option<i64> {
        let seconds = self.definition.retention_secs?;
        Some(time::now() - seconds * 1_000_000)
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
