//! Commits as messages, and what they change when they are read again.

use super::documents;
use super::error::StoreError;
use super::messages::{EntryChange, Group, Record, WriteRecord};
use crate::local::journal::change::{Change, Commit, Write};
use crate::local::journal::recovered::Recovered;
use crate::local::storage::{Batch, Snapshot};
use prost::Message;
use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;

/// A moment before which no document expires.
const NEVER: i64 = i64::MIN;

/// The message of a commit.
pub fn record(commit: &Commit) -> Record {
    Record {
        changes: commit.changes.iter().map(entry_change).collect(),
        write: commit.write.as_ref().and_then(write_record),
        dropped: commit.dropped,
    }
}

/// The message of a change.
pub fn entry_change(change: &Change) -> EntryChange {
    let (path, value, all) = match change {
        Change::Put { path, value } => (path, Some(value.clone()), false),
        Change::Delete { path } => (path, None, false),
        Change::DeleteAll { prefix } => (prefix, None, true),
    };
    EntryChange { path: path.clone(), value, all }
}

fn write_record(write: &Write) -> Option<WriteRecord> {
    let changes = write.changes.as_ref()?;
    Some(WriteRecord {
        collection: write.collection,
        writes: write.snapshot.writes(),
        time: write.snapshot.figures().last_updated,
        expiring: changes.expiring,
        removed: changes.removed.iter().map(|stored| stored.id.to_string()).collect(),
        inserted: write.snapshot.figures().inserted as u64,
        overwritten: write.snapshot.figures().overwritten as u64,
        put: (!changes.put.is_empty()).then(|| documents::encode(&changes.put)),
    })
}

/// Changes entries as a message says.
pub fn change(entries: &mut BTreeMap<String, Arc<str>>, change: EntryChange) {
    let EntryChange { path, value, all } = change;
    match value {
        Some(value) => drop(entries.insert(path, value.into())),
        None if all => {
            let mut after = entries.split_off(&path);
            let is_meant = |it: &String| it.starts_with(&path);
            let end = after.keys().find(|it| !is_meant(it)).cloned();
            if let Some(end) = end {
                entries.append(&mut after.split_off(&end));
            }
        }
        None => drop(entries.remove(&path)),
    }
}

/// Does again what a commit has done. The object is the one that it was read from.
pub fn apply(object: &str, state: &mut Recovered, record: Record) -> Result<(), StoreError> {
    let Record { changes, write, dropped } = record;
    changes.into_iter().for_each(|it| change(&mut state.entries, it));
    if let Some(write) = write {
        apply_write(object, state, write)?;
    }
    if let Some(collection) = dropped {
        state.documents.remove(&collection);
    }
    Ok(())
}

/// A figure as a number of this machine.
pub fn number(figure: u64) -> usize {
    usize::try_from(figure).unwrap_or(usize::MAX)
}

fn apply_write(object: &str, state: &mut Recovered, write: WriteRecord) -> Result<(), StoreError> {
    let memory = &state.memory;
    let nothing = || Arc::new(Snapshot::new(memory.clone()));
    let before = state.documents.entry(write.collection).or_insert_with(nothing);
    *before = Arc::new(written(object, mem::take(before), write)?);
    Ok(())
}

/// The documents of a collection after a write.
fn written(
    object: &str,
    snapshot: Arc<Snapshot>,
    write: WriteRecord,
) -> Result<Snapshot, StoreError> {
    let WriteRecord { writes, time, expiring, removed, put, .. } = write;
    let put = put.map(|put| documents::decode(object, put)).transpose()?.unwrap_or_default();
    let mut batch = Batch::new(&snapshot, expiring.then_some(NEVER));
    // The nodes of the old snapshot are then changed in place.
    drop(snapshot);
    for id in removed {
        batch.remove(&id);
    }
    for (id, document) in put {
        batch.put(id, document);
    }
    let sealed = batch.seal();
    let mut figures = sealed.figures().clone();
    figures.inserted = number(write.inserted);
    figures.overwritten = number(write.overwritten);
    figures.last_updated = time;
    Ok(sealed.with_figures(writes, figures))
}

/// A write that another process has made, and that the log says.
#[derive(Debug)]
pub struct Written {
    object: String,
    write: Box<WriteRecord>,
}

impl Written {
    pub fn new(object: &str, write: WriteRecord) -> Self {
        Self { object: object.to_string(), write: Box::new(write) }
    }

    /// Identifier of the collection.
    pub fn collection(&self) -> u64 {
        self.write.collection
    }

    /// The documents after the write; `None` if they have it already.
    pub fn onto(self, documents: Arc<Snapshot>) -> Result<Option<Snapshot>, String> {
        if self.write.writes <= documents.writes() {
            return Ok(None);
        }
        let after = written(&self.object, documents, *self.write);
        after.map(Some).map_err(|error| error.to_string())
    }
}

/// The bytes of an object of the log that are of each collection, by the sizes of messages.
pub fn shares(group: &Group, bytes: u64) -> Vec<(u64, u64)> {
    let records = group.records.iter().map(|record| (record, record.encoded_len() as u64));
    let all: u64 = records.clone().map(|(_, size)| size).sum();
    let share = |(record, size): (&Record, u64)| {
        let collection = record.write.as_ref()?.collection;
        Some((collection, bytes * size / all.max(1)))
    };
    records.filter_map(share).collect()
}

/// The change that a message says.
pub fn change_of(message: EntryChange) -> Change {
    let EntryChange { path, value, all } = message;
    match value {
        Some(value) => Change::Put { path, value },
        None if all => Change::DeleteAll { prefix: path },
        None => Change::Delete { path },
    }
}
