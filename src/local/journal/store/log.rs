//! The task that writes commits to the log, and checkpoints.

use super::checkpoint::{self, Segments};
use super::error::StoreError;
use super::messages::{GROUP, Group};
use super::objects::{CHECKPOINT, LOG, Objects, numbered};
use super::reader::Reader;
use super::replay::{change, entry_change, record, shares};
use super::replicas::Replicas;
use crate::local::journal::change::Commit;
use crate::local::journal::handle::{Progress, Trouble};
use crate::local::journal::recovered::Recovered;
use crate::local::journal::sizes::Sizes;
use std::collections::HashSet;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, spawn_blocking};
use tracing::{debug, warn};

/// Number of objects of the log after which a checkpoint is written, however small they are.
const OBJECTS: usize = 1_000;

/// Time without a commit after which a checkpoint is written.
const IDLE: Duration = Duration::from_secs(30);

/// The longest time that replicas are waited for before what they have yet to read is deleted.
const LONGEST: Duration = Duration::from_secs(600);

/// Time between looks for segments that nobody reads any more.
const LOOK: Duration = Duration::from_millis(200);

/// Time between attempts to write an object, at first and at most.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What the task works with.
pub struct Log {
    pub objects: Objects,
    /// What segments are read with.
    pub reader: Arc<Reader>,
    pub received: mpsc::UnboundedReceiver<Commit>,
    pub progress: watch::Sender<Progress>,
    /// What all commits so far say.
    pub state: Recovered,
    /// The position of the next object.
    pub next: u64,
    /// Objects that the next checkpoint makes needless.
    pub needless: Needless,
    pub sizes: Sizes,
    /// Bytes of the log since the last checkpoint.
    pub since: u64,
    /// Whether documents were written or moved since the last checkpoint.
    pub is_changed: bool,
    /// Bytes of the log after which a checkpoint is written.
    pub every: u64,
    /// Takes what is to be deleted.
    pub old: mpsc::UnboundedSender<Old>,
}

/// What the checkpoint at a position makes needless.
#[derive(Debug)]
pub struct Old {
    position: u64,
    needless: Needless,
    /// The moment at which it is deleted, whoever still reads it.
    latest: Instant,
}

/// Objects that a checkpoint makes needless.
#[derive(Debug, Default)]
pub struct Needless {
    /// Positions of objects of the log, but for those that only took their position.
    pub log: Vec<u64>,
    pub checkpoints: Vec<u64>,
    /// Segments, except for those that the checkpoint refers to.
    pub segments: HashSet<Arc<str>>,
}

/// A checkpoint that is being written, and its position.
type Writing = (u64, JoinHandle<Result<Segments, StoreError>>);

impl Log {
    /// Writes commits until all handles of the journal are gone, or another process has taken over.
    pub async fn run(mut self) {
        let mut writing = None;
        while let Err(error) = self.turn(&mut writing).await {
            match error {
                StoreError::Fenced { .. } => return self.fenced(&error),
                // A checkpoint that fails leaves the log as it is.
                error => warn!(%error, "a checkpoint can't be written"),
            }
            self.since = 0;
            writing = None;
            if self.reader.memory.is_to_be_saved() {
                // Nothing may come that would make another one due.
                self.is_changed = true;
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// Works until the end, or until an error.
    async fn turn(&mut self, writing: &mut Option<Writing>) -> Result<(), StoreError> {
        loop {
            if writing.is_none() && self.is_due() {
                *writing = Some(self.begin_checkpoint());
            }
            let is_writing = writing.is_some();
            tokio::select! {
                commit = self.received.recv() => match commit {
                    None => return Ok(()),
                    Some(first) => self.write(first).await?,
                },
                (position, written) = written(writing), if is_writing => {
                    self.use_checkpoint(position, written?).await?;
                }
                () = tokio::time::sleep(IDLE), if !is_writing && self.since > 0 => {
                    *writing = Some(self.begin_checkpoint());
                }
            }
        }
    }

    /// Writes a commit together with those that wait, and publishes them.
    async fn write(&mut self, first: Commit) -> Result<(), StoreError> {
        let mut commits = vec![first];
        let mut bytes = size(&commits[0]);
        while bytes < GROUP
            && let Ok(commit) = self.received.try_recv()
        {
            bytes += size(&commit);
            commits.push(commit);
        }
        let records: Vec<_> = commits.iter().map(record).collect();
        if records.iter().any(|record| *record != Default::default()) {
            self.append(&Group { records, checkpoint: None }).await?;
        }
        self.publish(commits);
        Ok(())
    }

    fn publish(&mut self, commits: Vec<Commit>) {
        let (durable, mut freed) = (commits.len() as u64, Vec::new());
        for commit in commits {
            commit.changes.iter().for_each(|it| change(&mut self.state.entries, entry_change(it)));
            if let Some(write) = commit.write {
                self.is_changed = true;
                freed.extend(self.state.documents.insert(write.collection, write.snapshot));
            }
            if let Some(collection) = commit.dropped {
                freed.extend(self.state.documents.remove(&collection));
            }
            if let Some(publish) = commit.publish {
                publish();
            }
        }
        self.progress.send_modify(|progress| progress.durable += durable);
        // To free documents may take longer than a commit should wait.
        spawn_blocking(move || drop(freed));
    }

    /// Appends an object to the log, and tries again until that succeeds or another process has
    /// taken over.
    async fn append(&mut self, group: &Group) -> Result<(), StoreError> {
        let mut pause = PAUSE;
        while let Err(error) = self.append_once(group).await {
            if matches!(error, StoreError::Fenced { .. }) || self.received.is_closed() {
                return Err(error);
            }
            warn!(%error, "the store can't be written");
            self.trouble(Some(Trouble::Failing(format!(
                "The store can't be written now: {error}. What was sent may be stored later"
            ))));
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        self.trouble(None);
        Ok(())
    }

    async fn append_once(&mut self, group: &Group) -> Result<(), StoreError> {
        let object = numbered(LOG, self.next);
        let content = self.objects.encode(&object, group)?;
        let size = content.len() as u64;
        self.objects.create(&object, content).await?;
        self.sizes.add(self.next, shares(group, size));
        self.needless.log.push(self.next);
        self.since += size;
        self.next += 1;
        Ok(())
    }

    fn trouble(&self, trouble: Option<Trouble>) {
        self.progress.send_if_modified(|progress| {
            let is_new = progress.trouble.is_some() || trouble.is_some();
            progress.trouble = trouble;
            is_new
        });
    }

    fn fenced(&self, error: &StoreError) {
        self.trouble(Some(Trouble::Fenced(format!(
            "Another local Rockset has taken over the store, and this one can't go on: {error}"
        ))));
    }

    fn is_due(&self) -> bool {
        self.since >= self.every
            || (self.since > 0 && self.needless.log.len() >= OBJECTS)
            || (self.is_changed && self.reader.memory.is_to_be_saved())
    }

    fn begin_checkpoint(&mut self) -> Writing {
        let (reader, state, position) = (self.reader.clone(), self.state.clone(), self.next);
        self.since = 0;
        self.is_changed = false;
        let write = async move { checkpoint::write(&reader, position, &state).await };
        (position, tokio::spawn(write))
    }

    /// Says in the log that a checkpoint is there, and deletes what it makes needless.
    async fn use_checkpoint(
        &mut self,
        position: u64,
        segments: Segments,
    ) -> Result<(), StoreError> {
        debug!(position, "a checkpoint is written");
        let Segments { paths: segments, bytes } = segments;
        self.sizes.replace(position, bytes);
        let kept = self.needless.log.iter().copied().filter(|at| *at >= position).collect();
        let kept = Needless { log: kept, checkpoints: vec![position], segments: segments.clone() };
        let mut old = mem::replace(&mut self.needless, kept);
        old.log.retain(|at| *at < position);
        old.segments.retain(|segment| !segments.contains(segment));
        let since = self.since;
        self.append(&confirmation(position)).await?;
        self.since = since;
        self.delete(position, old);
        Ok(())
    }

    /// Deletes objects that the checkpoint at a position makes needless, before any commit.
    pub async fn tidy(&mut self, position: u64, old: Needless) -> Result<(), StoreError> {
        self.append_once(&confirmation(position)).await?;
        self.delete(position, old);
        Ok(())
    }

    fn delete(&self, position: u64, old: Needless) {
        let old = Old { position, needless: old, latest: Instant::now() + LONGEST };
        // The other end is there as long as this one.
        let _ = self.old.send(old);
    }
}

/// Deletes what checkpoints make needless, once replicas have read as far, and nobody here reads a
/// snapshot any more whose fields are in it.
pub async fn delete(objects: Objects, mut old: mpsc::UnboundedReceiver<Old>) {
    let replicas = Replicas::new(objects.clone());
    let (mut segments, mut positioned) = (Vec::new(), Vec::new());
    loop {
        let next = tokio::select! {
            next = old.recv() => match next {
                None => return,
                next => next,
            },
            () = tokio::time::sleep(LOOK), if !segments.is_empty() => None,
        };
        if let Some(Old { position, needless, latest }) = next {
            replicas.reach(position, latest).await;
            if let Err(error) = replicas.forget().await {
                debug!(%error, "the objects of replicas that are gone stay in the store");
            }
            positioned.extend(needless.positioned());
            segments.extend(needless.segments);
        }
        // A chunk has the name of its segment from where this has it.
        let is_free = |segment: &mut Arc<str>| Arc::strong_count(segment) == 1;
        let free: Vec<Arc<str>> = segments.extract_if(.., is_free).collect();
        for segment in free {
            delete_one(&objects, &segment).await;
        }
        for object in positioned.drain(..) {
            delete_one(&objects, &object).await;
        }
    }
}

async fn delete_one(objects: &Objects, object: &str) {
    if let Err(error) = objects.delete(object).await {
        warn!(%error, "an object that is not needed any more stays in the store");
    }
}

/// What the log says before anything is deleted that a checkpoint makes needless.
fn confirmation(position: u64) -> Group {
    Group { records: Vec::new(), checkpoint: Some(position) }
}

impl Needless {
    pub fn is_empty(&self) -> bool {
        self.log.is_empty() && self.checkpoints.is_empty() && self.segments.is_empty()
    }

    /// Objects of the log, and checkpoints.
    fn positioned(&self) -> impl Iterator<Item = String> {
        let checkpoints = self.checkpoints.iter().map(|at| numbered(CHECKPOINT, *at));
        self.log.iter().map(|at| numbered(LOG, *at)).chain(checkpoints)
    }
}

/// Waits for a checkpoint. Never ends if none is being written.
async fn written(writing: &mut Option<Writing>) -> (u64, Result<Segments, StoreError>) {
    let Some((position, task)) = writing else {
        return std::future::pending().await;
    };
    let (position, done) = (*position, task.await);
    *writing = None;
    (position, done.unwrap_or_else(|error| Err(StoreError::damaged(CHECKPOINT, error))))
}

fn size(commit: &Commit) -> usize {
    let changes = commit.write.as_ref().and_then(|write| write.changes.as_ref());
    let put = changes.map(|changes| changes.put.as_slice()).unwrap_or_default();
    put.iter().map(|(_, texts)| texts.bytes().len()).sum()
}
