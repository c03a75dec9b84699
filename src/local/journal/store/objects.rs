//! The objects of a store.
//!
//! - `log/POSITION`: the log. Its positions are dense, from 1.
//! - `checkpoint/POSITION`: what the log before the position says.
//! - `segment/NAME`: rows of a chunk; `texts/NAME`: their fields.
//! - `replica/UUID`: a replica that follows the store.
//! - `backup/…`, `restore/…`: marks of a place that was copied to (`copy`).

use super::error::StoreError;
use super::frame;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use prost::Message;
use std::sync::Arc;

pub const LOG: &str = "log";
pub const CHECKPOINT: &str = "checkpoint";
pub const SEGMENT: &str = "segment";
pub const TEXTS: &str = "texts";
pub const REPLICA: &str = "replica";

/// The objects, and the number of this process among those that write to them.
#[derive(Debug, Clone)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
    writer: u64,
}

/// An object of a listing.
#[derive(Debug)]
pub struct Listed {
    /// The path without its folder.
    pub name: String,
    pub size: u64,
    pub modified: DateTime<Utc>,
}

impl Listed {
    /// Whether the object has no message.
    pub fn is_empty(&self) -> bool {
        self.size == frame::HEADER as u64
    }

    /// The position in the log that the name has.
    pub fn position(&self) -> Option<u64> {
        self.name.parse().ok()
    }
}

/// The path of the object for a position in the log. Paths sort as positions do.
pub fn numbered(folder: &str, position: u64) -> String {
    format!("{folder}/{position:020}")
}

impl Objects {
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store, writer: fastrand::u64(..) }
    }

    /// The bytes of an object that doesn't exist yet.
    pub fn encode(&self, object: &str, message: &impl Message) -> Result<Bytes, StoreError> {
        let failed =
            |error| StoreError::damaged(object, format!("it can't be compressed: {error}"));
        frame::encode(object, self.writer, message).map_err(failed)
    }

    /// The bytes of an object without a message.
    pub fn empty(&self, object: &str) -> Bytes {
        frame::empty(object, self.writer)
    }

    /// Creates an object, unless another process has. It is durable afterwards.
    pub async fn create(&self, object: &str, content: Bytes) -> Result<(), StoreError> {
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        let path = Path::from(object);
        match self.store.put_opts(&path, content.clone().into(), options).await {
            Ok(_) => Ok(()),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => {
                // An attempt that seemed to fail may have created it.
                match self.bytes(object).await? == content {
                    true => Ok(()),
                    false => Err(StoreError::Fenced { object: object.to_string() }),
                }
            }
            Err(cause) => Err(StoreError::Failed { object: object.to_string(), cause }),
        }
    }

    /// Creates an object, or replaces the one that there is.
    pub async fn put(&self, object: &str, content: Bytes) -> Result<(), StoreError> {
        let put = self.store.put(&Path::from(object), content.into()).await;
        put.map(drop).map_err(|cause| StoreError::of(object, cause))
    }

    /// The message of an object.
    pub async fn read<M: Message + Default>(&self, object: &str) -> Result<M, StoreError> {
        self.read_sized(object).await.map(|(message, _)| message)
    }

    /// The message of an object, and the bytes of the object.
    pub async fn read_sized<M: Message + Default>(
        &self,
        object: &str,
    ) -> Result<(M, u64), StoreError> {
        let content = self.bytes(object).await?;
        Ok((frame::decode(object, &content)?, content.len() as u64))
    }

    /// The bytes of an object that is not damaged.
    pub async fn read_bytes(&self, object: &str) -> Result<Bytes, StoreError> {
        let content = self.bytes(object).await?;
        frame::check(object, &content)?;
        Ok(content)
    }

    /// Whether there is a small object.
    pub async fn exists(&self, object: &str) -> Result<bool, StoreError> {
        match self.bytes(object).await {
            Ok(_) => Ok(true),
            Err(StoreError::Missing { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The path of some object, if there is one.
    pub async fn any(&self) -> Result<Option<String>, StoreError> {
        let listed = self.store.list(None).try_next().await;
        let listed = listed.map_err(|cause| StoreError::of("the list of all objects", cause))?;
        Ok(listed.map(|meta| meta.location.to_string()))
    }

    /// All objects of a folder, by name.
    pub async fn list(&self, folder: &str) -> Result<Vec<Listed>, StoreError> {
        let listed = self.store.list(Some(&Path::from(folder))).map_ok(|meta| Listed {
            name: meta.location.filename().unwrap_or_default().to_string(),
            size: meta.size,
            modified: meta.last_modified,
        });
        let listed = listed.try_collect::<Vec<_>>().await;
        let mut listed = listed.map_err(|cause| StoreError::of(folder, cause))?;
        listed.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(listed)
    }

    /// The position of the last checkpoint.
    pub async fn last_checkpoint(&self) -> Result<Option<u64>, StoreError> {
        Ok(self.list(CHECKPOINT).await?.last().and_then(Listed::position))
    }

    pub async fn delete(&self, object: &str) -> Result<(), StoreError> {
        match self.store.delete(&Path::from(object)).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(cause) => Err(StoreError::of(object, cause)),
        }
    }

    async fn bytes(&self, object: &str) -> Result<Bytes, StoreError> {
        let failed = |cause| StoreError::of(object, cause);
        let found = self.store.get(&Path::from(object)).await.map_err(failed)?;
        found.bytes().await.map_err(failed)
    }
}
