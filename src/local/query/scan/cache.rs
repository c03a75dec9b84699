//! Cache of columns that queries have read. A chunk never changes, so its columns stay valid.

use super::Path;
use super::column::Column;
use super::extract::{self, Document};
use crate::local::query::value::{Value, parse};
use crate::local::storage::Chunk;
use quick_cache::Weighter;
use quick_cache::sync::Cache as Lru;
use std::sync::Arc;

/// A chunk and a path.
type Key = (u64, Path);

/// Columns of chunks, up to a number of bytes. Those that nobody asks for are evicted first.
#[derive(Debug)]
pub struct Cache(Lru<Key, Arc<Column>, Bytes>);

#[derive(Debug, Clone)]
struct Bytes;

impl Weighter<Key, Arc<Column>> for Bytes {
    fn weight(&self, (_, path): &Key, column: &Arc<Column>) -> u64 {
        let path: usize = path.iter().map(|name| name.len() + size_of::<String>()).sum();
        (column.size() + path) as u64
    }
}

/// Fields that are read together with one that is asked for.
const FORESEEN: usize = 64;

/// Expected number of columns, which the cache is made for.
const ITEMS: usize = 4096;

impl Cache {
    /// A cache of at most `bytes` bytes.
    pub fn new(bytes: u64) -> Self {
        Self(Lru::with_weighter(ITEMS, bytes, Bytes))
    }

    /// The columns of a chunk's rows, dead ones included.
    pub(super) fn columns(&self, chunk: &Chunk, paths: &[Path]) -> Vec<Arc<Column>> {
        let found: Vec<_> =
            paths.iter().map(|path| self.0.get(&(chunk.id(), path.clone()))).collect();
        let missing = paths.iter().zip(&found).filter(|(_, found)| found.is_none());
        let mut missing: Vec<Path> = missing.map(|(path, _)| path.clone()).collect();
        let is_known = found.iter().any(Option::is_some);
        let mut extracted = match missing.is_empty() {
            true => Vec::new(),
            false => {
                let texts = chunk.texts();
                let documents = chunk.rows().enumerate();
                let documents =
                    documents.map(|(row, stored)| Document { stored, fields: texts.get(row) });
                let asked = missing.len();
                if is_known {
                    missing.extend(self.foreseen(chunk, documents.clone().next(), &missing));
                }
                let mut columns = extract::columns(&missing, documents);
                for (path, column) in missing[asked..].iter().zip(columns.split_off(asked)) {
                    self.0.insert((chunk.id(), path.clone()), Arc::new(column));
                }
                columns
            }
        }
        .into_iter()
        .map(Arc::new);
        let known = paths.iter().zip(found).filter_map(|(path, found)| match found {
            Some(column) => Some(column),
            None => {
                let column = extracted.next()?;
                if !path.is_empty() {
                    self.0.insert((chunk.id(), path.clone()), column.clone());
                }
                Some(column)
            }
        });
        known.collect()
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
        let is_new = |path: &Path| {
            !asked.contains(path) && self.0.peek(&(chunk.id(), path.clone())).is_none()
        };
        paths.filter(is_new).take(FORESEEN).collect()
    }
}
