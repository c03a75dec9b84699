//! Columns that are put together from pieces.

use super::column::{Column, Growing, compacted};
use super::unified;
use crate::local::query::columns::Reader;
use crate::local::query::types::Type;
use crate::local::storage::Origin;
use arrow::array::{Array, ArrayRef, UInt32Array};
use arrow::compute::{concat, take};
use arrow::error::ArrowError;

/// Consecutive rows of a column.
#[derive(Debug)]
pub(super) struct Piece {
    /// Position of the first row.
    pub(super) first: usize,
    pub(super) column: Column,
}

impl Piece {
    /// The rows that were copied from another chunk, of that chunk's column.
    pub(super) fn taken(origin: &Origin, of: &Column) -> Result<Self, ArrowError> {
        let rows = UInt32Array::from(origin.rows.to_vec());
        let array = take(&of.array, &rows, None)?;
        let column = Column::new(of.kind, of.has_null, of.has_undefined, array);
        Ok(Self { first: origin.first, column })
    }
}

/// The column of all rows. The pieces follow one another in any order.
pub(super) fn joined(mut pieces: Vec<Piece>) -> Result<Column, ArrowError> {
    pieces.sort_by_key(|piece| piece.first);
    let columns = || pieces.iter().map(|piece| &piece.column);
    let of = unified(columns());
    if of == Type::Any {
        return Ok(grown(columns()));
    }
    let arrays: Vec<ArrayRef> = columns().map(|column| column.cast(of)).collect();
    let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
    let array = if arrays.is_empty() { Growing::new().finish().array } else { concat(&arrays)? };
    let has_null = columns().any(|column| column.has_null);
    let has_undefined = columns().any(|column| column.has_undefined);
    Ok(Column::new(of.kind(), has_null, has_undefined, compacted(array)))
}

/// A column that grows by all values, since each may have a type of its own.
fn grown<'a>(columns: impl Iterator<Item = &'a Column>) -> Column {
    let mut growing = Growing::new();
    for column in columns {
        let values = Reader::new(&column.array, column.own_type());
        (0..column.array.len()).for_each(|row| growing.push(&values.get(row)));
    }
    growing.finish()
}
