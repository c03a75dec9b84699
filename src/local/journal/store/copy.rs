//! A copy of objects to another place, which is whole or known not to be.
//!
//! Whoever copies creates one mark before the first object, and another one after the last.

use super::error::StoreError;
use super::messages::Copied;
use super::objects::Objects;
use crate::local::json::time;
use bytes::Bytes;
use bytesize::ByteSize;
use futures_util::{StreamExt, TryStreamExt, stream};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tracing::info;

/// Objects that are copied at a time. Each is held in memory meanwhile.
const PARALLEL: usize = 4;

/// Time between messages about the progress.
const REPORTED_EVERY: Duration = Duration::from_secs(5);

/// The marks of a copy.
#[derive(Debug, Clone, Copy)]
pub struct Marks {
    begun: &'static str,
    complete: &'static str,
}

pub const BACKUP: Marks = Marks { begun: "backup/begun", complete: "backup/complete" };
pub const RESTORE: Marks = Marks { begun: "restore/begun", complete: "restore/complete" };

/// The reason why a copy has failed, by the side where it has.
#[derive(Debug)]
pub enum CopyError {
    From(StoreError),
    To(StoreError),
}

/// A copy that is being made.
#[derive(Debug)]
pub struct Copy {
    from: Objects,
    to: Objects,
    marks: Marks,
    /// Bytes of each object that is copied.
    done: BTreeMap<String, u64>,
    reported: Instant,
}

/// Fails if a place holds no whole store, but a backup or a part of what is restored to it.
pub async fn check_whole(objects: &Objects) -> Result<(), StoreError> {
    if objects.exists(BACKUP.begun).await? {
        return Err(StoreError::IsBackup);
    }
    let is_begun = objects.exists(RESTORE.begun).await?;
    match is_begun && !objects.exists(RESTORE.complete).await? {
        true => Err(StoreError::IsUnfinished),
        false => Ok(()),
    }
}

/// What was copied to a place; `None` if it isn't complete.
pub async fn complete(objects: &Objects, marks: Marks) -> Result<Option<Copied>, StoreError> {
    match objects.read(marks.complete).await {
        Ok(copied) => Ok(Some(copied)),
        Err(StoreError::Missing { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Copy {
    /// Begins a copy to a place that must be empty.
    pub async fn begin(from: Objects, to: Objects, marks: Marks) -> Result<Self, CopyError> {
        if let Some(object) = to.any().await.map_err(CopyError::To)? {
            return Err(CopyError::To(StoreError::NotEmpty { object }));
        }
        let copy = Self { from, to, marks, done: BTreeMap::new(), reported: Instant::now() };
        copy.create(marks.begun, copy.to.empty(marks.begun)).await?;
        Ok(copy)
    }

    /// Copies objects, except for those that it has copied before.
    pub async fn copy(
        &mut self,
        objects: impl IntoIterator<Item = String>,
    ) -> Result<(), CopyError> {
        let left: Vec<String> =
            objects.into_iter().filter(|object| !self.done.contains_key(object)).collect();
        let (from, to) = (self.from.clone(), self.to.clone());
        let copying = left.into_iter().map(|object| copy_one(&from, &to, object));
        let mut copying = stream::iter(copying).buffer_unordered(PARALLEL);
        while let Some((object, bytes)) = copying.try_next().await? {
            self.add(object, bytes);
        }
        Ok(())
    }

    /// Adds an object that was read already.
    pub async fn put(&mut self, object: &str, content: Bytes) -> Result<(), CopyError> {
        let bytes = content.len() as u64;
        self.create(object, content).await?;
        self.add(object.to_string(), bytes);
        Ok(())
    }

    /// Creates the object that ends the log.
    pub async fn put_empty(&mut self, object: &str) -> Result<(), CopyError> {
        self.put(object, self.to.empty(object)).await
    }

    /// Deletes what was copied and is not wanted any more.
    pub async fn retain(&mut self, is_wanted: impl Fn(&str) -> bool) -> Result<(), CopyError> {
        let unwanted: Vec<String> =
            self.done.keys().filter(|object| !is_wanted(object)).cloned().collect();
        for object in unwanted {
            self.to.delete(&object).await.map_err(CopyError::To)?;
            self.done.remove(&object);
        }
        Ok(())
    }

    /// Says that the copy is complete.
    pub async fn end(self, checkpoint: Option<u64>, end: u64) -> Result<Copied, CopyError> {
        let copied = Copied {
            time: time::now() / 1000,
            checkpoint,
            end,
            objects: self.done.len() as u64,
            bytes: self.done.values().sum(),
        };
        let object = self.marks.complete;
        let content = self.to.encode(object, &copied).map_err(CopyError::To)?;
        self.create(object, content).await?;
        Ok(copied)
    }

    async fn create(&self, object: &str, content: Bytes) -> Result<(), CopyError> {
        create(&self.to, object, content).await
    }

    fn add(&mut self, object: String, bytes: u64) {
        self.done.insert(object, bytes);
        if self.reported.elapsed() >= REPORTED_EVERY {
            self.reported = Instant::now();
            let bytes = ByteSize(self.done.values().sum());
            info!("copied {} objects with {bytes} so far", self.done.len());
        }
    }
}

/// Copies an object whose checksum is right. Returns its size.
async fn copy_one(
    from: &Objects,
    to: &Objects,
    object: String,
) -> Result<(String, u64), CopyError> {
    let content = from.read_bytes(&object).await.map_err(CopyError::From)?;
    let bytes = content.len() as u64;
    create(to, &object, content).await?;
    Ok((object, bytes))
}

async fn create(to: &Objects, object: &str, content: Bytes) -> Result<(), CopyError> {
    to.create(object, content).await.map_err(|error| match error {
        // Nobody else writes to a place that was empty, but another copy.
        StoreError::Fenced { object } => CopyError::To(StoreError::NotEmpty { object }),
        error => CopyError::To(error),
    })
}
