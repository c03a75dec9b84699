//! The sources of a collection.

use super::collection::{Collection, State};
use super::kept;
use super::source::{self, is_read};
use super::source_entry::SourceEntry;
use crate::local::error::ApiError;
use crate::local::journal::Change;
use crate::local::storage::NewDocument;
use crate::rockset::enums::SourceState;
use crate::rockset::types::{Source, SourceBase};
use chrono::{SecondsFormat, TimeDelta, Utc};
use std::time::{Duration, Instant};

impl Collection {
    pub fn sources(&self) -> Vec<Source> {
        self.state().sources.iter().map(SourceEntry::show).collect()
    }

    pub fn source(&self, id: &str) -> Result<Source, ApiError> {
        let state = self.state();
        self.alive()?;
        Ok(state.sources[position(&state, id)?].show())
    }

    pub(super) fn add_source(&self, source: SourceEntry) -> Result<Source, ApiError> {
        self.changeable()?;
        let mut state = self.state();
        self.alive()?;
        let shown = source.show();
        state.sources.push(source);
        self.keep(&mut state);
        Ok(shown)
    }

    /// Removes a source. Its documents stay.
    pub fn remove_source(&self, id: &str) -> Result<Source, ApiError> {
        let mut state = self.state();
        self.alive()?;
        let i = position(&state, id)?;
        let removed = state.sources.remove(i).shown;
        self.keep(&mut state);
        self.forget_objects(id);
        Ok(removed)
    }

    pub fn suspend_source(&self, id: &str, period: Duration) -> Result<Source, ApiError> {
        self.with_source(id, |source| {
            readable(source)?;
            let resume =
                TimeDelta::from_std(period).ok().and_then(|p| Utc::now().checked_add_signed(p));
            let resume = resume.ok_or_else(|| ApiError::invalid("That is too long"))?;
            source.set(SourceState::Suspended);
            source.resume = Instant::now().checked_add(period);
            source.shown.suspended_at = Some(super::timestamp());
            source.shown.resume_at = Some(resume.to_rfc3339_opts(SecondsFormat::Secs, true));
            Ok(source.show())
        })
    }

    pub fn resume_source(&self, id: &str) -> Result<Source, ApiError> {
        self.with_source(id, |source| {
            readable(source)?;
            if source.state() == Some(&SourceState::Suspended) {
                source.go_on();
            }
            Ok(source.show())
        })
    }

    /// Changes the settings of a source, which are those of its kind.
    pub fn set_source(&self, id: &str, change: SourceBase) -> Result<Source, ApiError> {
        self.with_source(id, |source| {
            readable(source)?;
            source::set(&mut source.shown, change)?;
            Ok(source.show())
        })
    }

    /// Stores the documents of a file, together with the source that stands for the file.
    pub fn upload(&self, source: Source, documents: Vec<NewDocument>) -> Result<(), ApiError> {
        let _turn = self.turn();
        self.writable()?;
        self.put(documents, Vec::new(), |state| state.sources.push(SourceEntry::complete(source)))
    }

    /// Stores documents that were pushed for a source, if the source still exists, and changes its
    /// status.
    pub fn push(
        &self,
        id: &str,
        documents: Vec<NewDocument>,
        note: impl FnOnce(&mut Source),
    ) -> bool {
        let _turn = self.turn();
        if position(&self.state(), id).is_err() {
            return false;
        }
        let stored = self.put(documents, Vec::new(), |state| {
            if let Some(source) = state.sources.iter_mut().find(|source| source.is(id)) {
                note(&mut source.shown);
            }
        });
        stored.is_ok()
    }

    /// Stores documents together with another change of the state and of the journal's entries. The
    /// caller holds a [turn](Self::turn).
    pub(super) fn put(
        &self,
        documents: impl IntoIterator<Item = NewDocument>,
        entries: Vec<Change>,
        change: impl FnOnce(&mut State),
    ) -> Result<(), ApiError> {
        let mut batch = self.batch();
        for (id, document) in documents {
            let immutable = self.definition().insert_only && batch.replaces(&id, &document);
            if !immutable {
                batch.put_record(id, document);
            }
        }
        self.publish(batch, entries, change).map(drop)
    }

    fn with_source<T>(
        &self,
        id: &str,
        act: impl FnOnce(&mut SourceEntry) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let mut state = self.state();
        self.alive()?;
        let i = position(&state, id)?;
        let outcome = act(&mut state.sources[i])?;
        self.keep(&mut state);
        Ok(outcome)
    }

    /// Tells the journal that a source has no objects any more.
    fn forget_objects(&self, source: &str) {
        if let Some(journal) = &self.journal {
            let begin = kept::object_key(self.id, source, "");
            journal.commit(Change::delete_all(kept::OBJECT, &begin));
        }
    }
}

fn position(state: &State, id: &str) -> Result<usize, ApiError> {
    let found = state.sources.iter().position(|source| source.is(id));
    found.ok_or_else(|| ApiError::not_found("Source", id))
}

fn readable(source: &SourceEntry) -> Result<(), ApiError> {
    if !is_read(&source.shown) {
        return Err(ApiError::invalid("Nothing is read from this source"));
    }
    Ok(())
}
