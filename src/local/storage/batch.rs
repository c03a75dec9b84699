//! A batch of writes, which makes the next snapshot of the present one.

use super::chunk::Chunk;
use super::compact::{chunks_of, compact};
use super::document::Document;
use super::index::Index;
use super::meta::Meta;
use super::snapshot::Snapshot;
use super::stored::Stored;
use super::texts::{Texts, Unreadable};
use std::sync::Arc;
use uuid::Uuid;

/// If more than one in this number of documents is purged, the index is built again without them,
/// which costs less than removing them one by one.
const REBUILT: usize = 16;

/// Writes that become visible once the batch is [sealed](Batch::seal).
#[derive(Debug)]
pub struct Batch {
    next: Snapshot,
    /// The `seq` of the batch's first document.
    first: u64,
    /// The documents of the batch with their fields; `None` where a later one of the batch
    /// replaces it.
    open: Vec<Option<(Arc<Stored>, Box<str>)>>,
    /// The documents that the batch has removed, even if it adds them again.
    removed: Vec<Arc<Stored>>,
    /// Microseconds since the epoch. Older documents have expired.
    expired_before: Option<i64>,
}

/// What a batch changes: first documents are removed, then others are added, each in place of the
/// one with its `_id`.
#[derive(Debug, Default)]
#[cfg_attr(not(feature = "engine"), allow(dead_code))]
pub struct Changes {
    pub removed: Vec<Arc<Stored>>,
    /// Chunks whose rows are all live, with the fields of these.
    pub put: Vec<(Chunk, Arc<Texts>)>,
    /// Whether documents of the collection expire.
    pub expiring: bool,
}

impl Batch {
    /// Begins a batch on a snapshot, without the documents that have expired.
    pub fn new(snapshot: &Snapshot, expired_before: Option<i64>) -> Self {
        let next = snapshot.clone();
        let first = next.next_seq;
        let mut batch = Self { next, first, open: Vec::new(), removed: Vec::new(), expired_before };
        if let Some(before) = expired_before {
            batch.purge(before);
        }
        batch
    }

    pub fn get(&self, id: &str) -> Option<&Stored> {
        let found = self.next.index.get(id).filter(|stored| !self.has_expired(stored));
        found.map(AsRef::as_ref)
    }

    /// A document as JSON. Fails if its fields can't be read.
    pub fn json(&self, id: &str) -> Result<Option<String>, Unreadable> {
        let Some(stored) = self.get(id) else { return Ok(None) };
        let open = stored.seq.checked_sub(self.first).map(|at| self.open.get(at as usize));
        let Some(open) = open else {
            return self.next.json(stored).map(Some);
        };
        Ok(open.and_then(|open| open.as_ref().map(|(_, fields)| stored.json(fields))))
    }

    /// Adds a document, or replaces the one with its `_id`. Returns whether it has replaced one
    /// that hasn't expired.
    pub fn put(&mut self, id: Box<str>, document: Document) -> bool {
        let seq = self.first + self.open.len() as u64;
        let (stored, fields) = document.stored(seq, id);
        let (size, stored) = (stored.size(), Arc::new(stored));
        self.next.figures.inserted += size;
        self.next.figures.size += size;
        self.open.push(Some((stored.clone(), fields)));
        let Some(old) = self.next.index.insert(stored) else {
            return false;
        };
        self.bury(&old);
        let (figures, size) = (&mut self.next.figures, old.size());
        let has_expired = self.expired_before.is_some_and(|before| old.event_time < before);
        if has_expired {
            figures.purged += 1;
            figures.purged_size += size;
        } else {
            figures.overwritten += size;
        }
        !has_expired
    }

    /// Adds a document as [`put`](Self::put) does. A part of a group is merged with what is stored
    /// of the group; the reason is returned if that fails.
    pub fn merge(&mut self, id: Box<str>, document: Document) -> Result<bool, String> {
        let Some(part) = document.part() else {
            return Ok(self.put(id, document));
        };
        if let Some(merged) = part.merged(self.get(&id))? {
            self.put(id, merged);
        }
        // The document itself has been added, whatever became of its group.
        Ok(false)
    }

    /// Adds the document of a record. If it can't be merged, one that says why is stored.
    pub fn put_record(&mut self, id: Box<str>, document: Document) {
        let (event_time, origin) = (document.event_time, document.meta.as_ref());
        let origin = origin.filter(|_| document.part().is_some()).map(|meta| meta.origin.clone());
        let Err(reason) = self.merge(id, document) else { return };
        let meta = origin.map(|origin| Box::new(Meta { origin, bad: Some(reason.into()) }));
        let bad = Document { event_time, fields: Box::default(), meta, rollup: None };
        self.put(Uuid::new_v4().to_string().into(), bad);
    }

    /// Whether a document is in place of a stored one, rather than a part of it.
    pub fn replaces(&self, id: &str, document: &Document) -> bool {
        document.part().is_none() && self.get(id).is_some()
    }

    pub fn remove(&mut self, id: &str) {
        if let Some(old) = self.next.index.remove(id) {
            self.bury(&old);
            self.removed.push(old);
        }
    }

    /// The snapshot with all writes of the batch.
    pub fn seal(self) -> Snapshot {
        self.seal_with_changes().0
    }

    /// The snapshot with all writes of the batch, and what it changes, for a journal. Documents
    /// that have expired are not among that.
    pub fn seal_with_changes(self) -> (Snapshot, Changes) {
        let Self { mut next, first, open, removed, expired_before } = self;
        let expiring = expired_before.is_some();
        next.next_seq = first + open.len() as u64;
        let added = chunks_of(open.into_iter().flatten(), expiring, &next.memory);
        let with_texts = |chunk: &Chunk| Some((chunk.clone(), chunk.texts_in_memory()?));
        let put = added.iter().filter_map(with_texts).collect();
        next.chunks.extend(added);
        next.chunks = compact(next.chunks, expiring, &next.memory);
        (next, Changes { removed, put, expiring })
    }

    fn has_expired(&self, stored: &Stored) -> bool {
        self.expired_before.is_some_and(|before| stored.event_time < before)
    }

    /// Marks a document that has left the index as dead.
    fn bury(&mut self, old: &Stored) {
        self.next.figures.size -= old.size();
        match old.seq.checked_sub(self.first) {
            Some(at) => self.open[at as usize] = None,
            None => {
                let at = self.next.chunk_of(old);
                self.next.chunks[at].kill(old.seq);
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
            let left = index.after(None).filter(|kept| kept.event_time >= before);
            *index = Index::sorted(left.cloned());
        } else {
            purged.iter().for_each(|stored| drop(index.remove(&stored.id)));
        }
    }
}
