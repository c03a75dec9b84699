//! Waiting until a collection can be written to, and has all that it is filled from.

use super::Error;
use super::differences::{describe, reads};
use super::progress::{Bytes, Progress};
use super::task::Target;
use crate::config::InitializeFromS3;
use crate::rockset::enums::CollectionStatus;
use crate::rockset::retry::Policy;
use crate::rockset::types::{Collection, GetCollectionResponse};
use crate::rockset::{self, Client, call};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracing::{info, warn};

/// How often to look, and to say something.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rhythm {
    /// Before the second look. The pause grows from there.
    first_pause: Duration,
    longest_pause: Duration,
    /// The longest pause once it has taken an hour.
    longest_pause_later: Duration,
    later: Duration,
    /// Between two reports of progress.
    report: Duration,
    /// Without anything moving, after which something is wrong.
    stalled: Duration,
    /// How long it goes on after the input has ended.
    pub grace: Duration,
    /// How long all of this takes, compared with what is usual.
    scale: f64,
}

impl Default for Rhythm {
    fn default() -> Self {
        Self {
            first_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(45),
            longest_pause_later: Duration::from_secs(90),
            later: Duration::from_secs(3_600),
            report: Duration::from_secs(30),
            stalled: Duration::from_secs(300),
            grace: Duration::from_secs(10),
            scale: 1.0,
        }
    }
}

impl Rhythm {
    /// The usual one, unless the variable `ROCKSET_WAIT_SCALE` asks for another pace: with
    /// `0.01`, everything happens a hundred times as fast.
    pub fn from_environment() -> Self {
        let scale = std::env::var("ROCKSET_WAIT_SCALE").ok();
        let scale = scale.and_then(|text| text.parse::<f64>().ok());
        let usual = Self::default();
        match scale.filter(|scale| scale.is_finite() && *scale > 0.0 && *scale <= 1.0) {
            None => usual,
            Some(scale) => Self {
                first_pause: usual.first_pause.mul_f64(scale),
                longest_pause: usual.longest_pause.mul_f64(scale),
                longest_pause_later: usual.longest_pause_later.mul_f64(scale),
                later: usual.later.mul_f64(scale),
                report: usual.report.mul_f64(scale),
                stalled: usual.stalled.mul_f64(scale),
                grace: usual.grace.mul_f64(scale),
                scale,
            },
        }
    }

    /// How a look is repeated that isn't answered.
    fn retry(&self, usual: Policy) -> Policy {
        Policy {
            first: usual.first.mul_f64(self.scale),
            highest: usual.highest.mul_f64(self.scale),
            limit: usual.limit.mul_f64(self.scale),
        }
    }

    /// How long to wait after `looks` looks: jitter keeps tasks that were started together
    /// from asking together.
    fn pause(&self, looks: u32, waited: Duration) -> Duration {
        let longest =
            if waited < self.later { self.longest_pause } else { self.longest_pause_later };
        let grown = self.first_pause.as_secs_f64() * 1.5f64.powi(looks.min(64) as i32);
        let pause = grown.min(longest.as_secs_f64());
        Duration::from_secs_f64(pause * (0.7 + fastrand::f64() * 0.6))
    }
}

/// What a collection is waited for.
#[derive(Debug, Clone)]
pub(super) struct Wait {
    pub client: Client,
    pub target: Arc<Target>,
    /// Where it is filled from, unless that has been done.
    pub source: Option<InitializeFromS3>,
    /// How many files that must be at the least, if it is known.
    pub expected: Option<u64>,
    pub rhythm: Rhythm,
}

/// What has been seen and said so far.
struct Seen {
    begun: Instant,
    status: Option<CollectionStatus>,
    progress: Progress,
    /// When the progress last changed, or its standstill was last reported.
    moved: Instant,
    reported: Option<Instant>,
    /// What was in at the last report, and when.
    last_report: Option<(Progress, Instant)>,
}

impl Wait {
    /// Waits until the collection is READY and everything that it is filled from is in.
    pub async fn run(mut self) -> Result<(), Error> {
        self.client = self.client.retrying(self.rhythm.retry(self.client.retry()));
        let now = Instant::now();
        let mut seen = Seen {
            begun: now,
            status: None,
            progress: Progress::default(),
            moved: now,
            reported: None,
            last_report: None,
        };
        for looks in 0.. {
            if let Some(collection) = self.look().await? {
                let progress = self.progress(&collection)?;
                let is_ready = collection.status == Some(CollectionStatus::Ready);
                if is_ready && progress.as_ref().is_none_or(|it| it.is_complete(self.expected)) {
                    self.say_done(&seen, progress.as_ref());
                    return Ok(());
                }
                self.report(&mut seen, collection.status, progress);
            }
            tokio::time::sleep(self.rhythm.pause(looks, seen.begun.elapsed())).await;
        }
        Ok(())
    }

    /// The collection, unless what keeps Rockset from answering may pass.
    async fn look(&self) -> Result<Option<Collection>, Error> {
        let target = &self.target;
        let failed = |error| {
            let doing = format!("bindings[{}]: waiting for collection {target}", target.binding);
            Err(Error::rockset(doing)(error))
        };
        match call(self.client.get_collection(&target.workspace, &target.collection)).await {
            Ok(GetCollectionResponse { data: Some(collection), .. }) => match collection.status {
                Some(_) => Ok(Some(collection)),
                None => failed(rockset::Error::Unexpected("a collection without a status".into())),
            },
            Ok(_) => failed(rockset::Error::Unexpected("an answer without a collection".into())),
            Err(rockset::Error::NotFound(_)) => Err(Error::request(
                "Open",
                format!(
                    "bindings[{}]: collection {target} does not exist; publish the task again, so \
                     that it is created",
                    target.binding
                ),
            )),
            Err(error) if self.source.is_some() && error.can_pass() => {
                let reason = rockset::error::chain(&error);
                warn!(collection = %target, reason, "Rockset does not say how far the collection is; asking again");
                Ok(None)
            }
            Err(error) => failed(error),
        }
    }

    /// How far the source is, if there is one to wait for.
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

    fn report(
        &self,
        seen: &mut Seen,
        status: Option<CollectionStatus>,
        progress: Option<Progress>,
    ) {
        let now = Instant::now();
        let is_due = seen.reported.is_none_or(|at| now - at >= self.rhythm.report);
        let is_news = seen.status != status;
        seen.status = status;
        match progress {
            Some(progress) => {
                if progress.has_moved_since(&seen.progress) {
                    seen.moved = now;
                }
                seen.progress = progress;
                if is_due {
                    self.say_progress(seen, now);
                    seen.reported = Some(now);
                }
                if now - seen.moved >= self.rhythm.stalled {
                    self.say_stalled(seen);
                    seen.moved = now;
                }
            }
            None if is_due || is_news => {
                self.say_status(seen);
                seen.reported = Some(now);
            }
            None => {}
        }
    }

    fn say_progress(&self, seen: &mut Seen, now: Instant) {
        let Progress { objects, objects_total, bytes, bytes_total, .. } = seen.progress;
        // At first, what was taken in before anybody looked says nothing of the pace.
        let pace = match seen.last_report.replace((seen.progress.clone(), now)) {
            Some((before, at)) => seen.progress.pace(&before, now - at),
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
            status = seen.status.as_ref().map(CollectionStatus::as_str),
            source = seen.progress.state.as_ref().map(|state| state.as_str()),
            objects,
            objects_total,
            bytes,
            bytes_total,
            seconds = seen.begun.elapsed().as_secs(),
            "filling the collection from S3: {objects} of {objects_total} objects, {} of \
             {}{pace}{expected}",
            Bytes(bytes),
            Bytes(bytes_total),
        );
    }

    fn say_stalled(&self, seen: &Seen) {
        let Some(source) = &self.source else { return };
        let Progress { objects, objects_total, .. } = seen.progress;
        let seconds = seen.begun.elapsed().as_secs();
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

    fn say_status(&self, seen: &Seen) {
        use CollectionStatus as S;
        let status = seen.status.as_ref();
        let name = status.map(S::as_str);
        let seconds = seen.begun.elapsed().as_secs();
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

    fn say_done(&self, seen: &Seen, progress: Option<&Progress>) {
        let seconds = seen.begun.elapsed().as_secs();
        match (progress, &self.source) {
            (Some(Progress { objects: 0, .. }), Some(source)) => warn!(
                collection = %self.target, seconds,
                "there is no object in {}, so the collection begins empty", describe(source)
            ),
            (Some(progress), _) => info!(
                collection = %self.target, objects = progress.objects, bytes = progress.bytes, seconds,
                "the collection is filled from S3: {} objects, {}",
                progress.objects, Bytes(progress.bytes)
            ),
            (None, _) if seen.reported.is_some() => {
                info!(collection = %self.target, seconds, "collection is READY")
            }
            (None, _) => {}
        }
    }
}
