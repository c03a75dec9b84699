//! Sources in S3: lists their objects, finds new ones, and reads them in order.
//!
//! Each source has one task, which lists the bucket again and again. A few new objects are read at
//! a time, each by a task of its own. The source's task stores them in the order of their names: a
//! later object waits for an earlier one, and so does its reader.

mod check;
mod location;
mod pattern;
mod reader;
mod seen;

pub use check::{check_access, check_readable, unread};
pub use location::open_bucket;

use crate::local::catalog::durations;
use crate::local::catalog::{Collection, ReadState};
use crate::local::ingest::transform;
use crate::local::pool::Pool;
use crate::local::state::{AppState, WeakState};
use crate::rockset::enums::SourceState;
use crate::rockset::types::Source;
use chrono::{SecondsFormat, Utc};
use location::BucketLocation;
use object_store::{ObjectMeta, ObjectStore};
use pattern::Pattern;
use reader::Reader;
use seen::Seen;
use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::task::JoinSet;
use tracing::{debug, warn};

/// Objects that are read at a time.
const PARALLEL: usize = 4;

/// Interval between checks whether a suspended source goes on.
const REST: Duration = Duration::from_millis(100);

/// Starts reading a source, until the source or its collection is gone.
pub fn start(app: &AppState, collection: &Arc<Collection>, source: &Source) {
    let (Some(id), Some(_), None) = (source.id.clone(), &source.s3, check::unread(source)) else {
        return;
    };
    let task = SourceTask {
        app: app.weak(),
        collection: Arc::downgrade(collection),
        id: id.clone(),
        pool: app.pool.clone(),
        opened: None,
        seen: Seen::restored(collection.take_progress(&id)),
    };
    let mut tasks = JoinSet::new();
    tasks.spawn(task.run());
    collection.read_with(&id, tasks);
}

/// State of the task that reads a source.
struct SourceTask {
    app: WeakState,
    collection: Weak<Collection>,
    id: String,
    pool: Pool,
    opened: Option<(BucketLocation, Arc<dyn ObjectStore>)>,
    seen: Seen,
}

/// The reason why a pass over the source ends early.
enum Stop {
    /// The source or its collection is gone.
    Gone,
    /// Message that the source shows, before the next attempt.
    Failed(String),
}

impl SourceTask {
    async fn run(mut self) {
        loop {
            let pause = match self.pass().await {
                Ok(pause) => pause,
                Err(Stop::Gone) => return,
                Err(Stop::Failed(message)) => match self.fail(message) {
                    Ok(pause) => pause,
                    Err(_) => return,
                },
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Lists the objects and reads new ones. Returns the time until the next pass.
    async fn pass(&mut self) -> Result<Duration, Stop> {
        self.rest().await?;
        let source = self.source()?;
        let pattern = match &source.s3 {
            Some(s3) => Pattern::of(s3).map_err(Stop::Failed)?,
            None => return Err(Stop::Gone),
        };
        let store = self.open(&source)?;
        let listed = location::list(store.as_ref(), &pattern).await.map_err(Stop::Failed)?;
        let new = self.update(listed).await?;
        self.count();

        let bulk_size = self.app.upgrade().ok_or(Stop::Gone)?.options.s3.bulk_size;
        let bulk = self.seen.total().bytes >= bulk_size;
        let preparing = self.collection()?.listed(&self.id, bulk);
        tokio::time::sleep(preparing).await;
        if !new.is_empty() {
            debug!(source = self.id, objects = new.len(), "reads what is new");
            self.note(SourceState::Processing)?;
            self.read(&store, &pattern, &source, new).await?;
        }
        self.collection()?.caught_up(&self.id);
        self.note(SourceState::Watching)?;
        self.pause(&source)
    }

    /// Reads objects, a few at a time, and stores their records in order.
    async fn read(
        &mut self,
        store: &Arc<dyn ObjectStore>,
        pattern: &Pattern,
        source: &Source,
        new: Vec<ObjectMeta>,
    ) -> Result<(), Stop> {
        let query = source.ingest_transformation.clone();
        let transformation =
            self.work(move || transform::parse(query.as_ref()).ok().flatten()).await?;
        let mut new = new.into_iter();
        let mut ahead = VecDeque::with_capacity(PARALLEL);
        loop {
            while ahead.len() < PARALLEL
                && let Some(object) = new.next()
            {
                let skip = self.seen.stored(&object);
                let reader = Reader::start(
                    store.clone(),
                    source,
                    pattern,
                    object,
                    (self.collection.clone(), transformation.clone(), skip),
                    self.pool.clone(),
                );
                ahead.push_back(reader.map_err(Stop::Failed)?);
            }
            let Some(reader) = ahead.pop_front() else {
                return Ok(());
            };
            self.store(reader).await?;
        }
    }

    /// Stores the records of an object.
    async fn store(&mut self, mut reader: Reader) -> Result<(), Stop> {
        let name = reader.object.location.to_string();
        while let Some((part, is_last)) = reader.next().await {
            self.settle().await?;
            while self.app.upgrade().ok_or(Stop::Gone)?.check_memory().is_err() {
                tokio::time::sleep(REST).await;
            }
            let mut documents = part
                .documents
                .map_err(|error| Stop::Failed(format!("Object {name:?}: {error}")))?;
            let progress = self.seen.after(&reader.object, part.records, is_last);
            loop {
                let (collection, id) = (self.collection()?, self.id.clone());
                let (object, progress) = (name.clone(), progress.clone());
                let stored = self.work(move || {
                    let state = collection.ingest(&id, &mut documents, (&object, &progress));
                    (state, documents)
                });
                match stored.await? {
                    (ReadState::Active, _) => break,
                    (_, rest) => documents = rest,
                }
                self.rest().await?;
            }
            self.seen.store(&reader.object, part.records);
        }
        // Whoever sees the object counted finds its documents.
        self.settle().await?;
        self.seen.finish(&reader.object);
        self.count();
        let progress = self.seen.after(&reader.object, 0, true);
        self.collection()?.record_progress(&self.id, &name, &progress);
        self.collection()?.note(&self.id, |_, status| {
            status.last_processed_item = Some(name);
            status.last_processed_at = Some(now());
        });
        Ok(())
    }

    /// Waits until what was stored before is durable, so that not much more waits for that.
    async fn settle(&self) -> Result<(), Stop> {
        while self.collection()?.settled().await.is_err() {
            tokio::time::sleep(REST).await;
        }
        Ok(())
    }

    /// Compares a listing with the objects seen before, and returns the objects to read.
    async fn update(&mut self, listed: Vec<ObjectMeta>) -> Result<Vec<ObjectMeta>, Stop> {
        let mut seen = std::mem::take(&mut self.seen);
        let updated = self.work(move || {
            let new = seen.update(listed);
            (seen, new)
        });
        let (seen, new) = updated.await?;
        self.seen = seen;
        Ok(new)
    }

    /// Runs long work on the pool.
    async fn work<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Stop> {
        let done = self.pool.run_in_background(job).await;
        done.map_err(|panicked| Stop::Failed(panicked.to_string()))
    }

    /// Waits while the source is suspended.
    async fn rest(&self) -> Result<(), Stop> {
        loop {
            match self.collection()?.read_state(&self.id) {
                ReadState::Active => return Ok(()),
                ReadState::Suspended => tokio::time::sleep(REST).await,
                ReadState::Gone => return Err(Stop::Gone),
            }
        }
    }

    /// Opens the bucket, and opens it again if the integration has changed.
    fn open(&mut self, source: &Source) -> Result<Arc<dyn ObjectStore>, Stop> {
        let app = self.app.upgrade().ok_or(Stop::Gone)?;
        let s3 = source.s3.as_ref().ok_or(Stop::Gone)?;
        let location = BucketLocation::of(source, s3, &app.catalog, &app.options.s3)
            .map_err(|error| Stop::Failed(error.message().to_string()))?;
        match &self.opened {
            Some((opened, store)) if *opened == location => Ok(store.clone()),
            _ => {
                let store = location.open().map_err(Stop::Failed)?;
                self.opened = Some((location, store.clone()));
                Ok(store)
            }
        }
    }

    fn collection(&self) -> Result<Arc<Collection>, Stop> {
        self.collection.upgrade().ok_or(Stop::Gone)
    }

    fn source(&self) -> Result<Source, Stop> {
        self.collection()?.source(&self.id).map_err(|_| Stop::Gone)
    }

    fn pause(&self, source: &Source) -> Result<Duration, Stop> {
        let own = source
            .s3
            .as_ref()
            .and_then(|s3| durations::scan_frequency(s3.settings.as_ref(), "s3").ok().flatten());
        let app = self.app.upgrade().ok_or(Stop::Gone)?;
        Ok(own.unwrap_or(app.options.s3.poll))
    }

    fn note(&self, state: SourceState) -> Result<(), Stop> {
        self.collection()?.note(&self.id, |_, status| {
            status.state = Some(state);
            status.message = None;
        });
        Ok(())
    }

    /// Shows the reason why the source can't be read now.
    fn fail(&self, message: String) -> Result<Duration, Stop> {
        warn!(source = self.id, message, "a source can't be read");
        let collection = self.collection()?;
        collection.listed(&self.id, false);
        collection.note(&self.id, |_, status| {
            status.state = Some(SourceState::Error);
            status.message = Some(message);
        });
        self.pause(&self.source()?)
    }

    /// Shows the progress of the source.
    fn count(&self) {
        let (total, done) = (self.seen.total(), self.seen.done());
        let Some(collection) = self.collection.upgrade() else {
            return;
        };
        collection.note(&self.id, |source, status| {
            if let Some(s3) = &mut source.s3 {
                s3.object_count_total = figure(total.objects);
                s3.object_count_downloaded = figure(done.objects);
                s3.object_bytes_total = figure(total.bytes);
                s3.object_bytes_downloaded = figure(done.bytes);
            }
            status.detected_size_bytes = figure(total.bytes);
            status.total_processed_items = figure(done.objects);
        });
    }
}

fn figure(n: u64) -> Option<i64> {
    Some(i64::try_from(n).unwrap_or(i64::MAX))
}

fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true)
}
