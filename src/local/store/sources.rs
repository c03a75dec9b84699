//! The sources of a collection: how far each has been read, and whether to go on.

use super::collection::{Collection, State};
use super::source_entry::SourceEntry;
#[cfg(feature = "engine")]
use super::source_entry::Stage;
use crate::local::errors::Failure;
use crate::local::source::is_read;
use crate::local::special_fields as special;
use crate::local::storage::Ready;
use crate::rockset::enums::SourceState;
#[cfg(feature = "engine")]
use crate::rockset::types::Status;
use crate::rockset::types::{Source, SourceS3Settings};
use chrono::{SecondsFormat, TimeDelta, Utc};
use std::time::{Duration, Instant};
#[cfg(feature = "engine")]
use tokio::task::JoinSet;

/// What the reader of a source is to do.
#[cfg(feature = "engine")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::local) enum Reading {
    GoesOn,
    Rests,
    /// The source or its collection is gone.
    IsOver,
}

impl Collection {
    pub(in crate::local) fn sources(&self) -> Vec<Source> {
        self.state().sources.iter().map(SourceEntry::show).collect()
    }

    pub(in crate::local) fn source(&self, id: &str) -> Result<Source, Failure> {
        self.with_source(id, |source| Ok(source.show()))
    }

    pub(super) fn add_source(&self, source: Source) -> Result<Source, Failure> {
        let mut state = self.state();
        self.alive()?;
        let source = SourceEntry::new(source, false);
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
        self.put(documents, |state| state.sources.push(SourceEntry::brought(source)))
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
        act: impl FnOnce(&mut SourceEntry) -> Result<T, Failure>,
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

fn readable(source: &SourceEntry) -> Result<(), Failure> {
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
