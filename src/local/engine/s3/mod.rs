//! Sources in S3: what is there, what is new, and in which order it is read.
//!
//! A source has one task, which lists the bucket again and again. Of what is new, a few
//! objects are read at a time, each by a task of its own, and all are stored by the
//! first, in the order of their names: a later object waits for an earlier one, and its
//! reader for it.

mod pattern;
mod place;
mod reader;
mod seen;

pub(super) use pattern::Pattern;
pub(super) use place::Place;

use super::check;
use crate::local::durations;
use crate::local::pool::Pool;
use crate::local::state::{App, WeakApp};
use crate::local::store::{Collection, Reading};
use crate::rockset::enums::SourceState;
use crate::rockset::types::Source;
use chrono::{SecondsFormat, Utc};
use object_store::{ObjectMeta, ObjectStore};
use reader::Reader;
use seen::Seen;
use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::task::JoinSet;
use tracing::{debug, warn};

/// Objects that are read at a time.
const PARALLEL: usize = 4;

/// How often to look whether a suspended source goes on.
const REST: Duration = Duration::from_millis(100);

/// Reads a source from now on, until it or its collection is gone.
pub(in crate::local) fn start(app: &App, collection: &Arc<Collection>, source: &Source) {
    let (Some(id), Some(_)) = (source.id.clone(), &source.s3) else {
        return;
    };
    let task = Task {
        app: app.weak(),
        collection: Arc::downgrade(collection),
        id: id.clone(),
        pool: app.pool.clone(),
        opened: None,
        seen: Seen::default(),
    };
    let mut tasks = JoinSet::new();
    tasks.spawn(task.run());
    collection.read_with(&id, tasks);
}

/// Who reads a source.
struct Task {
    app: WeakApp,
    collection: Weak<Collection>,
    id: String,
    pool: Pool,
    opened: Option<(Place, Arc<dyn ObjectStore>)>,
    seen: Seen,
}

/// Why a pass over the source comes to an end before its time.
enum Stop {
    /// The source or its collection is gone.
    Gone,
    /// To be shown, and tried again.
    Failed(String),
}

impl Task {
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

    /// Lists the objects and reads what is new. Answers when to do so again.
    async fn pass(&mut self) -> Result<Duration, Stop> {
        self.rest().await?;
        let source = self.source()?;
        let pattern = match &source.s3 {
            Some(s3) => check::pattern(s3).map_err(Stop::Failed)?,
            None => return Err(Stop::Gone),
        };
        let store = self.open(&source)?;
        let listed = place::list(store.as_ref(), &pattern).await.map_err(Stop::Failed)?;
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

    /// Reads objects, a few at a time, and stores what they hold in their order.
    async fn read(
        &mut self,
        store: &Arc<dyn ObjectStore>,
        pattern: &Pattern,
        source: &Source,
        new: Vec<ObjectMeta>,
    ) -> Result<(), Stop> {
        let of = source.clone();
        let transformation = self.work(move || check::transformation(&of).ok().flatten()).await?;
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

    /// Stores what an object holds.
    async fn store(&mut self, mut reader: Reader) -> Result<(), Stop> {
        while let Some(part) = reader.next().await {
            let mut documents = part.documents.map_err(|error| {
                Stop::Failed(format!("Object {:?}: {error}", reader.object.location.as_ref()))
            })?;
            loop {
                let (collection, id) = (self.collection()?, self.id.clone());
                let stored = self.work(move || {
                    let reading = collection.ingest(&id, &mut documents);
                    (reading, documents)
                });
                match stored.await? {
                    (Reading::GoesOn, _) => break,
                    (_, rest) => documents = rest,
                }
                self.rest().await?;
            }
            self.seen.store(&reader.object, part.records);
        }
        self.seen.finish(&reader.object);
        self.count();
        let name = reader.object.location.to_string();
        self.collection()?.note(&self.id, |_, status| {
            status.last_processed_item = Some(name);
            status.last_processed_at = Some(now());
        });
        Ok(())
    }

    /// Compares a listing with what has been seen, and gives what is to be read.
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

    /// Does what takes a while.
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
            match self.collection()?.reading(&self.id) {
                Reading::GoesOn => return Ok(()),
                Reading::Rests => tokio::time::sleep(REST).await,
                Reading::IsOver => return Err(Stop::Gone),
            }
        }
    }

    /// Gets at the bucket, anew if the integration has changed.
    fn open(&mut self, source: &Source) -> Result<Arc<dyn ObjectStore>, Stop> {
        let app = self.app.upgrade().ok_or(Stop::Gone)?;
        let s3 = source.s3.as_ref().ok_or(Stop::Gone)?;
        let place = Place::of(source, s3, &app.store, &app.options.s3)
            .map_err(|failure| Stop::Failed(failure.message().to_string()))?;
        match &self.opened {
            Some((opened, store)) if *opened == place => Ok(store.clone()),
            _ => {
                let store = place.open().map_err(Stop::Failed)?;
                self.opened = Some((place, store.clone()));
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

    /// Shows that the source can't be read now.
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

    /// Shows how far the source has come.
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
