//! Uploaded files that aren't JSON, read as objects of S3 are.

use super::formats::{self, Fault, Format};
use super::sink::Sink;
use crate::local::catalog::Collection;
use crate::local::error::ApiError;
use crate::local::pool::Pool;
use crate::local::storage::{NewDocument, RecordOrigin};
use crate::rockset::types::FormatParams;
use axum::body::Bytes;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Documents of a file, in their order.
pub async fn read_file(
    pool: &Pool,
    collection: &Arc<Collection>,
    name: &str,
    file: Bytes,
    params: Option<&FormatParams>,
    origin: RecordOrigin,
) -> Result<Vec<NewDocument>, ApiError> {
    let format = Format::given(params, "params")?;
    let (sender, mut parts) = mpsc::channel(1);
    let sink = Sink::new(Arc::downgrade(collection), None, origin, 0, sender, pool.clone());
    let bad = |reason: String| ApiError::invalid(format!("Wrong in file: {reason}"));
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let path = Path::from(name);
    let stored = store.put(&path, file.into()).await;
    stored.map_err(|error| bad(error.to_string()))?;
    let object = store.head(&path).await.map_err(|error| bad(error.to_string()))?;
    let reading = tokio::spawn(async move { formats::read(&store, &object, &format, sink).await });

    let mut documents = Vec::new();
    while let Some(part) = parts.recv().await {
        documents.extend(part.documents.map_err(bad)?);
    }
    match reading.await {
        Ok(Ok(())) => Ok(documents),
        Ok(Err(Fault::Bad(reason))) => Err(bad(reason)),
        Ok(Err(Fault::Store(error))) => Err(bad(error.to_string())),
        Ok(Err(Fault::ReceiverGone)) => Err(bad("the collection is gone".to_string())),
        Err(error) => Err(bad(error.to_string())),
    }
}
