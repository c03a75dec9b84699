//! Cache of columns that queries have read. A chunk never changes, so its columns stay valid.

use super::Path;
use super::column::Column;
use super::extract::{self, Document};
use crate::local::query::sql_error::SqlResult;
use crate::local::query::value::{Value, parse};
use crate::local::storage::{Chunk, Memory, Slot, Texts};
use parking_lot::RwLock;
use std::collections::HashMap;
use std::sync::Arc;

/// A chunk and a path.
type Key = (u64, Path);

/// Columns of chunks, as long as there is memory for them. Those that nobody asks for go first.
#[derive(Debug)]
pub struct Cache {
    memory: Memory,
    columns: RwLock<Columns>,
}

#[derive(Debug, Default)]
struct Columns {
    slots: HashMap<Key, Arc<Slot<Column>>>,
    /// Number of slots from which on it is worth looking for empty ones.
    many: usize,
}

/// Fields that are read together with one that is asked for.
const FORESEEN: usize = 64;

impl Cache {
    /// An empty cache, which takes memory together with all that it is shared with.
    pub fn new(memory: Memory) -> Self {
        Self { memory, columns: RwLock::default() }
    }

    /// The memory for columns and for what they are read from.
    pub(super) fn memory(&self) -> &Memory {
        &self.memory
    }

    /// The columns of a chunk's rows, dead ones included. Fails if the fields can't be read.
    pub(super) fn columns(&self, chunk: &Chunk, paths: &[Path]) -> SqlResult<Vec<Arc<Column>>> {
        let found: Vec<_> = paths.iter().map(|path| self.get(chunk, path)).collect();
        let missing = paths.iter().zip(&found).filter(|(_, found)| found.is_none());
        let missing: Vec<Path> = missing.map(|(path, _)| path.clone()).collect();
        let is_known = found.iter().any(Option::is_some);
        let mut extracted = match missing.is_empty() {
            true => Vec::new(),
            false => self.extract(chunk, missing, is_known)?,
        }
        .into_iter()
        .map(|column| Arc::new(column.charged(&self.memory)));
        let known = paths.iter().zip(found).filter_map(|(path, found)| match found {
            Some(column) => Some(column),
            None => {
                let column = extracted.next()?;
                if !path.is_empty() {
                    self.insert(chunk, path, column.clone());
                }
                Some(column)
            }
        });
        Ok(known.collect())
    }

    /// Reads columns, and keeps others that are likely to be asked for.
    fn extract(&self, chunk: &Chunk, paths: Vec<Path>, is_known: bool) -> SqlResult<Vec<Column>> {
        let mut paths = paths;
        let asked = paths.len();
        let texts = match paths.iter().any(extract::is_of_fields) {
            true => Some(chunk.texts()?),
            false => None,
        };
        let fields = |row| texts.as_deref().map_or("", |texts: &Texts| texts.get(row));
        let rows = chunk.rows().enumerate();
        let documents = rows.map(|(row, stored)| Document { stored, fields: fields(row) });
        if is_known && texts.is_some() && self.memory.is_ample() {
            paths.extend(self.foreseen(chunk, documents.clone().next(), &paths));
        }
        let mut columns = extract::columns(&paths, documents);
        for (path, column) in paths[asked..].iter().zip(columns.split_off(asked)) {
            self.insert(chunk, path, Arc::new(column.charged(&self.memory)));
        }
        Ok(columns)
    }

    fn get(&self, chunk: &Chunk, path: &Path) -> Option<Arc<Column>> {
        let slot = self.columns.read().slots.get(&(chunk.id(), path.clone()))?.clone();
        slot.get(&self.memory)
    }

    fn insert(&self, chunk: &Chunk, path: &Path, column: Arc<Column>) {
        let slot = Arc::new(Slot::new(&self.memory, column));
        let mut columns = self.columns.write();
        columns.slots.insert((chunk.id(), path.clone()), slot.clone());
        if columns.slots.len() > columns.many {
            columns.slots.retain(|_, slot| slot.peek().is_some());
            columns.many = 2 * columns.slots.len();
        }
        drop(columns);
        self.memory.keep(&slot);
    }

    /// Other fields of a chunk's documents, which queries are likely to read if they have read
    /// some: reading the text of documents once more for each would cost as much again.
    fn foreseen(&self, chunk: &Chunk, first: Option<Document<'_>>, asked: &[Path]) -> Vec<Path> {
        let first = first.and_then(|Document { stored, fields }| parse(&stored.json(fields)).ok());
        let Some(Value::Object(fields)) = first else { return Vec::new() };
        let scalars = fields
            .into_iter()
            .filter(|(_, value)| !matches!(value, Value::Array(_) | Value::Object(_)));
        let paths = scalars.map(|(name, _)| vec![name]);
        let columns = self.columns.read();
        let is_known = |path: &Path| columns.slots.contains_key(&(chunk.id(), path.clone()));
        paths.filter(|path| !asked.contains(path) && !is_known(path)).take(FORESEEN).collect()
    }
}
