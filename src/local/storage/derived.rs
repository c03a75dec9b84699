//! What readers have made of the rows of a chunk. It is kept as long as the chunk, and handed on to
//! the chunks that its rows are copied to.

use super::memory::{Memory, Slot};
use parking_lot::RwLock;
use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

/// The names of nested fields: `["commit", "collection"]` for `commit.collection`.
pub type Path = Vec<String>;

/// One in so many rows must have been copied for what was made of all of them to be handed on.
const HANDED_ON: usize = 4;

/// What was made of all rows of a chunk, live or dead, by the path that it was made of. It may be
/// given up.
#[derive(Debug, Default)]
pub struct Derived(RwLock<HashMap<Path, Arc<Slot<Made>>>>);

type Made = dyn Any + Send + Sync;

impl Derived {
    pub fn get<T: Any + Send + Sync>(&self, path: &[String], memory: &Memory) -> Option<Arc<T>> {
        let slot = self.0.read().get(path)?.clone();
        slot.get(memory)?.downcast().ok()
    }

    /// Whether there is something of a path, without this counting as a use.
    pub fn has(&self, path: &[String]) -> bool {
        self.0.read().get(path).is_some_and(|slot| slot.peek().is_some())
    }

    pub fn insert<T: Any + Send + Sync>(&self, path: Path, made: Arc<T>, memory: &Memory) {
        let slot = Arc::new(Slot::<Made>::new(memory, made));
        self.0.write().insert(path, slot.clone());
        memory.keep(&slot);
    }

    fn remove(&self, path: &[String]) {
        drop(self.0.write().remove(path));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.read().values().all(|slot| slot.peek().is_none())
    }
}

/// Rows of another chunk that a chunk has copies of, one after the other.
#[derive(Debug, Clone)]
pub struct Origin {
    /// What was made of the other chunk's rows.
    pub derived: Arc<Derived>,
    /// Positions in the other chunk, ascending.
    pub rows: Arc<[u32]>,
    /// Position of the first copy.
    pub first: usize,
}

impl Origin {
    /// All rows of a chunk, as if they were copied to one that begins with them.
    pub(super) fn whole(derived: &Arc<Derived>, height: usize) -> Self {
        let rows = (0..u32::try_from(height).unwrap_or(u32::MAX)).collect();
        Self { derived: derived.clone(), rows, first: 0 }
    }

    /// The position after the last copy.
    pub fn end(&self) -> usize {
        self.first + self.rows.len()
    }

    /// What becomes of this origin of a chunk when the live rows of that are copied again, to one
    /// where they begin at a position. `None` if too few of them come from here.
    pub(super) fn copied(&self, live: &[usize], begin: usize) -> Option<Self> {
        let from = live.partition_point(|row| *row < self.first);
        let to = live.partition_point(|row| *row < self.end());
        let rows = live[from..to].iter().map(|row| self.rows[row - self.first]);
        let rows: Arc<[u32]> = rows.collect();
        let of_all = self.rows.last().map_or(0, |last| *last as usize + 1);
        let is_worth_it = !rows.is_empty() && rows.len() * HANDED_ON >= of_all;
        is_worth_it.then(|| Self { derived: self.derived.clone(), rows, first: begin + from })
    }
}

/// Origins of which something has been made of these paths anew: what they have of these paths is
/// needless, and so are origins that have nothing else.
pub(super) fn release(origins: &mut Vec<Origin>, paths: &[Path]) {
    for origin in &mut *origins {
        // Nobody else asks for it: neither the chunk itself, nor another copy of it.
        if Arc::strong_count(&origin.derived) == 1 {
            paths.iter().for_each(|path| origin.derived.remove(path));
        }
    }
    origins.retain(|origin| !origin.derived.is_empty());
}

/// What was made of a path in other chunks: parts that don't overlap, in the order of their copies.
pub fn parts_of<'a, T: Any + Send + Sync>(
    origins: &'a [Origin],
    path: &[String],
    memory: &Memory,
) -> Vec<(&'a Origin, Arc<T>)> {
    let having = origins.iter().filter_map(|it| Some((it, it.derived.get(path, memory)?)));
    let mut having: Vec<_> = having.collect();
    having.sort_by_key(|(origin, _)| (origin.first, usize::MAX - origin.rows.len()));
    let mut end = 0;
    having.retain(|(origin, _)| {
        let follows = origin.first >= end;
        end = if follows { origin.end() } else { end };
        follows
    });
    having
}
