//! Parquet files for tests.

#![allow(dead_code)]

use ::parquet::arrow::ArrowWriter;
pub use ::parquet::basic::Compression;
use ::parquet::file::properties::WriterProperties;
use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use serde_json::json;
use std::sync::Arc;

/// A file with the rows of these batches, in row groups of so many.
pub fn file(batches: &[RecordBatch], compression: Compression, group: usize) -> Vec<u8> {
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .set_max_row_group_row_count(Some(group))
        .build();
    let mut writer =
        ArrowWriter::try_new(Vec::new(), batches[0].schema(), Some(properties)).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.into_inner().unwrap()
}

/// A file as materialize-s3-parquet writes it: the selected fields of a collection under
/// their names, here its key `id`, `update`, `name`, and the root document as text.
///
/// Its rows are the updates `first..first + count`, in order. An update has the key
/// `update % keys`. There are row groups of 100 rows.
pub fn packed(first: usize, count: usize, keys: usize) -> Vec<u8> {
    packed_in_groups(first, count, keys, 100)
}

/// The same with row groups of so many rows.
pub fn packed_in_groups(first: usize, count: usize, keys: usize, group: usize) -> Vec<u8> {
    let updates: Vec<i64> = (first..first + count).map(|update| update as i64).collect();
    let ids: Vec<i64> = updates.iter().map(|update| update % keys as i64).collect();
    let names = ids.iter().map(|id| (id % 3 != 0).then(|| format!("name of {id}")));
    let documents = ids.iter().zip(&updates);
    let documents = documents.map(|(id, update)| json!({"id": id, "update": update}).to_string());
    let columns: [(&str, ArrayRef, bool); 5] = [
        ("flow_document", Arc::new(StringArray::from_iter_values(documents)), false),
        ("id", Arc::new(Int64Array::from(ids.clone())), false),
        ("name", Arc::new(StringArray::from_iter(names)), true),
        ("update", Arc::new(Int64Array::from(updates.clone())), false),
        (
            "weight",
            Arc::new(Float64Array::from_iter_values(updates.iter().map(|u| *u as f64 / 2.0))),
            true,
        ),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    file(&[batch], Compression::SNAPPY, group)
}
