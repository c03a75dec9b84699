//! A batch of writes, which makes the next snapshot of the present one.

use super::chunk::{Chunk, compact};
use super::document::{Document, Stored};
use super::index::Index;
use super::snapshot::Snapshot;
use std::sync::Arc;

/// From this part of all documents on, the index is built anew without those that are
/// purged, which costs less than removing them one by one.
const REBUILT: usize = 16;

/// Writes that nobody sees before they are [sealed](Batch::seal).
#[derive(Debug)]
pub(in crate::local) struct Batch {
    next: Snapshot,
    /// The `seq` of the batch's first document.
    first: u64,
    /// The documents of the batch; nothing in the place of one that it has replaced itself.
    open: Vec<Option<Arc<Stored>>>,
    /// Microseconds since the epoch. What is older has expired.
    expired_before: Option<i64>,
}

impl Batch {
    /// Begins after a snapshot, without the documents that have expired.
    pub(in crate::local) fn new(snapshot: &Snapshot, expired_before: Option<i64>) -> Self {
        let next = snapshot.clone();
        let mut batch = Self { first: next.next_seq, next, open: Vec::new(), expired_before };
        if let Some(before) = expired_before {
            batch.purge(before);
        }
        batch
    }

    pub(in crate::local) fn get(&self, id: &str) -> Option<&Document> {
        let found = self.next.index.get(id).filter(|stored| !self.has_expired(stored));
        found.map(|stored| &stored.document)
    }

    /// Adds a document, or replaces the one that has its `_id` and then is true.
    pub(in crate::local) fn put(&mut self, id: Box<str>, document: Document) -> bool {
        let seq = self.first + self.open.len() as u64;
        let stored = Arc::new(Stored { seq, id, document });
        let size = stored.size();
        self.next.figures.inserted += size;
        self.next.figures.size += size;
        self.open.push(Some(stored.clone()));
        let Some(old) = self.next.index.insert(stored) else {
            return false;
        };
        self.bury(&old);
        let (figures, size) = (&mut self.next.figures, old.size());
        match self.expired_before.is_some_and(|before| old.document.event_time < before) {
            true => {
                figures.purged += 1;
                figures.purged_size += size;
                false
            }
            false => {
                figures.overwritten += size;
                true
            }
        }
    }

    pub(in crate::local) fn remove(&mut self, id: &str) {
        if let Some(old) = self.next.index.remove(id) {
            self.bury(&old);
        }
    }

    /// The snapshot with all writes of the batch.
    pub(in crate::local) fn seal(self) -> Snapshot {
        let Self { mut next, first, open, expired_before } = self;
        let expiring = expired_before.is_some();
        next.next_seq = first + open.len() as u64;
        next.chunks.push(Chunk::new(open.into_iter().flatten(), expiring));
        next.chunks = compact(next.chunks, expiring);
        next
    }

    fn has_expired(&self, stored: &Stored) -> bool {
        self.expired_before.is_some_and(|before| stored.document.event_time < before)
    }

    /// Marks as dead what is not in the index any more.
    fn bury(&mut self, old: &Stored) {
        self.next.figures.size -= old.size();
        match old.seq.checked_sub(self.first) {
            Some(at) => self.open[at as usize] = None,
            None => {
                let chunks = &mut self.next.chunks;
                let at = chunks.partition_point(|chunk| chunk.last_seq() < Some(old.seq));
                chunks[at].kill(old.seq);
            }
        }
    }

    fn purge(&mut self, before: i64) {
        let mut purged = Vec::new();
        for chunk in &mut self.next.chunks {
            chunk.purge(before, &mut purged);
        }
        let size = purged.iter().map(|stored| stored.size()).sum::<usize>();
        let figures = &mut self.next.figures;
        figures.size -= size;
        figures.purged_size += size;
        figures.purged += purged.len();

        let index = &mut self.next.index;
        if purged.len() > index.len() / REBUILT {
            let left = index.after(None).filter(|kept| kept.document.event_time >= before);
            *index = Index::sorted(left.cloned());
        } else {
            purged.iter().for_each(|stored| drop(index.remove(&stored.id)));
        }
    }
}
