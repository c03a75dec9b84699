//! The sources of a collection: how far each has been read, and whether to go on.

use super::collection::{Collection, State};
use crate::local::engine;
use crate::local::errors::Failure;
use crate::local::records::Ready;
use crate::local::source::is_read;
use crate::local::special_fields as special;
use crate::rockset::enums::{CollectionStatus, SourceState};
use crate::rockset::types::{Source, SourceS3Settings, SourceWriteApi, Status};
use chrono::{SecondsFormat, TimeDelta, Utc};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use uuid::Uuid;

/// A source of a collection.
#[derive(Debug)]
pub(super) struct Kept {
    /// As the API shows it.
    shown: Source,
    /// Why nobody reads it, if that is so.
    unread: Option<String>,
    stage: Stage,
    /// When it goes on, if it is suspended.
    resume: Option<Instant>,
    /// Who reads it. Dropping it ends the reading.
    #[cfg_attr(not(feature = "engine"), allow(dead_code))]
    reader: JoinSet<()>,
}

/// What a source means for the status of its collection.
#[cfg_attr(not(feature = "engine"), allow(dead_code))]
#[derive(Debug, Clone, Copy)]
enum Stage {
    /// It isn't known yet how much there is to read.
    Unlisted,
    /// There is so much that the collection can't be used before it is read.
    Bulk(Instant),
    /// The collection does not wait for it.
    Free,
}

/// What the reader of a source is to do.
#[cfg(feature = "engine")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::local) enum Reading {
    GoesOn,
    Rests,
    /// The source or its collection is gone.
    IsOver,
}

impl Kept {
    /// A source that a collection is created with, or that is added to it later.
    pub(super) fn new(source: Source, with_collection: bool) -> Self {
        let unread = engine::unread(&source);
        let waits = is_read(&source) && unread.is_none() && with_collection;
        let stage = if waits { Stage::Unlisted } else { Stage::Free };
        let mut kept = Self { shown: source, unread, stage, resume: None, reader: JoinSet::new() };
        if kept.unread.is_some() {
            kept.begin();
        }
        kept
    }

    /// A source that has brought all that it ever will.
    fn brought(shown: Source) -> Self {
        Self { shown, unread: None, stage: Stage::Free, resume: None, reader: JoinSet::new() }
    }

    pub(super) fn show(&self) -> Source {
        self.shown.clone()
    }

    fn is(&self, id: &str) -> bool {
        self.shown.id.as_deref() == Some(id)
    }

    fn state(&self) -> Option<&SourceState> {
        self.shown.status.as_ref()?.state.as_ref()
    }

    fn set(&mut self, state: SourceState) {
        let status = self.shown.status.get_or_insert_with(Status::default);
        status.state = Some(state);
        status.message = None;
    }

    /// Shows that it is about to be read, or that it isn't and why.
    fn begin(&mut self) {
        let state = match self.unread {
            None => SourceState::Initializing,
            Some(_) => SourceState::Error,
        };
        self.set(state);
        if let Some(status) = &mut self.shown.status {
            status.message = self.unread.clone();
        }
    }

    fn go_on(&mut self) {
        self.begin();
        self.resume = None;
        self.shown.suspended_at = None;
        self.shown.resume_at = None;
    }
}

/// Notes that something was written: the write API is a source of every collection that
/// it has been used on.
pub(super) fn written(sources: &mut Vec<Kept>) {
    if sources.iter().all(|source| source.shown.write_api.is_none()) {
        let source = Source {
            id: Some(Uuid::new_v4().to_string()),
            status: Some(Status::default()),
            write_api: Some(SourceWriteApi(Default::default())),
            ..Source::default()
        };
        sources.push(Kept::new(source, false));
    }
}

/// The status in which the sources hold a collection that would otherwise be READY.
pub(super) fn holding(sources: &[Kept], preparing: Duration) -> Option<CollectionStatus> {
    let mut held = None;
    for source in sources {
        match source.stage {
            Stage::Unlisted => return Some(CollectionStatus::Created),
            Stage::Bulk(since) if since.elapsed() < preparing => {
                held = Some(CollectionStatus::PreparingBulk);
            }
            Stage::Bulk(_) => held = held.or(Some(CollectionStatus::BulkIngestMode)),
            Stage::Free => {}
        }
    }
    held
}

impl Collection {
    pub(in crate::local) fn sources(&self) -> Vec<Source> {
        self.state().sources.iter().map(Kept::show).collect()
    }

    pub(in crate::local) fn source(&self, id: &str) -> Result<Source, Failure> {
        self.with_source(id, |source| Ok(source.show()))
    }

    pub(super) fn add_source(&self, source: Source) -> Result<Source, Failure> {
        let mut state = self.state();
        self.alive()?;
        let source = Kept::new(source, false);
        let shown = source.show();
        state.sources.push(source);
        Ok(shown)
    }

    /// Removes a source. What it has brought stays.
    pub(in crate::local) fn remove_source(&self, id: &str) -> Result<Source, Failure> {
        let mut state = self.state();
        self.alive()?;
        let i = position(&state, id)?;
        Ok(state.sources.remove(i).shown)
    }

    pub(in crate::local) fn suspend_source(
        &self,
        id: &str,
        period: Duration,
    ) -> Result<Source, Failure> {
        self.with_source(id, |source| {
            readable(source)?;
            let resume =
                TimeDelta::from_std(period).ok().and_then(|p| Utc::now().checked_add_signed(p));
            let resume = resume.ok_or_else(|| Failure::invalid("That is too long"))?;
            source.set(SourceState::Suspended);
            source.resume = Instant::now().checked_add(period);
            source.shown.suspended_at = Some(super::timestamp());
            source.shown.resume_at = Some(resume.to_rfc3339_opts(SecondsFormat::Secs, true));
            Ok(source.show())
        })
    }

    pub(in crate::local) fn resume_source(&self, id: &str) -> Result<Source, Failure> {
        self.with_source(id, |source| {
            readable(source)?;
            if source.state() == Some(&SourceState::Suspended) {
                source.go_on();
            }
            Ok(source.show())
        })
    }

    pub(in crate::local) fn set_source(
        &self,
        id: &str,
        settings: SourceS3Settings,
    ) -> Result<Source, Failure> {
        self.with_source(id, |source| {
            readable(source)?;
            if let Some(s3) = &mut source.shown.s3 {
                s3.settings = Some(settings);
            }
            Ok(source.show())
        })
    }

    /// Stores the documents of a file, and that they are from it.
    pub(in crate::local) fn upload(
        &self,
        source: Source,
        documents: Vec<Ready>,
    ) -> Result<(), Failure> {
        let _turn = self.turn();
        self.writable()?;
        self.put(documents, |state| state.sources.push(Kept::brought(source)))
    }

    /// Stores what was pushed for a source, if it is still there, and notes it.
    pub(in crate::local) fn push(
        &self,
        id: &str,
        documents: Vec<Ready>,
        note: impl FnOnce(&mut Source),
    ) -> bool {
        let _turn = self.turn();
        if position(&self.state(), id).is_err() {
            return false;
        }
        let stored = self.put(documents, |state| {
            if let Some(source) = state.sources.iter_mut().find(|source| source.is(id)) {
                note(&mut source.shown);
            }
        });
        stored.is_ok()
    }

    /// Stores documents, in the caller's [turn](Self::turn), together with another change.
    fn put(
        &self,
        documents: impl IntoIterator<Item = Ready>,
        change: impl FnOnce(&mut State),
    ) -> Result<(), Failure> {
        let mut batch = self.batch();
        for (id, document) in documents {
            let immutable = self.definition().insert_only && batch.get(&id).is_some();
            if !immutable {
                batch.put(id, document);
            }
        }
        self.publish(batch.seal().written(special::now()), change).map(drop)
    }

    fn with_source<T>(
        &self,
        id: &str,
        act: impl FnOnce(&mut Kept) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut state = self.state();
        self.alive()?;
        let i = position(&state, id)?;
        act(&mut state.sources[i])
    }
}

fn position(state: &State, id: &str) -> Result<usize, Failure> {
    let found = state.sources.iter().position(|source| source.is(id));
    found.ok_or_else(|| Failure::not_found("Source", id))
}

fn readable(source: &Kept) -> Result<(), Failure> {
    match is_read(&source.shown) {
        true => Ok(()),
        false => Err(Failure::invalid("Nothing is read from this source")),
    }
}

/// What the reader of a source says and asks.
#[cfg(feature = "engine")]
impl Collection {
    /// Lets a source be read.
    pub(in crate::local) fn read_with(&self, id: &str, reader: JoinSet<()>) {
        if let Some(source) = self.state().sources.iter_mut().find(|source| source.is(id)) {
            source.reader = reader;
        }
    }

    /// Whether to go on reading a source.
    pub(in crate::local) fn reading(&self, id: &str) -> Reading {
        match self.is_deleted() {
            true => Reading::IsOver,
            false => reading(&mut self.state(), id),
        }
    }

    /// Stores what a source has brought, in its order, unless it is to rest or to end. This
    /// may take as long as there are documents.
    pub(in crate::local) fn ingest(&self, id: &str, documents: &mut Vec<Ready>) -> Reading {
        let _turn = self.turn();
        let turn = self.reading(id);
        if turn != Reading::GoesOn {
            return turn;
        }
        match self.put(documents.drain(..), |_| {}) {
            Ok(()) => Reading::GoesOn,
            Err(_) => Reading::IsOver,
        }
    }

    /// Changes what is shown of a source, if it is still there and not suspended.
    pub(in crate::local) fn note(&self, id: &str, change: impl FnOnce(&mut Source, &mut Status)) {
        let mut state = self.state();
        let Some(source) = state.sources.iter_mut().find(|source| source.is(id)) else {
            return;
        };
        if source.state() != Some(&SourceState::Suspended) {
            let mut status = source.shown.status.take().unwrap_or_default();
            change(&mut source.shown, &mut status);
            source.shown.status = Some(status);
        }
    }

    /// Notes that it is known how much there is to read, and whether it has to be read
    /// before the collection is of use. Answers how long to wait before reading.
    pub(in crate::local) fn listed(&self, id: &str, bulk: bool) -> Duration {
        let mut state = self.state();
        match state.sources.iter_mut().find(|source| source.is(id)) {
            Some(source) if matches!(source.stage, Stage::Unlisted) && bulk => {
                source.stage = Stage::Bulk(Instant::now());
                self.ready_after
            }
            Some(source) if matches!(source.stage, Stage::Unlisted) => {
                source.stage = Stage::Free;
                Duration::ZERO
            }
            _ => Duration::ZERO,
        }
    }

    /// Notes that all there was to read has been read.
    pub(in crate::local) fn caught_up(&self, id: &str) {
        if let Some(source) = self.state().sources.iter_mut().find(|source| source.is(id)) {
            source.stage = Stage::Free;
        }
    }
}

#[cfg(feature = "engine")]
fn reading(state: &mut State, id: &str) -> Reading {
    match state.sources.iter_mut().find(|source| source.is(id)) {
        None => Reading::IsOver,
        Some(source) if source.state() == Some(&SourceState::Suspended) => {
            if source.resume.is_none_or(|resume| resume > Instant::now()) {
                return Reading::Rests;
            }
            source.go_on();
            Reading::GoesOn
        }
        Some(_) => Reading::GoesOn,
    }
}
