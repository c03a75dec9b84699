//! Rows as columns of Arrow, for formats that have types.

use super::columns::Reader;
use super::scan;
use super::types::Type;
use super::value::{self, Value, write_json};
use arrow::array::{Array, ArrayRef, RecordBatch, StringViewArray};
use arrow::error::ArrowError;
use std::sync::Arc;

/// Rows that are texts of JSON objects, as one batch. A column has the type of its values; where
/// they have several types, or one that Arrow lacks, it has their texts. A column of nothing but
/// nulls is left out.
pub fn table<'a>(rows: impl Iterator<Item = &'a str>) -> Result<RecordBatch, ArrowError> {
    let rows: Vec<Value> = rows.map(|row| value::parse(row).unwrap_or(Value::Null)).collect();
    let mut names: Vec<&str> = Vec::new();
    for row in &rows {
        let Value::Object(fields) = row else { continue };
        for (name, _) in fields {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
    }
    let column = |name| {
        let values = rows.iter().map(|row| row.field(name));
        let (of, column) = scan::column(values);
        (!of.is_absent()).then(|| (name, plain(of, column)))
    };
    RecordBatch::try_from_iter_with_nullable(
        names.into_iter().filter_map(column).map(|(name, column)| (name, column, true)),
    )
}

/// A column that any reader knows.
fn plain(of: Type, column: ArrayRef) -> ArrayRef {
    if !of.is_boxed() {
        return column;
    }
    let reader = Reader::new(&column, of);
    let texts = (0..column.len()).map(|row| match reader.get(row) {
        Value::Null | Value::Undefined => None,
        Value::String(text) => Some(text),
        value => {
            let mut text = String::new();
            write_json(&value, &mut text);
            Some(text)
        }
    });
    Arc::new(texts.collect::<StringViewArray>())
}
