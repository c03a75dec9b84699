//! Progress of a source: its reader reports it to the collection, and asks whether to go on.

use super::collection::{Collection, State};
use super::kept;
use super::source_entry::Stage;
use crate::local::error::ApiError;
use crate::local::journal::Change;
use crate::local::storage::NewDocument;
use crate::rockset::enums::SourceState;
use crate::rockset::types::{Source, Status};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::mem;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Tells the reader of a source what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadState {
    Active,
    Suspended,
    /// The source or its collection is gone.
    Gone,
}

impl Collection {
    /// Hands over the tasks that read a source. They end with the source.
    pub fn read_with(&self, id: &str, reader: JoinSet<()>) {
        if let Some(source) = self.state().sources.iter_mut().find(|source| source.is(id)) {
            source.reader = reader;
        }
    }

    /// Whether a source is to be read now, later, or not any more.
    pub fn read_state(&self, id: &str) -> ReadState {
        if self.is_deleted() {
            return ReadState::Gone;
        }
        read_state(&mut self.state(), id)
    }

    /// Stores the documents of a source's object in their order, together with how far the object
    /// is read then, unless the source is suspended or gone. The time grows with their number.
    pub fn ingest(
        &self,
        id: &str,
        documents: &mut Vec<NewDocument>,
        (object, progress): (&str, &impl Serialize),
    ) -> ReadState {
        let _turn = self.turn();
        let state = self.read_state(id);
        if state != ReadState::Active {
            return state;
        }
        let entries = self.journal.iter().map(|_| self.progress(id, object, progress)).collect();
        match self.put(documents.drain(..), entries, |_| {}) {
            Ok(()) => ReadState::Active,
            Err(_) => ReadState::Gone,
        }
    }

    /// Records how far an object of a source is read.
    pub fn record_progress(&self, id: &str, object: &str, progress: &impl Serialize) {
        if let Some(journal) = &self.journal {
            journal.commit(self.progress(id, object, progress));
        }
    }

    fn progress(&self, id: &str, object: &str, progress: &impl Serialize) -> Change {
        Change::put(kept::OBJECT, &kept::object_key(self.id, id, object), progress)
    }

    /// How far an earlier process has read the objects of a source. An object whose progress can't
    /// be read is one that isn't known.
    pub fn take_progress<T: DeserializeOwned>(&self, id: &str) -> Vec<(String, T)> {
        let mut state = self.state();
        let found = state.sources.iter_mut().find(|source| source.is(id));
        let objects = found.map(|source| mem::take(&mut source.objects)).unwrap_or_default();
        drop(state);
        let read = |(name, text): (String, String)| Some((name, serde_json::from_str(&text).ok()?));
        objects.into_iter().filter_map(read).collect()
    }

    /// Waits until everything that was stored so far is durable.
    pub async fn settled(&self) -> Result<(), ApiError> {
        match &self.journal {
            None => Ok(()),
            Some(journal) => journal.settled().await,
        }
    }

    /// Changes the shown state of a source, unless the source is gone or suspended.
    pub fn note(&self, id: &str, change: impl FnOnce(&mut Source, &mut Status)) {
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

    /// Records that a source is listed, and whether it is a bulk ingest, which the collection waits
    /// for. Returns the time to wait before reading.
    pub fn listed(&self, id: &str, bulk: bool) -> Duration {
        let mut state = self.state();
        let wait = match state.sources.iter_mut().find(|source| source.is(id)) {
            Some(source) if matches!(source.stage, Stage::Unlisted) && bulk => {
                source.stage = Stage::Bulk(Instant::now());
                self.ready_after
            }
            Some(source) if matches!(source.stage, Stage::Unlisted) => {
                source.stage = Stage::Free;
                Duration::ZERO
            }
            _ => Duration::ZERO,
        };
        self.keep(&mut state);
        wait
    }

    /// Records that everything listed is read.
    pub fn caught_up(&self, id: &str) {
        let mut state = self.state();
        if let Some(source) = state.sources.iter_mut().find(|source| source.is(id)) {
            source.stage = Stage::Free;
        }
        self.keep(&mut state);
    }
}

fn read_state(state: &mut State, id: &str) -> ReadState {
    match state.sources.iter_mut().find(|source| source.is(id)) {
        None => ReadState::Gone,
        Some(source) if source.state() == Some(&SourceState::Suspended) => {
            if source.resume.is_none_or(|resume| resume > Instant::now()) {
                return ReadState::Suspended;
            }
            source.go_on();
            ReadState::Active
        }
        Some(_) => ReadState::Active,
    }
}
