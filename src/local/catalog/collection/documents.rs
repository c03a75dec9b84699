//! Documents of a collection: they are written in batches, and read as snapshots.

use super::{Collection, State};
use crate::local::catalog::source_entry;
use crate::local::error::ApiError;
use crate::local::journal::{Change, Commit, Write};
use crate::local::json::time;
use crate::local::storage::{Batch, Changes, Snapshot, View};
use parking_lot::MutexGuard;
use std::mem;
use std::sync::Arc;
#[cfg(feature = "engine")]
use std::sync::atomic::Ordering;
#[cfg(feature = "engine")]
use tracing::warn;

impl Collection {
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
    pub(in crate::local::catalog) fn turn(&self) -> MutexGuard<'_, ()> {
        self.writer.lock()
    }

    /// Begins a batch. The caller holds a [turn](Self::turn).
    pub(in crate::local::catalog) fn batch(&self) -> Batch {
        let state = self.state();
        let newest = state.newest.as_ref().unwrap_or(&state.documents).clone();
        drop(state);
        Batch::new(&newest, self.expired_before())
    }

    /// Publishes a batch, together with another change of the state and of the journal's entries,
    /// and returns its number of writes. Fails if the collection has been deleted meanwhile.
    ///
    /// With a journal, documents are visible once they are durable.
    pub(in crate::local::catalog) fn publish(
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

    pub(in crate::local::catalog) fn snapshot(&self) -> Arc<Snapshot> {
        self.state().documents.clone()
    }

    /// Microseconds since the epoch. Older documents have outlived the retention period.
    fn expired_before(&self) -> Option<i64> {
        let seconds = self.definition.retention_secs?;
        Some(time::now() - seconds * 1_000_000)
    }
}
