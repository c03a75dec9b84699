//! What an object holds, read record by record.
//!
//! No more of an object is in memory than what its reader works on: a row group of a
//! Parquet file, a few chunks of a text.

mod csv;
mod lines;
mod parquet;
mod stream;

use super::ingest::{Sink, Unwanted};
use crate::local::errors::Failure;
use crate::local::pool::Panicked;
use crate::local::records::Record;
use crate::rockset::enums::ErrorType;
use crate::rockset::types::FormatParams;
use object_store::{GetOptions, GetRange, ObjectMeta, ObjectStore};
use std::sync::Arc;

/// Records of an object that are handed on together.
const BATCH: usize = 2_000;

/// Bytes of records that are handed on together, if so many records aren't needed.
const BATCH_BYTES: usize = 4 << 20;

/// What objects hold.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Format {
    Parquet,
    Json,
    Csv(csv::Csv),
    /// What the name of the object says, else its first bytes.
    AsNamed,
}

/// Why an object is not read to its end.
pub(super) enum Fault {
    /// What it holds can't be read, and never will be.
    Bad(String),
    /// It could not be got at, this time.
    Store(object_store::Error),
    /// Nobody wants it any more.
    Unwanted,
}

impl From<Unwanted> for Fault {
    fn from(_: Unwanted) -> Self {
        Self::Unwanted
    }
}

impl From<Panicked> for Fault {
    fn from(panicked: Panicked) -> Self {
        Self::Bad(panicked.to_string())
    }
}

impl Format {
    /// The format that `format_params` gives.
    pub(super) fn given(params: Option<&FormatParams>, place: &str) -> Result<Self, Failure> {
        let Some(params) = params else {
            return Ok(Self::AsNamed);
        };
        let set = |flag: Option<bool>| flag.unwrap_or_default();
        let other = params.avro.is_some()
            || params.xml.is_some()
            || [params.bson, params.mssql_dms, params.mysql_dms, params.oracle_dms]
                .into_iter()
                .chain([params.postgres_dms])
                .any(set);
        match (&params.csv, set(params.json)) {
            _ if other => Err(Failure::new(
                ErrorType::Notimplementedyet,
                format!(
                    "The local Rockset reads Parquet, JSON lines and CSV, which {place}.format_params \
                     does not ask for"
                ),
            )),
            (Some(_), true) => Err(Failure::invalid(format!(
                "Wrong in {place}.format_params: csv and json exclude each other"
            ))),
            (Some(csv), false) => csv::Csv::try_from(csv).map(Self::Csv).map_err(|wrong| {
                Failure::invalid(format!("Wrong in {place}.format_params.csv.{wrong}"))
            }),
            (None, true) => Ok(Self::Json),
            (None, false) => Ok(Self::AsNamed),
        }
    }

    /// What an object holds, by its name.
    fn named(name: &str) -> Self {
        match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
            "parquet" => Self::Parquet,
            "json" | "jsonl" | "ndjson" => Self::Json,
            "csv" => Self::Csv(csv::Csv::by_name(b',')),
            "tsv" => Self::Csv(csv::Csv::by_name(b'\t')),
            _ => Self::AsNamed,
        }
    }
}

/// Reads an object and hands its records on, in their order.
pub(super) async fn read(
    store: &Arc<dyn ObjectStore>,
    object: &ObjectMeta,
    format: &Format,
    sink: Sink,
) -> Result<(), Fault> {
    let name = object.location.as_ref().to_ascii_lowercase();
    let (name, gzip) = match name.strip_suffix(".gz") {
        None => (name.as_str(), false),
        Some(name) => (name, true),
    };
    let format = match format {
        Format::AsNamed => Format::named(name),
        given => given.clone(),
    };
    let format = match format {
        Format::AsNamed if !gzip && begins_as_parquet(store, object).await? => Format::Parquet,
        Format::AsNamed => Format::Json,
        known => known,
    };
    match format {
        Format::Parquet => parquet::read(store.clone(), object, sink).await,
        Format::Csv(csv) => {
            stream::read(store, object, gzip, Box::new(csv::Records::new(csv)), sink).await
        }
        _ => stream::read(store, object, gzip, Box::new(lines::Lines::default()), sink).await,
    }
}

async fn begins_as_parquet(
    store: &Arc<dyn ObjectStore>,
    object: &ObjectMeta,
) -> Result<bool, Fault> {
    const MAGIC: &[u8] = b"PAR1";
    if object.size < MAGIC.len() as u64 {
        return Ok(false);
    }
    let range = Some(GetRange::Bounded(0..MAGIC.len() as u64));
    let options = GetOptions { range, ..GetOptions::default() };
    let begin = store.get_opts(&object.location, options).await.map_err(Fault::Store)?;
    Ok(begin.bytes().await.map_err(Fault::Store)? == MAGIC)
}
