//! A source of a collection, with how far it is.

use crate::local::engine;
use crate::local::source::is_read;
use crate::rockset::enums::{CollectionStatus, SourceState};
use crate::rockset::types::{Source, SourceWriteApi, Status};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use uuid::Uuid;

/// A source of a collection.
#[derive(Debug)]
pub(super) struct SourceEntry {
    /// As the API shows it.
    pub(super) shown: Source,
    /// Why nobody reads it, if that is so.
    pub(super) unread: Option<String>,
    pub(super) stage: Stage,
    /// When it goes on, if it is suspended.
    pub(super) resume: Option<Instant>,
    /// Who reads it. Dropping it ends the reading.
    #[cfg_attr(not(feature = "engine"), allow(dead_code))]
    pub(super) reader: JoinSet<()>,
}

/// What a source means for the status of its collection.
#[cfg_attr(not(feature = "engine"), allow(dead_code))]
#[derive(Debug, Clone, Copy)]
pub(super) enum Stage {
    /// It isn't known yet how much there is to read.
    Unlisted,
    /// There is so much that the collection can't be used before it is read.
    Bulk(Instant),
    /// The collection does not wait for it.
    Free,
}

impl SourceEntry {
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
    pub(super) fn brought(shown: Source) -> Self {
        Self { shown, unread: None, stage: Stage::Free, resume: None, reader: JoinSet::new() }
    }

    pub(super) fn show(&self) -> Source {
        self.shown.clone()
    }

    pub(super) fn is(&self, id: &str) -> bool {
        self.shown.id.as_deref() == Some(id)
    }

    pub(super) fn state(&self) -> Option<&SourceState> {
        self.shown.status.as_ref()?.state.as_ref()
    }

    pub(super) fn set(&mut self, state: SourceState) {
        let status = self.shown.status.get_or_insert_with(Status::default);
        status.state = Some(state);
        status.message = None;
    }

    /// Shows that it is about to be read, or that it isn't and why.
    pub(super) fn begin(&mut self) {
        let state = match self.unread {
            None => SourceState::Initializing,
            Some(_) => SourceState::Error,
        };
        self.set(state);
        if let Some(status) = &mut self.shown.status {
            status.message = self.unread.clone();
        }
    }

    pub(super) fn go_on(&mut self) {
        self.begin();
        self.resume = None;
        self.shown.suspended_at = None;
        self.shown.resume_at = None;
    }
}

/// Notes that something was written: the write API is a source of every collection that
/// it has been used on.
pub(super) fn written(sources: &mut Vec<SourceEntry>) {
    if sources.iter().all(|source| source.shown.write_api.is_none()) {
        let source = Source {
            id: Some(Uuid::new_v4().to_string()),
            status: Some(Status::default()),
            write_api: Some(SourceWriteApi(Default::default())),
            ..Source::default()
        };
        sources.push(SourceEntry::new(source, false));
    }
}

/// The status in which the sources hold a collection that would otherwise be READY.
pub(super) fn holding(sources: &[SourceEntry], preparing: Duration) -> Option<CollectionStatus> {
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
