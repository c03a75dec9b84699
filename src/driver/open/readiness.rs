//! Decides whether a collection is ready, and reports meanwhile. It must be writable, and
//! everything in its source must be ingested.

use crate::config::InitializeFromS3;
use crate::driver::Error;
use crate::driver::differences::{describe, reads};
use crate::driver::poll_settings::PollSettings;
use crate::driver::progress::Progress;
use crate::driver::task::Target;
use crate::rockset::enums::CollectionStatus;
use crate::rockset::{self, types::Collection};
use bytesize::ByteSize;
use serde_json::json;
use std::sync::Arc;
use std::time::Instant;
use tracing::{info, warn};

/// The wait for one collection, with what has been seen and reported so far.
#[derive(Debug)]
pub(super) struct Readiness {
    pub target: Arc<Target>,
    /// The source that fills the collection, unless that has been done.
    pub source: Option<InitializeFromS3>,
    /// The smallest number of files in the source, if it is known.
    expected: Option<u64>,
    poll: PollSettings,
    begun: Instant,
    status: Option<CollectionStatus>,
    progress: Progress,
    /// When the progress last changed, or the lack of it was last reported.
    moved: Instant,
    reported: Option<Instant>,
    /// The progress at the last report, and its time.
    last_report: Option<(Progress, Instant)>,
}

impl Readiness {
    pub fn new(
        target: Arc<Target>,
        source: Option<InitializeFromS3>,
        expected: Option<u64>,
        poll: PollSettings,
    ) -> Self {
        let now = Instant::now();
        Self {
            target,
            source,
            expected,
            poll,
            begun: now,
            status: None,
            progress: Progress::default(),
            moved: now,
            reported: None,
            last_report: None,
        }
    }

    /// Notes the state of the collection. Returns whether it is READY and its source is ingested.
    pub fn update(&mut self, collection: &Collection) -> Result<bool, Error> {
        if collection.status.is_none() {
            return Err(self.failed("a collection without a status"));
        }
        let progress = self.progress(collection)?;
        let is_ready = collection.status == Some(CollectionStatus::Ready);
        if is_ready && progress.as_ref().is_none_or(|it| it.is_complete(self.expected)) {
            self.say_done(progress.as_ref());
            self.progress = progress.unwrap_or_default();
            return Ok(true);
        }
        self.report(collection.status.clone(), progress);
        Ok(false)
    }

    /// The numbers of ingested objects and of all objects in the source, as last seen.
    pub fn objects(&self) -> Option<(u64, u64)> {
        self.source.as_ref().map(|_| (self.progress.objects, self.progress.objects_total))
    }

    fn failed(&self, what: &str) -> Error {
        let Target { binding, .. } = *self.target;
        Error::Rockset {
            doing: format!("bindings[{binding}]: waiting for collection {}", self.target),
            source: rockset::Error::Unexpected(what.to_string()),
        }
    }

    /// The progress of the source, if there is one to wait for.
    fn progress(&self, collection: &Collection) -> Result<Option<Progress>, Error> {
        let Some(wanted) = &self.source else {
            return Ok(None);
        };
        let wrong = |what: String| {
            Err(Error::request(
                "Open",
                format!("bindings[{}]: collection {} {what}", self.target.binding, self.target),
            ))
        };
        let Some(source) = collection.sources.iter().find(|has| reads(&json!(has), wanted)) else {
            return wrong(format!(
                "has no source that reads {}; backfill the binding to create the collection anew, \
                 or leave initializeFromS3 out",
                describe(wanted)
            ));
        };
        let progress = Progress::from(source);
        match &progress.state {
            Some(state) if progress.has_failed() => wrong(format!(
                "can't be filled from {}: its source is in {state}: {}; correct in Rockset what it \
                 names, and the task goes on by itself",
                describe(wanted),
                match progress.message.as_str() {
                    "" => "Rockset says no more",
                    message => message,
                }
            )),
            _ => Ok(Some(progress)),
        }
    }

    fn report(&mut self, status: Option<CollectionStatus>, progress: Option<Progress>) {
        let now = Instant::now();
        let is_due = self.reported.is_none_or(|at| now - at >= self.poll.report);
        let is_news = self.status != status;
        self.status = status;
        match progress {
            Some(progress) => {
                if progress.has_moved_since(&self.progress) {
                    self.moved = now;
                }
                self.progress = progress;
                if is_due {
                    self.say_progress(now);
                    self.reported = Some(now);
                }
                if now - self.moved >= self.poll.stalled {
                    self.say_stalled();
                    self.moved = now;
                }
            }
            None if is_due || is_news => {
                self.say_status();
                self.reported = Some(now);
            }
            None => {}
        }
    }

    fn say_progress(&mut self, now: Instant) {
        let Progress { objects, objects_total, bytes, bytes_total, .. } = self.progress;
        // The first report has no pace: it isn't known how long the objects before it took.
        let pace = match self.last_report.replace((self.progress.clone(), now)) {
            Some((before, at)) => self.progress.pace(&before, now - at),
            None => String::new(),
        };
        let expected = match self.expected {
            Some(expected) if expected > objects_total => {
                format!("; files written: {expected}, to come: {}", expected - objects_total)
            }
            _ => String::new(),
        };
        info!(
            collection = %self.target,
            status = self.status.as_ref().map(CollectionStatus::as_str),
            source = self.progress.state.as_ref().map(|state| state.as_str()),
            objects,
            objects_total,
            bytes,
            bytes_total,
            seconds = self.begun.elapsed().as_secs(),
            "filling the collection from S3: {objects} of {objects_total} objects, {} of \
             {}{pace}{expected}",
            ByteSize(bytes),
            ByteSize(bytes_total),
        );
    }

    fn say_stalled(&self) {
        let Some(source) = &self.source else { return };
        let Progress { objects, objects_total, .. } = self.progress;
        let seconds = self.begun.elapsed().as_secs();
        let cause = match self.expected {
            Some(expected) if objects == objects_total && objects_total < expected => format!(
                "Rockset has seen {objects_total} of the {expected} files that were written: check \
                 that {} is where they are, and that they are there",
                describe(source)
            ),
            _ if objects_total == 0 => format!(
                "Rockset has seen no object in {}: check that bucket and prefix are right, and that \
                 the integration may list them",
                describe(source)
            ),
            _ => "the likely cause is a virtual instance that is too small: shared ones never \
                  start a bulk ingest; use a larger, dedicated one"
                .to_string(),
        };
        warn!(collection = %self.target, objects, objects_total, seconds, "nothing moves: {cause}");
    }

    fn say_status(&self) {
        use CollectionStatus as S;
        let status = self.status.as_ref();
        let name = status.map(S::as_str);
        let seconds = self.begun.elapsed().as_secs();
        match status {
            Some(S::Paused | S::Pausing | S::Deleted | S::EncryptionKeyError) => warn!(
                collection = %self.target, status = name, seconds,
                "waiting for a collection that will not become READY by itself; look at it in Rockset"
            ),
            _ => info!(
                collection = %self.target, status = name, seconds,
                "waiting for the collection to be READY"
            ),
        }
    }

    fn say_done(&self, progress: Option<&Progress>) {
        let seconds = self.begun.elapsed().as_secs();
        match (progress, &self.source) {
            (Some(Progress { objects: 0, .. }), Some(source)) => warn!(
                collection = %self.target, seconds,
                "there is no object in {}, so the collection begins empty", describe(source)
            ),
            (Some(progress), _) => info!(
                collection = %self.target, objects = progress.objects, bytes = progress.bytes, seconds,
                "the collection is filled from S3: {} objects, {}",
                progress.objects, ByteSize(progress.bytes)
            ),
            (None, _) if self.reported.is_some() => {
                info!(collection = %self.target, seconds, "collection is READY")
            }
            (None, _) => {}
        }
    }
}
