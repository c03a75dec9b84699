//! Formats of objects, read record by record.
//!
//! Of an object, only the part that its reader works on is in memory: a row group of a Parquet
//! file, a few chunks of a text.

mod csv;
mod lines;
mod parquet;
mod quotes;
mod stream;

use super::sink::{ReceiverGone, Sink};
use crate::local::error::ApiError;
use crate::local::ingest::records::Record;
use crate::local::pool::Panicked;
use crate::rockset::enums::ErrorType;
use crate::rockset::types::FormatParams;
use object_store::{GetOptions, GetRange, ObjectMeta, ObjectStore};
use std::sync::Arc;

/// Records of an object that are handed on together.
const BATCH: usize = 2_000;

/// Bytes of records that are handed on together, even if they are fewer than `BATCH` records.
const BATCH_BYTES: usize = 4 << 20;

/// Format of objects.
#[derive(Debug, Clone, PartialEq)]
pub enum Format {
    Parquet,
    Json,
    Csv(csv::Csv),
    /// By the name of the object, else by its first bytes.
    AsNamed,
}

/// The reason why an object is not read to its end.
pub enum Fault {
    /// The content can't be read, now or later.
    Bad(String),
    /// The store has failed; a later attempt may succeed.
    Store(object_store::Error),
    /// Nobody receives the records any more.
    ReceiverGone,
}

impl From<ReceiverGone> for Fault {
    fn from(_: ReceiverGone) -> Self {
        Self::ReceiverGone
    }
}

impl From<Panicked> for Fault {
    fn from(panicked: Panicked) -> Self {
        Self::Bad(panicked.to_string())
    }
}

/// The reason why objects of a format are not read.
fn unread_format(place: &str) -> String {
    format!(
        "The local Rockset reads Parquet, JSON lines and CSV, which {place}.format_params does not \
         ask for"
    )
}

/// Whether `format_params` asks for a format that isn't read.
fn is_unread(params: &FormatParams) -> bool {
    let flags = [params.bson, params.mssql_dms, params.mysql_dms, params.oracle_dms];
    params.avro.is_some()
        || params.xml.is_some()
        || flags.into_iter().chain([params.postgres_dms]).any(|flag| flag == Some(true))
}

impl Format {
    /// The reason why objects of a source are not read, if it asks for such a format.
    pub fn unread(params: Option<&FormatParams>) -> Option<String> {
        params.filter(|params| is_unread(params)).map(|_| unread_format("the source's"))
    }

    /// The format that `format_params` gives.
    pub fn given(params: Option<&FormatParams>, place: &str) -> Result<Self, ApiError> {
        let Some(params) = params else {
            return Ok(Self::AsNamed);
        };
        match (&params.csv, params.json == Some(true)) {
            _ if is_unread(params) => {
                Err(ApiError::new(ErrorType::Unsupportedmediatype, unread_format(place)))
            }
            (Some(_), true) => Err(ApiError::invalid(format!(
                "Wrong in {place}.format_params: csv and json exclude each other"
            ))),
            (Some(csv), false) => csv::Csv::try_from(csv).map(Self::Csv).map_err(|wrong| {
                ApiError::invalid(format!("Wrong in {place}.format_params.csv.{wrong}"))
            }),
            (None, true) => Ok(Self::Json),
            (None, false) => Ok(Self::AsNamed),
        }
    }

    /// Format of an object, by its name.
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
pub async fn read(
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
