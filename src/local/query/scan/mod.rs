//! The documents of a collection as columns, one for each path that a query asks for.
//!
//! - `extract`: columns of a chunk of documents, in one pass over their text; `members` reads it.
//! - `column`: a column that grows value by value, and becomes one of several types when it
//!   has to.
//! - `kept`: columns of chunks, which never change, for other queries; `pieces`: columns of rows
//!   that were in other chunks before.

mod column;
mod extract;
mod kept;
mod members;
mod pieces;
#[cfg(test)]
mod tests;

pub(in crate::local) use crate::local::storage::Path;

use super::columns::boxed;
use super::sql_error::{SqlError, SqlErrorKind, SqlResult, from_datafusion};
use super::types::{Missing, Type};
use super::value::{Kind, Value, parse};
use crate::local::storage::{Chunk, Memory, Stored, View};
use arrow::array::{
    Array, ArrayRef, BooleanArray, Int64Array, RecordBatch, RecordBatchOptions, new_null_array,
};
use arrow::buffer::BooleanBuffer;
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use bytesize::ByteSize;
use column::{Column, Growing};
use datafusion::common::Result;
use extract::Document;
use fixedbitset::FixedBitSet;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Rows that a batch has at most.
const BATCH: usize = 8192;

/// Bytes of the fields of documents that are read at a time.
const AT_A_TIME: usize = 4 << 20;

/// The part of the memory that the columns of a query may take even if there is no more.
const OWN: usize = 8;

/// The documents of a collection that a query sees.
#[derive(Debug)]
pub struct Scan {
    view: View,
    /// The documents that the query asks for by `_id`, if it asks for no others.
    only: Option<Vec<Arc<Stored>>>,
}

/// Columns with the values of documents at some paths.
#[derive(Debug)]
pub struct Columns {
    pub types: Vec<Type>,
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
}

impl Scan {
    pub fn new(view: View, ids: Option<&[String]>) -> Self {
        let only = ids.map(|ids| {
            let mut ids: Vec<&String> = ids.iter().collect();
            ids.sort();
            ids.dedup();
            ids.into_iter().filter_map(|id| view.find(id)).collect()
        });
        Self { view, only }
    }

    /// A document by its number, which columns of documents hold, and the position of its chunk.
    fn document(&self, number: i64) -> Option<&Stored> {
        let (chunk, row) = place(number);
        let stored = match &self.only {
            Some(documents) => documents.get(row),
            None => self.view.chunks().get(chunk)?.row(row),
        };
        stored.map(AsRef::as_ref)
    }

    /// A document as a value; undefined if there is none.
    pub fn value(&self, number: i64) -> SqlResult<Value> {
        let Some(stored) = self.document(number) else { return Ok(Value::Undefined) };
        Ok(parsed(&self.view.json(stored)?))
    }

    /// Calls a function with each of these documents as a value, in their order; undefined where
    /// there is no number, or no document. Texts are read chunk by chunk, for some documents at a
    /// time.
    pub fn values(
        &self,
        numbers: impl Iterator<Item = Option<i64>>,
        mut each: impl FnMut(Value),
    ) -> SqlResult<()> {
        let mut documents = numbers.map(|number| self.document(number?)).peekable();
        while documents.peek().is_some() {
            let (mut some, mut bytes) = (Vec::new(), 0);
            while bytes < AT_A_TIME
                && let Some(document) = documents.next()
            {
                bytes += document.map_or(1, Stored::length);
                some.push(document);
            }
            let found: Vec<&Stored> = some.iter().flatten().copied().collect();
            let mut jsons = self.view.jsons(&found)?.into_iter();
            for document in some {
                let json = document.and_then(|_| jsons.next());
                each(json.map_or(Value::Undefined, |json| parsed(&json)));
            }
        }
        Ok(())
    }

    /// Columns of the documents' values at these paths; an empty path stands for the whole
    /// document. `number` is that of the scan in its query.
    pub fn columns(&self, paths: &[Path], number: usize) -> SqlResult<Columns> {
        let parts: Vec<Vec<Arc<Column>>> = match &self.only {
            Some(documents) => vec![self.of_documents(paths, documents)?],
            None => self.of_chunks(paths)?,
        };
        let type_of = |path: usize| match paths[path].is_empty() {
            true => Type::Document(number),
            false => unified(parts.iter().map(|part| &*part[path])),
        };
        let types: Vec<Type> = (0..paths.len()).map(type_of).collect();
        let fields = types.iter().enumerate();
        let fields = fields.map(|(i, of)| Field::new(column_name(number, i), of.arrow(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let is_filtered = match &self.only {
            Some(_) => false,
            None => self.view.chunks().iter().any(|chunk| self.is_filtered(chunk)),
        };
        let batches = in_parallel(threads(is_filtered), parts.len(), |chunk| {
            self.batch(chunk, &parts[chunk], &types, schema.clone()).map_err(from_datafusion)
        })?;
        let slices = batches.iter().flat_map(|batch| {
            let rows = batch.num_rows();
            (0..rows).step_by(BATCH).map(move |at| batch.slice(at, BATCH.min(rows - at)))
        });
        Ok(Columns { types, schema, batches: slices.collect() })
    }

    /// The columns of some documents.
    fn of_documents(
        &self,
        paths: &[Path],
        documents: &[Arc<Stored>],
    ) -> SqlResult<Vec<Arc<Column>>> {
        let mut fields = vec![String::new(); documents.len()];
        if paths.iter().any(extract::is_of_fields) {
            let found: Vec<&Stored> = documents.iter().map(AsRef::as_ref).collect();
            self.view.read(&found, |at, text| fields[at].push_str(text))?;
        }
        let documents = documents.iter().zip(&fields);
        let documents = documents.map(|(stored, fields)| Document { stored, fields });
        Ok(extract::columns(paths, documents).into_iter().map(Arc::new).collect())
    }

    /// The columns of all chunks, read by as many threads as there are processors. Fails if there is
    /// no memory for them.
    fn of_chunks(&self, paths: &[Path]) -> SqlResult<Vec<Vec<Arc<Column>>>> {
        let (chunks, bytes) = (self.view.chunks(), AtomicUsize::new(0));
        let is_read = chunks
            .iter()
            .all(|chunk| paths.iter().all(|path| path.is_empty() || chunk.derived().has(path)));
        in_parallel(threads(!is_read), chunks.len(), |at| {
            let columns = kept::columns(&chunks[at], paths)?;
            let size = columns.iter().map(|column| column.size()).sum::<usize>();
            let before = bytes.fetch_add(size, Ordering::Relaxed);
            check_room(chunks[at].memory(), before + size)?;
            Ok(columns)
        })
    }

    /// The visible rows of a chunk.
    fn batch(
        &self,
        chunk: usize,
        part: &[Arc<Column>],
        types: &[Type],
        schema: SchemaRef,
    ) -> Result<RecordBatch> {
        let rows = match &self.only {
            Some(documents) => documents.len(),
            None => self.view.chunks()[chunk].height(),
        };
        let columns = part.iter().zip(types).map(|(column, of)| match of {
            Type::Document(_) => numbers(chunk, rows),
            of => column.cast(*of),
        });
        let columns: Vec<ArrayRef> = columns.collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(schema, columns, &options)?;
        let shown = match &self.only {
            Some(_) => None,
            None => self.shown(&self.view.chunks()[chunk]),
        };
        Ok(match shown {
            Some(shown) => filter_record_batch(&batch, &shown)?,
            None => batch,
        })
    }

    /// Whether some rows of a chunk may not be visible.
    fn is_filtered(&self, chunk: &Chunk) -> bool {
        chunk.live().is_some() || self.view.expires()
    }

    /// Mask of the visible rows of a chunk; `None` if all are visible.
    fn shown(&self, chunk: &Chunk) -> Option<BooleanArray> {
        let live = chunk.live();
        if !self.view.expires() {
            return live.map(|live| BooleanArray::from(bits(live)));
        }
        let shows = |row: usize| {
            live.is_none_or(|live| live.contains(row))
                && chunk.row(row).is_some_and(|stored| self.view.shows(stored))
        };
        Some((0..chunk.height()).map(|row| Some(shows(row))).collect())
    }
}

/// Threads for work that takes long, or doesn't.
fn threads(is_long: bool) -> usize {
    if is_long { thread::available_parallelism().map_or(1, usize::from) } else { 1 }
}

/// What a function makes of each number below another one, in their order, on some threads.
fn in_parallel<T: Send>(
    threads: usize,
    count: usize,
    make: impl Fn(usize) -> SqlResult<T> + Sync,
) -> SqlResult<Vec<T>> {
    let next = AtomicUsize::new(0);
    let work = || -> SqlResult<Vec<_>> {
        let mut made = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= count {
                return Ok(made);
            }
            // If this fails, the others end, too.
            made.push((at, make(at).inspect_err(|_| next.store(count, Ordering::Relaxed))?));
        }
    };
    let threads = threads.min(count);
    let parts = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut parts = vec![work()];
        // A panic is passed on, because what that thread made is missing.
        parts.extend(
            others
                .into_iter()
                .map(|other| other.join().unwrap_or_else(|panic| resume_unwind(panic))),
        );
        parts
    });
    let mut made: Vec<_> =
        parts.into_iter().collect::<SqlResult<Vec<_>>>()?.into_iter().flatten().collect();
    made.sort_by_key(|(at, _)| *at);
    Ok(made.into_iter().map(|(_, made)| made).collect())
}

/// A bitmap in the form of Arrow.
fn bits(set: &FixedBitSet) -> BooleanBuffer {
    let bytes: Vec<u8> = set.as_slice().iter().flat_map(|block| block.to_le_bytes()).collect();
    BooleanBuffer::new(bytes.into(), 0, set.len())
}

/// Fails if the columns of a query take much of the memory, and there is no more.
fn check_room(memory: &Memory, bytes: usize) -> SqlResult<()> {
    if bytes <= memory.limit() / OWN || !memory.is_exceeded() {
        return Ok(());
    }
    let of = |bytes: usize| ByteSize(bytes as u64);
    let message = format!(
        "The fields that the query reads take {} and more, and the memory of --memory, {}, is used \
         up: read fewer fields, or raise --memory",
        of(bytes),
        of(memory.limit())
    );
    Err(SqlError::new(message).of_kind(SqlErrorKind::Resources))
}

/// The position of a chunk and of a row in it that a number stands for.
fn place(number: i64) -> (usize, usize) {
    ((number >> 32) as usize, (number & 0xffff_ffff) as usize)
}

fn parsed(json: &str) -> Value {
    parse(json).unwrap_or(Value::Undefined)
}

/// Values as a column of the narrowest type that fits all of them.
pub fn column<'a>(values: impl Iterator<Item = &'a Value>) -> (Type, ArrayRef) {
    let mut growing = Growing::new();
    values.for_each(|value| growing.push(value));
    let column = growing.finish();
    let of = unified(std::iter::once(&column));
    (of, column.cast(of))
}

/// The name of a column of a scan. It is unique in the query, because DataFusion might take columns
/// of one name for each other.
pub fn column_name(scan: usize, index: usize) -> String {
    format!("s{scan}_c{index}")
}

/// The numbers of a chunk's documents.
fn numbers(chunk: usize, rows: usize) -> ArrayRef {
    let first = (chunk as i64) << 32;
    Arc::new(Int64Array::from_iter_values(first..first + rows as i64))
}

/// The type that fits the columns of all chunks.
fn unified<'a>(columns: impl Iterator<Item = &'a Column>) -> Type {
    let mut kind = None;
    let (mut null, mut undefined) = (false, false);
    for column in columns {
        null |= column.has_null;
        undefined |= column.has_undefined;
        match (column.kind, kind) {
            (Some(Kind::Null | Kind::Undefined), _) => {}
            (None, _) => return Type::Any,
            (found, None) => kind = found,
            (found, known) if found == known => {}
            _ => return Type::Any,
        }
    }
    match kind {
        None if null && undefined => Type::Any,
        None if null => Type::NULL,
        None => Type::UNDEFINED,
        Some(kind) if Type::of(kind).is_boxed() => Type::Only(kind, Missing::Undefined),
        Some(_) if null && undefined => Type::Any,
        Some(kind) if null => Type::of(kind),
        Some(kind) => Type::Only(kind, Missing::Undefined),
    }
}

impl Column {
    /// The column, cast to a type that fits all chunks.
    fn cast(&self, to: Type) -> ArrayRef {
        let own = self.own_type();
        if own.arrow() == to.arrow() {
            self.array.clone()
        } else if own.is_absent() && !to.is_boxed() {
            new_null_array(&to.arrow(), self.array.len())
        } else {
            boxed(&self.array, own)
        }
    }
}
