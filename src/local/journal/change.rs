//! What changes.

use crate::local::storage::{Changes, Snapshot};
use serde::Serialize;
use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

/// A change of an entry: a named value, such as the definition of a collection. The part of a path
/// before the first slash is the kind of the entry.
#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "engine"), allow(dead_code))]
pub enum Change {
    Put {
        path: String,
        value: String,
    },
    Delete {
        path: String,
    },
    /// Deletes all entries whose paths begin so.
    DeleteAll {
        prefix: String,
    },
}

impl Change {
    /// Puts an entry, in place of the one with its path.
    pub fn put(kind: &str, key: &str, value: &impl Serialize) -> Self {
        // Only a map whose keys aren't strings, or a type that refuses, can't be written as JSON.
        Self::text(kind, key, serde_json::to_string(value).unwrap_or_default())
    }

    /// Puts an entry whose value is JSON already.
    pub fn text(kind: &str, key: &str, value: String) -> Self {
        Self::Put { path: path(kind, key), value }
    }

    pub fn delete(kind: &str, key: &str) -> Self {
        Self::Delete { path: path(kind, key) }
    }

    /// Deletes all entries of a kind whose keys begin so.
    pub fn delete_all(kind: &str, prefix: &str) -> Self {
        Self::DeleteAll { prefix: path(kind, prefix) }
    }
}

fn path(kind: &str, key: &str) -> String {
    format!("{kind}/{key}")
}

/// A write of documents.
#[derive(Debug)]
#[cfg_attr(not(feature = "engine"), allow(dead_code))]
pub struct Write {
    /// Identifier of the collection.
    pub collection: u64,
    /// The documents that are written; `None` if the snapshot only lacks some that have expired.
    pub changes: Option<Changes>,
    /// The collection after the write.
    pub snapshot: Arc<Snapshot>,
}

/// Changes that become durable together, or not at all.
#[derive(Default)]
#[cfg_attr(not(feature = "engine"), allow(dead_code))]
pub struct Commit {
    pub changes: Vec<Change>,
    pub write: Option<Write>,
    /// Identifier of a collection whose documents are deleted.
    pub dropped: Option<u64>,
    /// Runs once the changes are durable, in the order of the commits.
    pub publish: Option<Box<dyn FnOnce() + Send>>,
}

impl Debug for Commit {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let Self { changes, write, dropped, publish: _ } = self;
        let mut commit = formatter.debug_struct("Commit");
        commit.field("changes", changes).field("write", write).field("dropped", dropped);
        commit.finish_non_exhaustive()
    }
}

impl From<Change> for Commit {
    fn from(change: Change) -> Self {
        Self { changes: vec![change], ..Self::default() }
    }
}
