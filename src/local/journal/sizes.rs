//! How many bytes a store has of each collection.

use parking_lot::Mutex;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Bytes of documents in a store, live or dead, by the identifiers of their collections. Clones
/// refer to the same.
#[derive(Debug, Clone, Default)]
pub struct Sizes(Arc<Mutex<Bytes>>);

#[derive(Debug, Default)]
struct Bytes {
    /// Bytes of the segments that the last checkpoint refers to.
    segments: HashMap<u64, u64>,
    /// Bytes of the log after it.
    log: HashMap<u64, u64>,
    /// Parts of the log: their position, collection and bytes.
    #[cfg_attr(not(feature = "engine"), allow(dead_code))]
    parts: VecDeque<(u64, u64, u64)>,
}

impl Sizes {
    /// Bytes of a collection's documents.
    pub fn of(&self, collection: u64) -> u64 {
        let bytes = self.0.lock();
        let of = |sizes: &HashMap<u64, u64>| sizes.get(&collection).copied().unwrap_or_default();
        of(&bytes.segments) + of(&bytes.log)
    }
}

#[cfg(feature = "engine")]
impl Sizes {
    /// Adds the object of the log at a position: the bytes of it that are of each collection.
    pub fn add(&self, position: u64, parts: impl IntoIterator<Item = (u64, u64)>) {
        let mut bytes = self.0.lock();
        for (collection, size) in parts {
            bytes.parts.push_back((position, collection, size));
            *bytes.log.entry(collection).or_default() += size;
        }
    }

    /// Replaces the log before a position by a checkpoint, with the bytes of each collection's
    /// segments.
    pub fn replace(&self, position: u64, segments: HashMap<u64, u64>) {
        let mut bytes = self.0.lock();
        while let Some((_, collection, size)) = bytes.parts.pop_front_if(|it| it.0 < position) {
            if let Some(left) = bytes.log.get_mut(&collection) {
                *left = left.saturating_sub(size);
            }
        }
        bytes.log.retain(|_, left| *left > 0);
        bytes.segments = segments;
    }
}
