//! Documents in the order of their arrival, in chunks that never change.
//!
//! A document that is replaced or deleted stays in its chunk as a dead row, until the chunk is
//! compacted.

#[cfg(feature = "engine")]
use super::derived::{self, Derived, Origin, Path};
use super::memory::{Charge, Memory, Slot, Use};
use super::stored::Stored;
use super::texts::{Fields, Texts, Unreadable};
use fixedbitset::FixedBitSet;
#[cfg(feature = "engine")]
use parking_lot::Mutex;
#[cfg(feature = "engine")]
use std::fmt::Debug;
use std::sync::Arc;

/// Maximum rows of a chunk.
pub(super) const ROWS: usize = 1 << 16;

/// Bytes of memory that a document takes beside its `_id` and its fields: what is held of it, its
/// row, its place in the index, and what the allocator adds.
const HEAD: usize = size_of::<Stored>() + size_of::<Row>() + 80;

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

#[derive(Debug)]
struct Rows {
    /// Ascending by `seq`.
    rows: Box<[Row]>,
    /// The fields of the rows. They may be read again from the segment.
    texts: Arc<Slot<Texts>>,
    memory: Memory,
    _charge: Charge,
    /// Ascending by event time; empty in a collection that keeps its documents for ever.
    by_time: Box<[Time]>,
    /// Where a store keeps the rows, if it does.
    #[cfg(feature = "engine")]
    segment: Mutex<Option<SegmentObject>>,
    #[cfg(feature = "engine")]
    derived: Arc<Derived>,
    /// What was made of these rows when they were in other chunks.
    #[cfg(feature = "engine")]
    origins: Mutex<Vec<Origin>>,
}

/// The objects in which a store keeps rows.
#[cfg(feature = "engine")]
#[derive(Debug, Clone)]
pub(in crate::local) struct SegmentObject {
    pub(in crate::local) path: Arc<str>,
    /// The object with the fields, unless they are in the segment itself.
    pub(in crate::local) texts: Option<Arc<str>>,
    /// Bytes of the object with the fields; 0 if there is none.
    pub(in crate::local) text_bytes: u64,
    /// Bytes of both objects.
    pub(in crate::local) bytes: u64,
    pub(in crate::local) reader: Arc<dyn ReadTexts>,
}

/// Reads segments again.
#[cfg(feature = "engine")]
pub(in crate::local) trait ReadTexts: Debug + Send + Sync {
    /// The fields in a segment, one after the other. Blocks the thread, which must not be one that
    /// serves requests.
    fn fields(&self, segment: &SegmentObject) -> Result<String, Unreadable>;
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
    /// event times if they are to expire. Without texts, the caller says where they are.
    pub(super) fn new(
        documents: Vec<Arc<Stored>>,
        texts: Option<Texts>,
        expiring: bool,
        memory: &Memory,
    ) -> Self {
        let bytes = documents.iter().map(|stored| stored.length()).sum();
        let heads = documents.iter().map(|stored| stored.held() + HEAD).sum();
        let rows: Box<[Row]> =
            documents.into_iter().map(|stored| Row { seq: stored.seq, stored }).collect();
        let mut live = FixedBitSet::with_capacity(rows.len());
        live.insert_range(..);
        let by_time = if expiring { by_time(&rows) } else { Box::default() };
        let texts = texts.map(|texts| Arc::new(texts.charged(memory, Use::Unsaved)));
        let slot = texts.map_or_else(Slot::empty, |texts| Slot::new(memory, texts));
        let rows = Arc::new(Rows {
            rows,
            texts: Arc::new(slot),
            memory: memory.clone(),
            _charge: memory.charge(Use::Heads, heads),
            by_time,
            #[cfg(feature = "engine")]
            segment: Mutex::default(),
            #[cfg(feature = "engine")]
            derived: Arc::default(),
            #[cfg(feature = "engine")]
            origins: Mutex::default(),
        });
        Self { rows, live: Arc::new(live), dead: 0, bytes, purged: 0 }
    }

    /// The fields of all rows. If they are not in memory, they are read again, which blocks the
    /// thread.
    pub(in crate::local) fn texts(&self) -> Result<Arc<Texts>, Unreadable> {
        let Rows { texts, memory, .. } = &*self.rows;
        texts.get_or_make(memory, || self.read_texts())
    }

    /// The fields of all rows, if they are in memory.
    pub(super) fn texts_in_memory(&self) -> Option<Arc<Texts>> {
        self.rows.texts.peek()
    }

    #[cfg(feature = "engine")]
    fn read_texts(&self) -> Result<Texts, Unreadable> {
        // Only what has a segment is given up.
        let lost = || Unreadable("the fields of some documents are lost".to_string());
        let segment = self.segment().ok_or_else(lost)?;
        let fields = segment.reader.fields(&segment)?;
        let texts = Texts::new(fields, self.rows().map(|stored| stored.length()));
        let texts = texts.ok_or_else(|| {
            let path = segment.texts.as_ref().unwrap_or(&segment.path);
            Unreadable(format!("{path} is damaged: it has other fields than its segment says"))
        })?;
        Ok(texts.charged(&self.rows.memory, Use::Cached))
    }

    #[cfg(not(feature = "engine"))]
    fn read_texts(&self) -> Result<Texts, Unreadable> {
        Err(Unreadable("the fields of some documents are lost".to_string()))
    }

    /// Says where a store keeps the rows, so that their fields need not stay in memory.
    #[cfg(feature = "engine")]
    pub(in crate::local) fn save_as(&self, segment: SegmentObject) {
        *self.rows.segment.lock() = Some(segment);
        if let Some(texts) = self.texts_in_memory() {
            texts.are_saved();
            self.rows.memory.keep(&self.rows.texts);
        }
    }

    /// The fields of a document of this chunk.
    pub(super) fn fields(&self, stored: &Stored) -> Result<Option<Fields>, Unreadable> {
        let Some(row) = self.position(stored.seq) else { return Ok(None) };
        Ok(Some(Fields { texts: self.texts()?, row }))
    }

    /// The memory that the chunk takes its share of.
    #[cfg(feature = "engine")]
    pub(in crate::local) fn memory(&self) -> &Memory {
        &self.rows.memory
    }

    /// What readers have made of the rows, live or dead.
    #[cfg(feature = "engine")]
    pub(in crate::local) fn derived(&self) -> &Arc<Derived> {
        &self.rows.derived
    }

    /// What readers have made of these rows when they were in other chunks.
    #[cfg(feature = "engine")]
    pub(in crate::local) fn origins(&self) -> Vec<Origin> {
        self.rows.origins.lock().clone()
    }

    #[cfg(feature = "engine")]
    pub(super) fn set_origins(&self, origins: Vec<Origin>) {
        *self.rows.origins.lock() = origins;
    }

    /// Says that there is something of these paths now, so that it needs no origins.
    #[cfg(feature = "engine")]
    pub(in crate::local) fn release_origins(&self, paths: &[Path]) {
        derived::release(&mut self.rows.origins.lock(), paths);
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
    pub(in crate::local) fn segment(&self) -> Option<SegmentObject> {
        self.rows.segment.lock().clone()
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

    /// Number of dead rows.
    pub(super) fn dead(&self) -> usize {
        self.dead
    }

    /// Bytes of the texts of live rows.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
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

    /// Whether too many rows are dead.
    pub(super) fn is_worn(&self) -> bool {
        self.dead * 100 > self.rows.rows.len() * DEAD_PERCENT
    }

    /// Whether a chunk of so many live rows with so many bytes is merged with this one before it.
    pub(super) fn merges_with(&self, rows: usize, bytes: usize) -> bool {
        self.len() < 2 * rows
            && self.len() + rows <= ROWS
            && self.bytes + bytes <= self.rows.memory.of_a_chunk()
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
