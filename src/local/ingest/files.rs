//! Uploaded files. JSON is read here, any other format as in a source.

use super::records::Record;
use super::{Ingest, sources};
use crate::local::catalog::Collection;
use crate::local::error::ApiError;
use crate::local::pool::Pool;
use crate::local::storage::{NewDocument, RecordOrigin};
use crate::rockset::enums::ErrorType;
use crate::rockset::rules::MAX_BODY;
use crate::rockset::types::FormatParams;
use axum::body::Bytes;
use flate2::read::MultiGzDecoder;
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::io::Read;
use std::sync::Arc;

/// Maximum bytes of a file after decompression.
const UNPACKED: u64 = 10 * MAX_BODY as u64;

/// Documents of a file, in their order, made on the pool.
pub async fn read(
    pool: &Pool,
    collection: &Arc<Collection>,
    name: &str,
    file: Bytes,
    params: Option<&FormatParams>,
    origin: RecordOrigin,
) -> Result<Vec<NewDocument>, ApiError> {
    if !is_json(name, params) {
        return sources::read_file(pool, collection, name, file, params, origin).await;
    }
    let (collection, name) = (collection.clone(), name.to_string());
    let documents = pool.run(move || {
        let records = json(&name, &file)?;
        Ok(Ingest::new(&collection, None).records(&records, |_| origin.clone()))
    });
    documents.await?
}

/// Whether a file holds JSON, by the format in the request, else by its name.
fn is_json(name: &str, params: Option<&FormatParams>) -> bool {
    match params.map(said).unwrap_or_default().as_slice() {
        [] => {
            let name = name.to_ascii_lowercase();
            let name = name.strip_suffix(".gz").unwrap_or(&name);
            let extension = name.rsplit_once('.').map(|(_, extension)| extension);
            !matches!(extension, Some("csv" | "tsv" | "parquet"))
        }
        formats => formats == ["json"],
    }
}

/// Formats in the request.
fn said(params: &FormatParams) -> Vec<String> {
    let params = match serde_json::to_value(params) {
        Ok(Value::Object(params)) => params,
        _ => return Vec::new(),
    };
    let asked = params.into_iter().filter(|(_, value)| *value != Value::Bool(false));
    asked.map(|(format, _)| format).collect()
}

/// The JSON documents of a file, in their order: one after the other, with any line breaks, or in
/// arrays.
fn json(name: &str, file: &Bytes) -> Result<Vec<Record>, ApiError> {
    let text = unpacked(name, file)?;
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    let mut records = Vec::new();
    for value in serde_json::Deserializer::from_slice(text).into_iter::<&RawValue>() {
        match value {
            Ok(value) => match elements(value) {
                None => records.push(Ok(value.get().to_string())),
                Some(all) => records.extend(all.iter().map(|one| Ok(one.get().to_string()))),
            },
            Err(error) => records.push(Err(format!("The file is no JSON: {error}"))),
        }
    }
    Ok(records)
}

fn elements(value: &RawValue) -> Option<Vec<&RawValue>> {
    value.get().starts_with('[').then(|| serde_json::from_str(value.get()).ok())?
}

fn unpacked<'a>(name: &str, file: &'a [u8]) -> Result<Cow<'a, [u8]>, ApiError> {
    if !name.to_ascii_lowercase().ends_with(".gz") {
        return Ok(file.into());
    }
    let mut text = Vec::new();
    match MultiGzDecoder::new(file).take(UNPACKED + 1).read_to_end(&mut text) {
        Err(error) => {
            let message = format!("The file is no good gzip: {error}");
            Err(ApiError::new(ErrorType::Badrequest, message))
        }
        Ok(_) if text.len() as u64 > UNPACKED => {
            let message = format!("The file has more than {UNPACKED} bytes when it is unpacked");
            Err(ApiError::new(ErrorType::Contenttoolarge, message))
        }
        Ok(_) => Ok(text.into()),
    }
}
