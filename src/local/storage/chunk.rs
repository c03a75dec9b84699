//! Documents in the order of their arrival, in chunks that never change.
//!
//! A document that is replaced or deleted stays in its chunk as a dead row. Compaction bounds both
//! chunks and dead rows, by the logarithmic method (Bentley and Saxe): a chunk is merged with the
//! one before it when that is less than twice as large, so that a row moves O(log n) times and the
//! sizes of neighbours that could be merged fall by half. A chunk of which more than
//! [`DEAD_PERCENT`] is dead is copied without its dead rows, whose number pays for the copy.

use super::stored::Stored;
use super::texts::{Fields, Growing, Texts};
use fixedbitset::FixedBitSet;
use std::sync::Arc;
#[cfg(feature = "engine")]
use std::sync::OnceLock;
#[cfg(feature = "engine")]
use std::sync::atomic::{AtomicU64, Ordering};

/// Maximum rows of a chunk.
pub(super) const ROWS: usize = 1 << 16;

/// Maximum bytes of a chunk's texts, unless it has a single row.
pub(super) const BYTES: usize = 16 << 20;

/// Percentage of a chunk's rows that may be dead.
pub(super) const DEAD_PERCENT: usize = 30;

/// A chunk, with the rows that are live in a snapshot.
#[derive(Debug, Clone)]
pub(in crate::local) struct Chunk {
    rows: Arc<Rows>,
    live: Arc<FixedBitSet>,
    dead: usize,
    /// Bytes of the texts of live rows.
    bytes: usize,
    /// Number of entries of `Rows::by_time` that are purged.
    purged: usize,
}

#[cfg(feature = "engine")]
static NEXT_ID: AtomicU64 = AtomicU64::new(0);

#[derive(Debug)]
struct Rows {
    /// Unique in this process.
    #[cfg(feature = "engine")]
    id: u64,
    /// Ascending by `seq`.
    rows: Box<[Row]>,
    /// The fields of the rows.
    texts: Arc<Texts>,
    /// Ascending by event time; empty in a collection that keeps its documents for ever.
    by_time: Box<[Time]>,
    #[cfg(feature = "engine")]
    segment: OnceLock<SegmentObject>,
}

/// The object in which a store keeps rows.
#[cfg(feature = "engine")]
#[derive(Debug, Clone)]
pub(in crate::local) struct SegmentObject {
    pub(in crate::local) path: Arc<str>,
    pub(in crate::local) bytes: u64,
}

#[derive(Debug, Clone)]
struct Row {
    /// `seq` of the document, repeated here so that a search reads nothing else.
    seq: u64,
    stored: Arc<Stored>,
}

#[derive(Debug, Clone, Copy)]
struct Time {
    event_time: i64,
    row: u32,
}

impl Chunk {
    /// A chunk of documents that come in the order of their arrival, with an index on their
    /// event times if they are to expire.
    pub(super) fn new(documents: Vec<Arc<Stored>>, texts: Texts, expiring: bool) -> Self {
        let bytes = documents.iter().map(|stored| stored.length()).sum();
        let rows: Box<[Row]> =
            documents.into_iter().map(|stored| Row { seq: stored.seq, stored }).collect();
        let mut live = FixedBitSet::with_capacity(rows.len());
        live.insert_range(..);
        let by_time = if expiring { by_time(&rows) } else { Box::default() };
        let rows = Arc::new(Rows {
            #[cfg(feature = "engine")]
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            rows,
            texts: Arc::new(texts),
            by_time,
            #[cfg(feature = "engine")]
            segment: OnceLock::new(),
        });
        Self { rows, live: Arc::new(live), dead: 0, bytes, purged: 0 }
    }

    /// One chunk of the live documents of several ones.
    fn merged(chunks: &[Self], expiring: bool) -> Self {
        let count = chunks.iter().map(Self::len).sum();
        let mut documents = Vec::with_capacity(count);
        let mut texts = Growing::with_capacity(count, chunks.iter().map(|it| it.bytes).sum());
        for chunk in chunks {
            for row in chunk.live.ones() {
                documents.push(chunk.rows.rows[row].stored.clone());
                texts.push(chunk.rows.texts.get(row));
            }
        }
        Self::new(documents, texts.finish(), expiring)
    }

    /// The fields of all rows.
    pub(in crate::local) fn texts(&self) -> &Arc<Texts> {
        &self.rows.texts
    }

    /// The fields of a document of this chunk.
    pub(super) fn fields(&self, stored: &Stored) -> Option<Fields> {
        let row = self.position(stored.seq)?;
        Some(Fields { texts: self.texts().clone(), row })
    }

    /// The same for all chunks that have the same rows, live or dead.
    #[cfg(feature = "engine")]
    pub(in crate::local) fn id(&self) -> u64 {
        self.rows.id
    }

    /// Number of rows, dead ones included.
    #[cfg(feature = "engine")]
    pub(in crate::local) fn height(&self) -> usize {
        self.rows.rows.len()
    }

    /// The document of a row, live or dead.
    #[cfg(feature = "engine")]
    pub(in crate::local) fn row(&self, row: usize) -> Option<&Arc<Stored>> {
        self.rows.rows.get(row).map(|row| &row.stored)
    }

    /// The rows that are live; `None` if all are.
    #[cfg(feature = "engine")]
    pub(in crate::local) fn live(&self) -> Option<&FixedBitSet> {
        (self.dead > 0).then_some(&*self.live)
    }

    /// The object in which a store keeps the rows, live or dead.
    #[cfg(feature = "engine")]
    pub(in crate::local) fn segment(&self) -> &OnceLock<SegmentObject> {
        &self.rows.segment
    }

    /// All rows, live or dead.
    #[cfg(feature = "engine")]
    pub(in crate::local) fn rows(&self) -> impl Iterator<Item = &Arc<Stored>> + Clone {
        self.rows.rows.iter().map(|row| &row.stored)
    }

    /// Whether there is an index on the event times.
    #[cfg(feature = "engine")]
    pub(super) fn is_expiring(&self) -> bool {
        !self.rows.by_time.is_empty()
    }

    /// Positions of the rows that are dead.
    #[cfg(feature = "engine")]
    pub(in crate::local) fn dead_rows(&self) -> impl Iterator<Item = usize> {
        self.live.zeroes()
    }

    pub(super) fn last_seq(&self) -> Option<u64> {
        self.rows.rows.last().map(|row| row.seq)
    }

    /// Number of live rows.
    pub(super) fn len(&self) -> usize {
        self.rows.rows.len() - self.dead
    }

    #[cfg(test)]
    pub(super) fn dead(&self) -> usize {
        self.dead
    }

    #[cfg(test)]
    pub(super) fn shares_rows_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.rows, &other.rows)
    }

    #[cfg(test)]
    pub(super) fn shares_all_with(&self, other: &Self) -> bool {
        self.shares_rows_with(other) && Arc::ptr_eq(&self.live, &other.live)
    }

    /// The row of a document, live or dead.
    fn position(&self, seq: u64) -> Option<usize> {
        self.rows.rows.binary_search_by_key(&seq, |row| row.seq).ok()
    }

    /// The live documents with their rows.
    #[cfg(feature = "engine")]
    pub(in crate::local) fn live_rows(&self) -> impl Iterator<Item = (usize, &Arc<Stored>)> {
        self.live.ones().map(|row| (row, &self.rows.rows[row].stored))
    }

    /// The live documents, in the order of their arrival.
    pub(in crate::local) fn documents(&self) -> impl Iterator<Item = &Arc<Stored>> {
        self.live.ones().map(|row| &self.rows.rows[row].stored)
    }

    /// Marks the row of a document as dead.
    pub(super) fn kill(&mut self, seq: u64) {
        if let Some(row) = self.position(seq) {
            self.kill_row(row);
        }
    }

    pub(super) fn kill_row(&mut self, row: usize) {
        if self.live.contains(row) {
            Arc::make_mut(&mut self.live).remove(row);
            self.dead += 1;
            self.bytes -= self.rows.rows[row].stored.length();
        }
    }

    /// The live documents that are older than `before`, in microseconds. The time grows with the
    /// number of such documents, dead ones included, that have not been purged.
    pub(super) fn expired(&self, before: i64) -> impl Iterator<Item = &Arc<Stored>> {
        let waiting = self.rows.by_time[self.purged..].iter();
        let expired = waiting.take_while(move |time| time.event_time < before);
        let rows = expired.map(|time| time.row as usize);
        rows.filter(|row| self.live.contains(*row)).map(|row| &self.rows.rows[row].stored)
    }

    /// Marks the documents that are older than `before`, in microseconds, as dead, and appends them
    /// to `purged`.
    pub(super) fn purge(&mut self, before: i64, purged: &mut Vec<Arc<Stored>>) {
        let rows = self.rows.clone();
        let waiting = rows.by_time[self.purged..].iter();
        for time in waiting.take_while(|time| time.event_time < before) {
            let row = time.row as usize;
            if self.live.contains(row) {
                purged.push(rows.rows[row].stored.clone());
                self.kill_row(row);
            }
            self.purged += 1;
        }
    }

    fn is_worn(&self) -> bool {
        self.dead * 100 > self.rows.rows.len() * DEAD_PERCENT
    }

    /// Whether a chunk of so many live rows with so many bytes is merged with this one before it.
    fn merges_with(&self, rows: usize, bytes: usize) -> bool {
        self.len() < 2 * rows && self.len() + rows <= ROWS && self.bytes + bytes <= BYTES
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

fn by_time(rows: &[Row]) -> Box<[Time]> {
    let rows = rows.iter().zip(0..);
    let mut times: Box<[Time]> =
        rows.map(|(row, at)| Time { event_time: row.stored.event_time, row: at }).collect();
    // Rows that were merged, or that come in the order of their time, are sorted runs, for which
    // this takes one pass.
    times.sort_by_key(|time| time.event_time);
    times
}

/// Chunks of documents that come in the order of their arrival, each with the text of its fields.
pub(super) fn chunks_of(documents: Vec<(Arc<Stored>, Box<str>)>, expiring: bool) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    let mut left = documents.into_iter().peekable();
    while left.peek().is_some() {
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while let Some((stored, fields)) = left.next_if(|(stored, _)| {
            rows.is_empty() || (rows.len() < ROWS && bytes + stored.length() <= BYTES)
        }) {
            bytes += stored.length();
            rows.push((stored, fields));
        }
        let mut texts = Growing::with_capacity(rows.len(), bytes);
        rows.iter().for_each(|(_, fields)| texts.push(fields));
        let rows = rows.into_iter().map(|(stored, _)| stored).collect();
        chunks.push(Chunk::new(rows, texts.finish(), expiring));
    }
    chunks
}

/// Bounds the number of chunks and of dead rows.
pub(super) fn compact(chunks: Vec<Chunk>, expiring: bool) -> Vec<Chunk> {
    let mut compacted: Vec<Chunk> = Vec::with_capacity(chunks.len());
    for chunk in chunks {
        if chunk.len() == 0 {
            continue;
        }
        let (mut rows, mut bytes) = (chunk.len(), chunk.bytes);
        let mut merged = vec![chunk];
        while let Some(before) = compacted.pop_if(|before| before.merges_with(rows, bytes)) {
            rows += before.len();
            bytes += before.bytes;
            merged.push(before);
        }
        merged.reverse();
        compacted.extend(match merged.len() {
            1 if !merged[0].is_worn() => merged.pop(),
            _ => Some(Chunk::merged(&merged, expiring)),
        });
    }
    compacted
}
