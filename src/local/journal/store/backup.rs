//! Backups: a copy of what a store holds at one moment, and back.
//!
//! A backup has the objects of a store: the last checkpoint, its segments, and the log from there
//! on. They are read beside the process that writes to the store, which may delete some of them
//! meanwhile. It only does so once there is a newer checkpoint, with which the backup then goes on.

use super::checkpoint::segments;
use super::copy::{self, BACKUP, Copy, CopyError, RESTORE};
use super::error::StoreError;
use super::frame;
use super::location;
use super::messages::{Checkpoint, Copied};
use super::objects::{CHECKPOINT, LOG, Listed, Objects, numbered};
use bytes::Bytes;
use bytesize::ByteSize;
use chrono::{DateTime, SecondsFormat};
use std::collections::BTreeSet;
use std::io;
use tracing::info;

/// Copies the store at a location to an empty place, as it is at some moment after the call. Returns
/// a message about what was copied.
pub async fn backup(store: &str, to: &str) -> io::Result<String> {
    let [from, into] = both(store, to)?;
    let copied = copy_store(from, into).await.map_err(|error| match error {
        CopyError::From(error) => failed("back up the store", store, &error),
        CopyError::To(error) => failed("write the backup", to, &error),
    })?;
    Ok(format!("Backed up the store {store} to {to}: {}", summary(&copied)))
}

/// Copies the backup at a location to an empty place, which is a store then. Returns a message about
/// what was copied.
pub async fn restore(backup: &str, to: &str) -> io::Result<String> {
    let [from, into] = both(backup, to)?;
    let copied = copy_backup(from, into).await.map_err(|error| match error {
        CopyError::From(error) => failed("restore the backup", backup, &error),
        CopyError::To(error) => failed("write the store", to, &error),
    })?;
    let (copied, time) = copied;
    let made = DateTime::from_timestamp_millis(time).unwrap_or_default();
    let made = made.to_rfc3339_opts(SecondsFormat::Secs, true);
    let summary = summary(&copied);
    Ok(format!("Restored the backup {backup} to {to}: {summary}. The backup was made at {made}"))
}

/// The objects that are copied, and those that they are copied to.
fn both(from: &str, to: &str) -> io::Result<[Objects; 2]> {
    if location::overlap(from, to) {
        return Err(io::Error::other(format!(
            "can't copy {from} to {to}: one is within the other. Choose a place of its own"
        )));
    }
    let source = location::existing(from).map_err(|error| failed("read", from, &error))?;
    let target = location::open(to).map_err(|error| failed("write to", to, &error))?;
    Ok([source, target].map(Objects::new))
}

fn failed(what: &str, location: &str, error: &dyn std::fmt::Display) -> io::Error {
    io::Error::other(format!("can't {what} {location}: {error}"))
}

fn summary(copied: &Copied) -> String {
    let Copied { objects, bytes, .. } = copied;
    format!("{objects} objects with {}, all checked", ByteSize(*bytes))
}

async fn copy_store(from: Objects, to: Objects) -> Result<Copied, CopyError> {
    copy::check_whole(&from).await.map_err(CopyError::From)?;
    let log = from.list(LOG).await.map_err(CopyError::From)?;
    if log.is_empty() {
        return Err(CopyError::From(StoreError::NoStore));
    }
    let mut copy = Copy::begin(from.clone(), to, BACKUP).await?;
    let mut checkpoint = from.last_checkpoint().await.map_err(CopyError::From)?;
    loop {
        let moment = Moment::new(&log, checkpoint);
        let missing = match moment.copy(&from, &mut copy).await {
            Ok(objects) => {
                copy.retain(|object| objects.contains(object)).await?;
                return copy.end(moment.checkpoint, moment.end).await;
            }
            Err(CopyError::From(error @ StoreError::Missing { .. })) => error,
            Err(error) => return Err(error),
        };
        let newer = from.last_checkpoint().await.map_err(CopyError::From)?;
        if newer <= checkpoint {
            return Err(CopyError::From(missing));
        }
        info!("the store has a newer checkpoint, with which the backup goes on");
        checkpoint = newer;
    }
}

/// Returns what was copied, and when the backup was made, in milliseconds since the epoch.
async fn copy_backup(from: Objects, to: Objects) -> Result<(Copied, i64), CopyError> {
    let backup = copy::complete(&from, BACKUP).await.map_err(CopyError::From)?;
    let backup = backup.ok_or(CopyError::From(StoreError::NoBackup))?;
    let mut copy = Copy::begin(from.clone(), to, RESTORE).await?;
    let moment = Moment { checkpoint: backup.checkpoint, end: backup.end };
    moment.copy(&from, &mut copy).await?;
    Ok((copy.end(moment.checkpoint, moment.end).await?, backup.time))
}

/// What a store holds at a moment.
#[derive(Debug, Clone, Copy)]
struct Moment {
    checkpoint: Option<u64>,
    /// The position of the log that ends the copy of it, with an object without a message.
    end: u64,
}

impl Moment {
    /// The first moment at which everything of a listed log was there. Objects that appeared while
    /// the log was listed may lack one before them.
    fn new(log: &[Listed], checkpoint: Option<u64>) -> Self {
        let listed: BTreeSet<u64> = log.iter().filter_map(Listed::position).collect();
        let mut end = checkpoint.unwrap_or(1);
        while listed.contains(&end) {
            end += 1;
        }
        Self { checkpoint, end }
    }

    /// Copies everything, and returns the paths of the objects that have it.
    async fn copy(self, from: &Objects, copy: &mut Copy) -> Result<BTreeSet<String>, CopyError> {
        let log = self.checkpoint.unwrap_or(1)..self.end;
        let mut objects: BTreeSet<String> = log.map(|at| numbered(LOG, at)).collect();
        let mut checkpoint = None;
        if let Some(position) = self.checkpoint {
            let object = numbered(CHECKPOINT, position);
            let (content, segments) =
                read_checkpoint(from, &object).await.map_err(CopyError::From)?;
            objects.extend(segments);
            checkpoint = Some((object, content));
        }
        copy.copy(objects.iter().cloned()).await?;
        if let Some((object, content)) = checkpoint {
            copy.put(&object, content).await?;
            objects.insert(object);
        }
        let end = numbered(LOG, self.end);
        copy.put_empty(&end).await?;
        objects.insert(end);
        Ok(objects)
    }
}

/// The bytes of a checkpoint, and the segments that it refers to.
async fn read_checkpoint(
    objects: &Objects,
    object: &str,
) -> Result<(Bytes, Vec<String>), StoreError> {
    let content = objects.read_bytes(object).await?;
    let checkpoint: Checkpoint = frame::decode(object, &content)?;
    Ok((content, segments(&checkpoint).map(String::from).collect()))
}
