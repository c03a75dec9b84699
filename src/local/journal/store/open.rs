//! Opens a store: takes it over, and reads what it holds.

use super::checkpoint::{self, Segments};
use super::copy;
use super::error::StoreError;
use super::location;
use super::log::{Log, Needless, delete};
use super::messages::Group;
use super::objects::{CHECKPOINT, LOG, Listed, Objects, SEGMENT, TEXTS, numbered};
use super::reader::Reader;
use super::replay;
use super::replicas::Replicas;
use crate::local::journal::handle::Journal;
use crate::local::journal::recovered::Recovered;
use crate::local::journal::sizes::Sizes;
use crate::local::storage::Memory;
use futures_util::{StreamExt, stream};
use object_store::ObjectStore;
use std::collections::HashSet;
use std::io;
use std::sync::{Arc, mpsc};
use std::thread;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::unbounded_channel;

/// Objects of the log that are read ahead, at most.
const AHEAD: usize = 8;

/// Threads that write: one for the log, one for checkpoints.
const THREADS: usize = 2;

/// Opens the store at a location, and returns its journal and what it holds. Another process that
/// has it open can't write to it from then on. A checkpoint is written after so many bytes of log, and
/// before documents fill the memory.
pub fn open(location: &str, every: u64, memory: Memory) -> io::Result<(Journal, Recovered)> {
    let failed = |error: &dyn std::fmt::Display| {
        io::Error::other(format!("can't open the store {location}: {error}"))
    };
    let store = location::open(location).map_err(|error| failed(&error))?;
    open_on(store, every, memory).map_err(|error| failed(&error))
}

/// The journal has threads of its own, so that it depends on no runtime of the caller.
pub(super) fn open_on(
    store: Arc<dyn ObjectStore>,
    every: u64,
    memory: Memory,
) -> io::Result<(Journal, Recovered)> {
    let runtime = runtime()?;
    let reader = Arc::new(Reader::new(Objects::new(store), memory, None)?);
    let (opened, outcome) = mpsc::channel();
    let run = move |runtime: Runtime| match runtime.block_on(read(reader, every)) {
        Err(error) => drop(opened.send(Err(io::Error::other(error)))),
        Ok((journal, log)) => {
            // If the caller is gone, the journal ends at once.
            let _ = opened.send(Ok((journal, log.state.clone())));
            runtime.block_on(log.run());
        }
    };
    thread::Builder::new().name("journal".to_string()).spawn(move || run(runtime))?;
    outcome.recv().map_err(io::Error::other)?
}

/// The threads of a journal.
pub(super) fn runtime() -> io::Result<Runtime> {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(THREADS).thread_name("journal").enable_all().build()
}

async fn read(reader: Arc<Reader>, every: u64) -> Result<(Journal, Log), StoreError> {
    let objects = reader.objects.clone();
    copy::check_whole(&objects).await?;
    let log = objects.list(LOG).await?;
    let fence = take_over(&objects, &log).await?;

    // Only after that is it sure that no other process deletes anything of the last checkpoint.
    let checkpoints = objects.list(CHECKPOINT).await?;
    let last = checkpoints.last().and_then(Listed::position);
    let (mut state, segments) = match last {
        None => (Recovered::new(reader.memory.clone()), Segments::default()),
        Some(position) => checkpoint::read(&reader, position).await?,
    };
    let Segments { paths: segments, bytes } = segments;
    let (first, sizes) = (last.unwrap_or(1), Sizes::default());
    sizes.replace(first, bytes);
    read_log(&reader, &mut state, &sizes, first, fence).await?;

    let left = needless(&objects, &log, &checkpoints, first, &segments).await?;
    let since = log.iter().filter(|it| it.position() >= Some(first)).map(|it| it.size).sum();
    let needless = Needless {
        log: full(&log).filter(|at| *at >= first).collect(),
        checkpoints: last.into_iter().collect(),
        segments,
    };
    let (journal, received, progress) = Journal::new(sizes.clone(), Replicas::new(objects.clone()));
    let next = fence + 1;
    let (old, deleted) = unbounded_channel();
    tokio::spawn(delete(objects.clone(), deleted));
    let mut log = Log {
        objects,
        reader,
        received,
        progress,
        state,
        next,
        needless,
        sizes,
        since,
        is_changed: true,
        every,
        old,
    };
    if !left.is_empty() {
        log.tidy(first, left).await?;
    }
    Ok((journal, log))
}

/// Takes the next position of the log, and returns it.
async fn take_over(objects: &Objects, log: &[Listed]) -> Result<u64, StoreError> {
    let mut position = log.last().and_then(Listed::position).unwrap_or_default() + 1;
    loop {
        let object = numbered(LOG, position);
        match objects.create(&object, objects.empty(&object)).await {
            Err(StoreError::Fenced { .. }) => position += 1,
            Err(error) => return Err(error),
            Ok(()) => return Ok(position),
        }
    }
}

/// Does again what the log says from one position to the one before another.
async fn read_log(
    reader: &Reader,
    state: &mut Recovered,
    sizes: &Sizes,
    first: u64,
    end: u64,
) -> Result<(), StoreError> {
    if first > end {
        return Err(StoreError::Missing { object: numbered(LOG, first) });
    }
    let read = |position| async move {
        let object = numbered(LOG, position);
        let (group, bytes) = reader.objects.read_sized::<Group>(&object).await?;
        Ok((object, replay::shares(&group, bytes), group))
    };
    let mut groups = stream::iter(first..end).map(read).buffered(reader.ahead(AHEAD));
    for position in first..end {
        let Some(read) = groups.next().await else { break };
        let (object, shares, group) = read?;
        sizes.add(position, shares);
        for record in group.records {
            replay::apply(&object, state, record)?;
        }
    }
    Ok(())
}

/// Objects that an earlier process should have deleted.
async fn needless(
    objects: &Objects,
    log: &[Listed],
    checkpoints: &[Listed],
    first: u64,
    used: &HashSet<Arc<str>>,
) -> Result<Needless, StoreError> {
    let mut segments: Vec<Arc<str>> = Vec::new();
    for folder in [SEGMENT, TEXTS] {
        let listed = objects.list(folder).await?.into_iter();
        segments.extend(listed.map(|it| Arc::from(format!("{folder}/{}", it.name))));
    }
    Ok(Needless {
        log: full(log).filter(|at| *at < first).collect(),
        checkpoints: checkpoints
            .iter()
            .filter_map(Listed::position)
            .filter(|at| *at < first)
            .collect(),
        segments: segments.into_iter().filter(|name| !used.contains(name)).collect(),
    })
}

/// Positions of the objects of the log that have a message.
fn full(log: &[Listed]) -> impl Iterator<Item = u64> {
    log.iter().filter(|it| !it.is_empty()).filter_map(Listed::position)
}
