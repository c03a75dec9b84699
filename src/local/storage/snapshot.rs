//! The documents of a collection at one moment.

use super::chunk::Chunk;
#[cfg(feature = "engine")]
use super::compact::lacking;
use super::index::Index;
use super::memory::Memory;
use super::stored::Stored;
#[cfg(feature = "engine")]
use super::texts::Texts;
use super::texts::{Fields, Unreadable};
use crate::rockset::types::CollectionStats;
use std::sync::Arc;

/// Chunks that are read at a time to be merged or copied.
#[cfg(feature = "engine")]
const COMPACTED: usize = 4;

/// All documents after some number of writes.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    pub(super) index: Index,
    /// The same documents as in the index.
    pub(super) chunks: Vec<Chunk>,
    pub(super) figures: Figures,
    pub(super) next_seq: u64,
    pub(super) writes: u64,
    pub(super) memory: Memory,
}

/// Bytes and numbers of documents.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    pub(super) size: usize,
    pub inserted: usize,
    pub overwritten: usize,
    pub purged: usize,
    pub purged_size: usize,
    /// Milliseconds since the epoch.
    pub last_updated: Option<i64>,
}

impl Snapshot {
    /// No documents, and the memory for those that are to come.
    pub fn new(memory: Memory) -> Self {
        Self { memory, ..Self::default() }
    }

    /// Number of writes until this snapshot.
    pub fn writes(&self) -> u64 {
        self.writes
    }

    /// The snapshot after a write at `now`, in microseconds.
    pub fn written(mut self, now: i64) -> Self {
        self.writes += 1;
        self.figures.last_updated = Some(now / 1000);
        self
    }

    /// An empty snapshot, after as many writes.
    pub fn cleared(&self) -> Self {
        Self { writes: self.writes, ..Self::new(self.memory.clone()) }
    }

    /// Whether there are documents to purge that are older than `before`, in microseconds.
    pub fn has_expired(&self, before: i64) -> bool {
        self.chunks.iter().any(|chunk| chunk.expired(before).next().is_some())
    }

    /// The position of the chunk that a document is in.
    pub(super) fn chunk_of(&self, stored: &Stored) -> usize {
        self.chunks.partition_point(|chunk| chunk.last_seq() < Some(stored.seq))
    }

    /// The fields of a document of this snapshot.
    fn fields(&self, stored: &Stored) -> Result<Fields, Unreadable> {
        let chunk = self.chunks.get(self.chunk_of(stored));
        let fields = chunk.map_or(Ok(None), |chunk| chunk.fields(stored))?;
        fields.ok_or_else(|| Unreadable(format!("the document {:?} is in no chunk", stored.id)))
    }

    /// A document of this snapshot as JSON.
    pub(super) fn json(&self, stored: &Stored) -> Result<String, Unreadable> {
        self.fields(stored).map(|fields| stored.json(&fields))
    }

    /// Whether texts that are not in memory are needed to merge chunks, or to copy them without
    /// their dead rows.
    #[cfg(feature = "engine")]
    pub fn lacks_texts(&self) -> bool {
        lacking(&self.chunks).next().is_some()
    }

    /// Reads texts that are needed to merge chunks, or to copy them without their dead rows, if
    /// there are such, and tells whether there are. The caller makes a batch while it holds them.
    #[cfg(feature = "engine")]
    pub fn read_to_compact(&self) -> (Vec<Arc<Texts>>, Vec<Unreadable>) {
        let (mut texts, mut errors) = (Vec::new(), Vec::new());
        for chunk in lacking(&self.chunks) {
            match chunk.texts() {
                Ok(read) => texts.push(read),
                Err(error) => errors.push(error),
            }
            if texts.len() == COMPACTED {
                break;
            }
        }
        (texts, errors)
    }

    /// All documents, in the order of their arrival.
    #[cfg(test)]
    pub(super) fn scan(&self) -> impl Iterator<Item = &Arc<Stored>> {
        self.chunks.iter().flat_map(Chunk::documents)
    }
}

/// A snapshot, without the documents that have expired when it is read.
#[derive(Debug, Clone)]
pub struct View {
    snapshot: Arc<Snapshot>,
    /// Microseconds since the epoch. Older documents are not visible.
    expired_before: Option<i64>,
}

impl View {
    pub fn new(snapshot: Arc<Snapshot>, expired_before: Option<i64>) -> Self {
        Self { snapshot, expired_before }
    }

    /// Number of writes until the snapshot.
    pub fn writes(&self) -> u64 {
        self.snapshot.writes
    }

    pub fn get(&self, id: &str) -> Option<&Stored> {
        self.snapshot.index.get(id).map(AsRef::as_ref).filter(|stored| self.shows(stored))
    }

    /// A document that this has given, as JSON.
    pub fn json(&self, stored: &Stored) -> Result<String, Unreadable> {
        self.snapshot.json(stored)
    }

    /// Documents that this has given, as JSON, in their order.
    pub fn jsons(&self, documents: &[&Stored]) -> Result<Vec<String>, Unreadable> {
        let mut jsons = vec![String::new(); documents.len()];
        self.read(documents, |at, fields| jsons[at] = documents[at].json(fields))?;
        Ok(jsons)
    }

    /// Calls a function with the fields of each of these documents, as the inside of a JSON object,
    /// and the position of the document among them. The texts of each chunk are read once.
    pub fn read(
        &self,
        documents: &[&Stored],
        mut each: impl FnMut(usize, &str),
    ) -> Result<(), Unreadable> {
        let mut order: Vec<usize> = (0..documents.len()).collect();
        order.sort_unstable_by_key(|at| documents[*at].seq);
        let mut last: Option<Fields> = None;
        for at in order {
            let fields = self.snapshot.fields(documents[at])?;
            each(at, &fields);
            // Until here, the one before has held its texts.
            drop(last.replace(fields));
        }
        Ok(())
    }

    /// The documents after an `_id`, or all, in the order of their `_id`.
    pub fn after(&self, id: Option<&str>) -> impl Iterator<Item = &Stored> {
        let documents = self.snapshot.index.after(id).map(AsRef::as_ref);
        documents.filter(|stored: &&Stored| self.shows(stored))
    }

    /// The document of an `_id`, shared with the snapshot.
    #[cfg(feature = "engine")]
    pub(in crate::local) fn find(&self, id: &str) -> Option<Arc<Stored>> {
        self.snapshot.index.get(id).filter(|stored| self.shows(stored)).cloned()
    }

    /// All documents, in chunks. The caller leaves out those that [`Self::shows`] rejects.
    #[cfg(feature = "engine")]
    pub(in crate::local) fn chunks(&self) -> &[Chunk] {
        &self.snapshot.chunks
    }

    /// Whether documents can expire, so that each needs a check.
    #[cfg(feature = "engine")]
    pub(in crate::local) fn expires(&self) -> bool {
        self.expired_before.is_some()
    }

    /// Whether a document is visible: it hasn't expired.
    pub(in crate::local) fn shows(&self, stored: &Stored) -> bool {
        self.expired_before.is_none_or(|before| stored.event_time >= before)
    }

    pub fn stats(&self) -> CollectionStats {
        let Figures { size, inserted, overwritten, purged, purged_size, last_updated } =
            self.snapshot.figures;
        let expired = self
            .expired_before
            .map(|before| self.snapshot.chunks.iter().flat_map(move |chunk| chunk.expired(before)));
        let (mut count, mut bytes) = (0, 0);
        for stored in expired.into_iter().flatten() {
            count += 1;
            bytes += stored.size();
        }
        let figure = |n: usize| Some(i64::try_from(n).unwrap_or(i64::MAX));
        CollectionStats {
            doc_count: figure(self.snapshot.index.len() - count),
            total_size: figure(size - bytes),
            bytes_inserted: figure(inserted),
            bytes_overwritten: figure(overwritten),
            purged_doc_count: figure(purged + count),
            purged_doc_size: figure(purged_size + bytes),
            last_updated_ms: last_updated,
            last_queried_ms: None,
            // There are no indexes.
            total_index_size: Some(0),
            row_index_size: Some(0),
            column_index_size: Some(0),
            inverted_index_size: Some(0),
            range_index_size: Some(0),
            bulk_bytes_inserted: Some(0),
            bulk_bytes_overwritten: Some(0),
            fill_progress: None,
        }
    }
}
