//! Columns that queries have read, kept with the chunks that they are of, as long as there is memory
//! for them; those that nobody asks for go first. A chunk never changes, so its columns stay valid;
//! and a chunk that others were merged into takes their columns over.

use super::Path;
use super::column::Column;
use super::extract::{self, Document};
use super::pieces::{Piece, joined};
use crate::local::query::sql_error::{SqlError, SqlResult, from_datafusion};
use crate::local::query::value::{Value, parse};
use crate::local::storage::{Chunk, Origin, Texts, parts_of};
use arrow::error::ArrowError;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// First and end of the rows that are in no piece.
type Gaps = Vec<(usize, usize)>;

/// Fields that are read together with one that is asked for.
const FORESEEN: usize = 64;

/// The columns of a chunk's rows, dead ones included. Fails if the fields can't be read.
pub(super) fn columns(chunk: &Chunk, paths: &[Path]) -> SqlResult<Vec<Arc<Column>>> {
    let found: Vec<_> =
        paths.iter().map(|path| chunk.derived().get(path, chunk.memory())).collect();
    let missing = paths.iter().zip(&found).filter(|(_, found)| found.is_none());
    let missing: Vec<Path> = missing.map(|(path, _)| path.clone()).collect();
    let is_known = found.iter().any(Option::is_some);
    let made = match missing.is_empty() {
        true => BTreeMap::new(),
        false => make(chunk, &missing, is_known)?,
    };
    let columns = paths.iter().zip(found);
    Ok(columns.filter_map(|(path, found)| found.or_else(|| made.get(path).cloned())).collect())
}

/// Makes columns, and keeps them.
fn make(chunk: &Chunk, paths: &[Path], is_known: bool) -> SqlResult<BTreeMap<Path, Arc<Column>>> {
    let origins = chunk.origins();
    // Most paths have the same gaps, so that the text of these is read once.
    let mut by_gaps: BTreeMap<Gaps, Vec<(Path, Vec<Piece>)>> = BTreeMap::new();
    for path in paths {
        let parts = parts_of::<Column>(&origins, path, chunk.memory());
        let gaps = gaps(parts.iter().map(|(origin, _)| origin), chunk.height());
        let taken = parts.into_iter().map(|(origin, column)| Piece::taken(origin, &column));
        let pieces = taken.collect::<Result<_, _>>().map_err(arrow_error)?;
        by_gaps.entry(gaps).or_default().push((path.clone(), pieces));
    }
    drop(origins);
    let mut made = BTreeMap::new();
    for (gaps, mut columns) in by_gaps {
        let is_whole = gaps == [(0, chunk.height())];
        for (first, end) in gaps {
            let paths = columns.iter().map(|(path, _)| path.clone()).collect();
            let read = read(chunk, first..end, paths, is_whole && is_known)?;
            for ((_, pieces), column) in columns.iter_mut().zip(read) {
                pieces.push(Piece { first, column });
            }
        }
        for (path, mut pieces) in columns {
            let column = match pieces.pop() {
                Some(Piece { column, .. }) if is_whole => column,
                last => joined(pieces.into_iter().chain(last).collect()).map_err(arrow_error)?,
            };
            let column = Arc::new(column.charged(chunk.memory()));
            if !path.is_empty() {
                chunk.derived().insert(path.clone(), column.clone(), chunk.memory());
            }
            made.insert(path, column);
        }
    }
    chunk.release_origins(paths);
    Ok(made)
}

/// Reads columns of some rows. If it `foresees`, others that are likely to be asked for are
/// read, too, and kept.
fn read(
    chunk: &Chunk,
    rows: Range<usize>,
    paths: Vec<Path>,
    foresees: bool,
) -> SqlResult<Vec<Column>> {
    let mut paths = paths;
    let asked = paths.len();
    let texts = match paths.iter().any(extract::is_of_fields) {
        true => Some(chunk.texts()?),
        false => None,
    };
    let fields = |row| texts.as_deref().map_or("", |texts: &Texts| texts.get(row));
    let some = chunk.rows().enumerate().skip(rows.start).take(rows.len());
    let documents = some.map(|(row, stored)| Document { stored, fields: fields(row) });
    if foresees && texts.is_some() && chunk.memory().is_ample() {
        paths.extend(foreseen(chunk, documents.clone().next(), &paths));
    }
    let mut columns = extract::columns(&paths, documents);
    for (path, column) in paths.drain(asked..).zip(columns.split_off(asked)) {
        let column = Arc::new(column.charged(chunk.memory()));
        chunk.derived().insert(path, column, chunk.memory());
    }
    Ok(columns)
}

fn arrow_error(error: ArrowError) -> SqlError {
    from_datafusion(error.into())
}

/// The rows of a chunk that are in none of these origins, which follow one another.
fn gaps<'a>(origins: impl Iterator<Item = &'a &'a Origin>, height: usize) -> Gaps {
    let mut end = 0;
    let bounds = origins.map(|origin| (origin.first, origin.end())).chain([(height, height)]);
    let gaps = bounds.map(|(first, next)| (std::mem::replace(&mut end, next), first));
    gaps.filter(|(begin, end)| begin < end).collect()
}

/// Other fields of a chunk's documents, which queries are likely to read if they have read
/// some: reading the text of documents once more for each would cost as much again.
fn foreseen(chunk: &Chunk, first: Option<Document<'_>>, asked: &[Path]) -> Vec<Path> {
    let first = first.and_then(|Document { stored, fields }| parse(&stored.json(fields)).ok());
    let Some(Value::Object(fields)) = first else { return Vec::new() };
    let scalars = fields
        .into_iter()
        .filter(|(_, value)| !matches!(value, Value::Array(_) | Value::Object(_)));
    let paths = scalars.map(|(name, _)| vec![name]);
    paths
        .filter(|path| !asked.contains(path) && !chunk.derived().has(path))
        .take(FORESEEN)
        .collect()
}
