//! Follows a store that another process writes to: reads what it holds, and then the log, object by
//! object, as it grows.
//!
//! It writes nothing but the object by which the other process knows of it. When that process
//! deletes a part of the log that isn't read yet, there is a newer checkpoint, which has what that
//! part says; the follower goes on from it. It never goes back: a checkpoint that it goes on from is
//! of a later position than it has read to.

use super::checkpoint::{self, Segments};
use super::copy;
use super::error::StoreError;
use super::location;
use super::messages::{Checkpoint, ChunkState, CollectionState, Group, Record};
use super::objects::{CHECKPOINT, LOG, Listed, Objects, SEGMENT, numbered};
use super::open::runtime;
use super::reader::Reader;
use super::replay::{self, Written, change_of};
use super::replicas::{Lease, Replicas};
use super::scratch::Scratch;
use crate::local::journal::change::Change;
use crate::local::journal::following::Following;
use crate::local::journal::recovered::Recovered;
use crate::local::journal::sizes::Sizes;
use crate::local::json::time;
use crate::local::storage::Memory;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tokio::task::JoinHandle;
use tracing::{debug, info, warn};

/// Time between looks for a newer checkpoint while the log doesn't grow.
const LOOK: Duration = Duration::from_millis(500);

/// Objects of the log that are read ahead, at most.
const AHEAD: usize = 16;

/// Time between attempts after an error, at first and at most.
const PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What has changed since.
#[derive(Debug)]
pub struct News {
    pub changes: Vec<Change>,
    pub documents: Documents,
}

/// The documents that have changed.
#[derive(Debug)]
pub enum Documents {
    None,
    Written(Written),
    /// The state of everything has replaced the one before.
    All(Recovered),
}

/// A store that another process writes to.
#[derive(Debug)]
pub struct Follower {
    objects: Objects,
    reader: Arc<Reader>,
    scratch: Scratch,
    lease: Lease,
    sizes: Sizes,
    /// The values of entries, by path.
    entries: BTreeMap<String, Arc<str>>,
    /// The position that is read next.
    next: u64,
    /// The objects from there on that are read ahead.
    reading: VecDeque<JoinHandle<Result<(Group, u64), StoreError>>>,
    /// A look for a newer checkpoint.
    looking: Option<JoinHandle<Result<Option<u64>, StoreError>>>,
}

/// What follows in the store.
enum Step {
    Group(String, Group),
    /// The log is read, or deleted, to the position of this checkpoint.
    Checkpoint(u64),
    Nothing,
}

/// Reads the store at a location, and returns what it holds. The URL is that of this server, and what
/// doesn't fit into memory is kept in the directory.
pub fn follow(
    location: &str,
    url: &str,
    memory: Memory,
    directory: &Path,
) -> io::Result<(Recovered, Follower)> {
    let failed = |error: &dyn std::fmt::Display| {
        io::Error::other(format!("can't read the store {location}: {error}"))
    };
    let store = location::existing(location).map_err(|error| failed(&error))?;
    let lease = Lease::new(Objects::new(store), url);
    let scratch = Scratch::create(directory, memory.clone())?;
    let reader = Reader::new(lease.objects.clone(), memory, Some(scratch.clone()))?;
    let begin = move || {
        let begin = Follower::begin(lease, Arc::new(reader), scratch);
        runtime()?.block_on(begin).map_err(io::Error::other)
    };
    // The caller may be on a runtime itself.
    let begun = thread::spawn(begin).join();
    begun.unwrap_or_else(|_| Err(io::Error::other("it panicked"))).map_err(|error| failed(&error))
}

impl Follower {
    /// Reads a store to the present end of its log.
    async fn begin(
        lease: Lease,
        reader: Arc<Reader>,
        scratch: Scratch,
    ) -> Result<(Recovered, Self), StoreError> {
        let (objects, entries) = (lease.objects.clone(), BTreeMap::new());
        copy::check_whole(&objects).await?;
        let last = objects.last_checkpoint().await?;
        let (sizes, next) = (Sizes::default(), last.unwrap_or(1));
        let memory = reader.memory.clone();
        let mut new = Self {
            objects,
            reader,
            scratch,
            lease,
            sizes,
            entries,
            next,
            reading: VecDeque::new(),
            looking: None,
        };
        new.go_on_from(next);
        if last.is_none() && !new.objects.exists(&numbered(LOG, next)).await? {
            return Err(StoreError::NoStore);
        }
        // What is deleted from now on waits for this replica. The task ends with the runtime.
        tokio::spawn(new.lease.clone().keep());
        let mut state = match last {
            None => Recovered::new(memory),
            Some(position) => new.read_checkpoint(position).await?,
        };
        // Who writes may be faster than this, so that it goes no further than what is there now.
        let end = new.objects.list(LOG).await?.last().and_then(Listed::position);
        while end.is_some_and(|end| new.next <= end) {
            match new.step().await? {
                Step::Checkpoint(position) => state = new.read_checkpoint(position).await?,
                Step::Group(object, group) => {
                    for record in group.records {
                        replay::apply(&object, &mut state, record)?;
                    }
                    new.scratch.relieve(state.documents.values().flat_map(|it| it.chunks()));
                }
                // The object was listed, so that there is a newer checkpoint if it is gone.
                Step::Nothing => match new.objects.last_checkpoint().await? {
                    Some(position) if position > new.next => {
                        state = new.read_checkpoint(position).await?;
                    }
                    _ => return Err(StoreError::Missing { object: numbered(LOG, new.next) }),
                },
            }
        }
        new.entries = state.entries.clone();
        new.lease.following.read(time::now() / 1000);
        Ok((state, new))
    }

    /// How many bytes the store has of each collection.
    pub fn sizes(&self) -> &Sizes {
        &self.sizes
    }

    /// Asks for news so often, and hands them over, until there is nobody who takes them: `take` then
    /// returns false. Without news, it is asked that alone. Fails if the news can't be taken. Blocks
    /// the thread.
    pub fn run(
        mut self,
        every: Duration,
        mut take: impl FnMut(Option<News>) -> Result<bool, String>,
    ) -> Result<(), String> {
        let runtime = runtime().map_err(|error| error.to_string())?;
        let (lease, mut pause) = (self.lease.clone(), PAUSE);
        let keeping = runtime.spawn(lease.clone().keep());
        while take(None)? {
            let wait = match runtime.block_on(self.news()) {
                Ok(news) => {
                    pause = PAUSE;
                    self.lease.following.read(time::now() / 1000);
                    let wait = if news.is_some() { Duration::ZERO } else { every };
                    for news in news.into_iter().flatten() {
                        take(Some(news))?;
                    }
                    wait
                }
                Err(error) => {
                    warn!(%error, "the store can't be read: the replica serves what it has");
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    pause
                }
            };
            thread::sleep(wait);
        }
        keeping.abort();
        runtime.block_on(lease.end());
        Ok(())
    }

    /// What the next step brings; `None` if there is none yet.
    async fn news(&mut self) -> Result<Option<Vec<News>>, StoreError> {
        match self.step().await? {
            Step::Nothing => Ok(None),
            Step::Group(object, group) => {
                if let Some(position) = group.checkpoint {
                    let (objects, sizes) = (self.objects.clone(), self.sizes.clone());
                    tokio::spawn(async move {
                        if let Err(error) = measure(&objects, &sizes, position).await {
                            debug!(%error, "the sizes of collections are not known exactly");
                        }
                    });
                }
                let records = group.records.into_iter();
                Ok(Some(records.map(|record| self.record(&object, record)).collect()))
            }
            Step::Checkpoint(position) => {
                info!(position, "the replica goes on from a checkpoint");
                let state = self.read_checkpoint(position).await?;
                let changes = differences(&self.entries, &state.entries);
                self.entries = state.entries.clone();
                Ok(Some(vec![News { changes, documents: Documents::All(state) }]))
            }
        }
    }

    fn record(&mut self, object: &str, record: Record) -> News {
        let Record { changes, write, dropped: _ } = record;
        for message in &changes {
            replay::change(&mut self.entries, message.clone());
        }
        let written = write.map(|write| Documents::Written(Written::new(object, write)));
        News {
            changes: changes.into_iter().map(change_of).collect(),
            documents: written.unwrap_or(Documents::None),
        }
    }

    /// Reads the next object of the log, or finds a checkpoint after it.
    async fn step(&mut self) -> Result<Step, StoreError> {
        let object = numbered(LOG, self.next);
        let error = match self.read_next().await {
            Ok((group, bytes)) => {
                self.sizes.add(self.next, replay::shares(&group, bytes));
                self.go_on_from(self.next + 1);
                return Ok(Step::Group(object, group));
            }
            Err(error) => error,
        };
        let is_missing = matches!(error, StoreError::Missing { .. });
        let last = match is_missing {
            true => self.looked().await?,
            false => self.objects.last_checkpoint().await?,
        };
        match last {
            Some(position) if position > self.next => Ok(Step::Checkpoint(position)),
            _ if is_missing => Ok(Step::Nothing),
            _ => Err(error),
        }
    }

    /// The last checkpoint, if a look for it has ended since the last one. A look may take longer
    /// than the log should wait for.
    async fn looked(&mut self) -> Result<Option<u64>, StoreError> {
        match self.looking.take_if(|looking| looking.is_finished()) {
            Some(looked) => looked.await.unwrap_or(Ok(None)),
            None => {
                let objects = self.objects.clone();
                self.looking.get_or_insert_with(|| {
                    tokio::spawn(async move {
                        tokio::time::sleep(LOOK).await;
                        objects.last_checkpoint().await
                    })
                });
                Ok(None)
            }
        }
    }

    fn go_on_from(&mut self, position: u64) {
        self.next = position;
        self.lease.following.go_on_from(position);
    }

    /// How far it is.
    pub fn following(&self) -> Following {
        self.lease.following.clone()
    }

    /// Where fields are kept that don't fit into memory.
    pub fn scratch(&self) -> Scratch {
        self.scratch.clone()
    }

    /// The replicas that follow the store.
    pub fn replicas(&self) -> Replicas {
        Replicas::new(self.objects.clone())
    }

    /// Reads the next object of the log. As long as there is one, more and more are read ahead.
    async fn read_next(&mut self) -> Result<(Group, u64), StoreError> {
        let ahead = self.reading.len();
        let read = match self.reading.pop_front() {
            // It may not have been there yet.
            Some(reading) => reading.await.ok().and_then(Result::ok),
            None => None,
        };
        let read = match read {
            Some(read) => read,
            None => {
                self.reading.clear();
                self.objects.read_sized(&numbered(LOG, self.next)).await?
            }
        };
        let known = self.next + self.reading.len() as u64;
        let ahead = (2 * ahead + 1).min(self.reader.ahead(AHEAD));
        for position in known + 1..=self.next + ahead as u64 {
            let objects = self.objects.clone();
            let read = async move { objects.read_sized(&numbered(LOG, position)).await };
            self.reading.push_back(tokio::spawn(read));
        }
        Ok(read)
    }

    /// Goes on from a checkpoint, or from a newer one that has made it needless meanwhile.
    async fn read_checkpoint(&mut self, position: u64) -> Result<Recovered, StoreError> {
        let mut position = position;
        loop {
            let error = match checkpoint::read(&self.reader, position).await {
                Ok((state, Segments { bytes, .. })) => {
                    self.sizes.replace(position, bytes);
                    self.reading.clear();
                    self.go_on_from(position);
                    return Ok(state);
                }
                Err(error) => error,
            };
            match self.objects.last_checkpoint().await? {
                Some(newer) if newer > position => position = newer,
                _ => return Err(error),
            }
        }
    }
}

/// Reads how many bytes each collection has in the segments of a checkpoint.
async fn measure(objects: &Objects, sizes: &Sizes, position: u64) -> Result<(), StoreError> {
    let checkpoint: Checkpoint = objects.read(&numbered(CHECKPOINT, position)).await?;
    let listed = objects.list(SEGMENT).await?.into_iter();
    let known: HashMap<String, u64> = listed.map(|it| (it.name, it.size)).collect();
    let size = |chunk: &ChunkState| {
        let name = chunk.segment.rsplit('/').next()?;
        known.get(name).map(|bytes| bytes + chunk.text_bytes)
    };
    let of = |it: &CollectionState| (it.collection, it.chunks.iter().filter_map(size).sum());
    sizes.replace(position, checkpoint.collections.iter().map(of).collect());
    Ok(())
}

/// The changes that make the later entries of the earlier ones.
fn differences(
    before: &BTreeMap<String, Arc<str>>,
    after: &BTreeMap<String, Arc<str>>,
) -> Vec<Change> {
    let gone = before.keys().filter(|path| !after.contains_key(*path));
    let gone = gone.map(|path| Change::Delete { path: path.clone() });
    let new = after.iter().filter(|(path, value)| before.get(*path) != Some(value));
    let new = new.map(|(path, value)| Change::Put { path: path.clone(), value: value.to_string() });
    gone.chain(new).collect()
}
