//! Journals: how far each binding has read the documents of its collection.
//!
//! A fixture's documents of one collection stand for the collection's journal. An offset
//! counts documents, where Flow counts bytes.

use super::binding::BindingPlan;
use std::collections::HashMap;

/// The journals of all collections that the task reads.
pub struct Journals {
    by_collection: HashMap<String, Journal>,
    /// Of each binding, the first offset that it reads.
    positions: Vec<u64>,
}

/// The journal of one collection.
#[derive(Debug, Default)]
struct Journal {
    /// The offset of the next document.
    offset: u64,
    /// The bindings that read the collection.
    bindings: Vec<usize>,
}

/// Who reads one document of a journal.
pub struct Readers {
    /// The bindings that read the document.
    pub bindings: Vec<usize>,
    /// How many bindings have read the document before.
    pub skipped: u64,
    /// The offset after the document.
    pub read_through: u64,
}

impl Journals {
    /// The journals at their begin, with the first offset that each binding reads.
    pub fn new(bindings: &[BindingPlan], positions: Vec<u64>) -> Self {
        let mut by_collection: HashMap<String, Journal> = HashMap::new();
        for (index, binding) in bindings.iter().enumerate() {
            let journal = by_collection.entry(binding.collection.name.clone()).or_default();
            journal.bindings.push(index);
        }
        Self { by_collection, positions }
    }

    /// The readers of a collection's next document; `None` if the task doesn't read the collection.
    pub fn next(&mut self, collection: &str) -> Option<Readers> {
        let journal = self.by_collection.get_mut(collection)?;
        let (offset, positions) = (journal.offset, &self.positions);
        let is_due = |index: &usize| positions.get(*index).is_none_or(|from| offset >= *from);
        let bindings: Vec<usize> = journal.bindings.iter().copied().filter(is_due).collect();
        let skipped = (journal.bindings.len() - bindings.len()) as u64;
        journal.offset += 1;
        Some(Readers { bindings, skipped, read_through: journal.offset })
    }
}
