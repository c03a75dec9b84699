//! Parquet, by ranges: the footer, then the column chunks of a row group at a time, which
//! are decoded on the pool.

use super::{BATCH, Fault};
use crate::local::ingest::sources::sink::{Part, Sink};
use crate::local::query::json;
use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use parquet::arrow::ParquetRecordBatchStreamBuilder;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use std::ops::Range;
use std::sync::Arc;

/// Reads all rows.
pub(super) async fn read(
    store: Arc<dyn ObjectStore>,
    object: &ObjectMeta,
    sink: Sink,
) -> std::result::Result<(), Fault> {
    let ranges = Ranges { store, path: object.location.clone(), size: object.size };
    // Column types are those of Parquet, whatever Arrow has added.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder = ParquetRecordBatchStreamBuilder::new_with_options(ranges, options);
    let builder = builder.await.map_err(fault)?;
    let mut batches = builder.with_batch_size(BATCH).build().map_err(fault)?;
    while let Some(mut rows) = batches.next_row_group().await.map_err(fault)? {
        loop {
            let making = sink.clone();
            let made = sink.pool().run_in_background(move || {
                let part = rows.next().map(|batch| part(batch, &making));
                (rows, part)
            });
            let (rest, part) = made.await?;
            rows = rest;
            match part {
                None => break,
                Some(part) => sink.send(part?).await?,
            }
        }
    }
    Ok(())
}

/// The documents of a batch of rows.
fn part(
    batch: std::result::Result<RecordBatch, ArrowError>,
    sink: &Sink,
) -> std::result::Result<Part, Fault> {
    let batch = batch.map_err(|error| fault(ParquetError::from(error)))?;
    let rows = json::rows(&batch).map_err(|error| Fault::Bad(error.to_string()))?;
    Ok(sink.part(rows)?)
}

struct Ranges {
    store: Arc<dyn ObjectStore>,
    path: Path,
    size: u64,
}

impl AsyncFileReader for Ranges {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes>> {
        self.store.get_range(&self.path, range).map(outside).boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, Result<Vec<Bytes>>> {
        async move { outside(self.store.get_ranges(&self.path, &ranges).await) }.boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>>> {
        let size = self.size;
        async move {
            let reader = ParquetMetaDataReader::new().with_prefetch_hint(Some(1 << 16));
            reader.load_and_finish(self, size).await.map(Arc::new)
        }
        .boxed()
    }
}

fn outside<T>(got: object_store::Result<T>) -> Result<T> {
    got.map_err(|error| ParquetError::External(Box::new(error)))
}

fn fault(error: ParquetError) -> Fault {
    match error {
        ParquetError::External(error) => match error.downcast::<object_store::Error>() {
            Ok(error) => Fault::Store(*error),
            Err(error) => Fault::Bad(error.to_string()),
        },
        error => Fault::Bad(error.to_string()),
    }
}
