//! What an earlier process has left.

use crate::local::storage::{Memory, Snapshot};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// All entries and documents that are durable.
#[derive(Debug, Clone, Default)]
pub struct Recovered {
    /// The values of entries, by path.
    pub entries: BTreeMap<String, Arc<str>>,
    /// The documents of collections, by the collection's identifier.
    pub documents: HashMap<u64, Arc<Snapshot>>,
    /// The memory for documents.
    pub memory: Memory,
}

impl Recovered {
    /// Nothing, and the memory for documents.
    pub fn new(memory: Memory) -> Self {
        Self { memory, ..Self::default() }
    }

    /// The entries of a kind whose keys begin so, each with the rest of its key.
    pub fn texts<'a>(
        &'a self,
        kind: &str,
        prefix: &str,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let begin = format!("{kind}/{prefix}");
        let within = self.entries.range(begin.clone()..);
        within.map_while(move |(path, value)| Some((path.strip_prefix(&begin)?, value.as_ref())))
    }
}
