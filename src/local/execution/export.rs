//! `INSERT INTO 's3://…'`: rows of a query become objects of a bucket.

use super::on_pool::on_pool;
use crate::local::error::with_causes;
use crate::local::ingest::sources::open_bucket;
use crate::local::queries::Answer;
use crate::local::query::{Destination, Format, Reads, Rows, SqlError, SqlResult, table};
use crate::local::state::WeakState;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ArrowWriter;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// Rows of an object.
const ROWS: usize = 1_000;

/// An object that is to be written.
struct Object {
    path: Path,
    content: Vec<u8>,
}

/// Writes the rows of a query. All objects are written, or the answer is an error.
pub(super) async fn export(
    app: &WeakState,
    id: &str,
    destination: Destination,
    rows: Rows,
) -> SqlResult<Answer> {
    let id = id.to_string();
    let count = rows.rows.len();
    let (store, objects) = on_pool(app, move |app| {
        let Destination { bucket, integration, .. } = &destination;
        let store = open_bucket(bucket, integration, &app.catalog, &app.options.s3);
        let store = store.map_err(|error| SqlError::new(error.message()))?;
        Ok((store, objects(&destination, &id, &rows)?))
    })
    .await?;
    put(&store, objects).await?;
    let row = format!(r#"{{"num_docs_inserted":{count}}}"#).into();
    let columns = Some(vec!["num_docs_inserted".to_string()]);
    Ok(Answer::new(Rows { columns, rows: vec![row], reads: Reads::default() }))
}

async fn put(store: &Arc<dyn ObjectStore>, objects: Vec<Object>) -> SqlResult<()> {
    for Object { path, content } in objects {
        let written = store.put(&path, content.into()).await;
        written.map_err(|error| SqlError::new(format!("{path}: {}", with_causes(&error))))?;
    }
    Ok(())
}

/// The objects of all rows: `prefix/[query/][field=value/…]number.json`.
fn objects(destination: &Destination, id: &str, rows: &Rows) -> SqlResult<Vec<Object>> {
    let mut parts: BTreeMap<Vec<String>, Vec<&str>> = BTreeMap::new();
    for row in &rows.rows {
        parts.entry(partition(&destination.partition_by, row)?).or_default().push(row);
    }
    let mut objects = Vec::new();
    for (folders, rows) in parts {
        for rows in rows.chunks(ROWS) {
            let number = objects.len();
            let path = path(destination, id, &folders, number);
            objects.push(Object { path, content: content(destination.format, rows)? });
        }
    }
    Ok(objects)
}

/// The folders of a row: `field=value`.
fn partition(fields: &[String], row: &str) -> SqlResult<Vec<String>> {
    if fields.is_empty() {
        return Ok(Vec::new());
    }
    let row: Map<String, Value> = serde_json::from_str(row).map_err(failed)?;
    let folder = |field: &String| match row.get(field) {
        None | Some(Value::Null) => format!("{field}=null"),
        Some(Value::String(text)) => format!("{field}={text}"),
        Some(value) => format!("{field}={value}"),
    };
    Ok(fields.iter().map(folder).collect())
}

/// Object names of two queries are never the same.
fn path(destination: &Destination, id: &str, folders: &[String], number: usize) -> Path {
    let prefix = destination.prefix.split('/').filter(|part| !part.is_empty());
    let query = destination.has_query_id.then_some(id);
    let extension = match destination.format {
        Format::Json => "json",
        Format::Parquet => "parquet",
    };
    let name = format!("{number:06}-{}.{extension}", Uuid::new_v4());
    let folders = folders.iter().map(String::as_str);
    Path::from_iter(prefix.chain(query).chain(folders).chain([name.as_str()]))
}

fn content(format: Format, rows: &[&str]) -> SqlResult<Vec<u8>> {
    match format {
        Format::Json => {
            Ok(rows.iter().flat_map(|row| [row.as_bytes(), b"\n"]).flatten().copied().collect())
        }
        Format::Parquet => {
            let batch = table(rows.iter().copied()).map_err(failed)?;
            let mut content = Vec::new();
            let writer = ArrowWriter::try_new(&mut content, batch.schema(), None);
            let mut writer = writer.map_err(failed)?;
            writer.write(&batch).map_err(failed)?;
            writer.close().map_err(failed)?;
            Ok(content)
        }
    }
}

fn failed(error: impl std::error::Error) -> SqlError {
    SqlError::new(format!("The rows can't be written: {error}"))
}
