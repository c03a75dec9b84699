//! A source of a collection, with its progress.

use super::kept::KeptSource;
use super::source::is_read;
use crate::rockset::enums::{CollectionStatus, SourceState};
use crate::rockset::types::{Source, SourceWriteApi, Status};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use uuid::Uuid;

/// A source of a collection.
#[derive(Debug)]
pub struct SourceEntry {
    /// The source as the API shows it.
    pub(super) shown: Source,
    /// The reason why nobody reads the source; `None` if it is read.
    pub(super) unread: Option<String>,
    pub(super) stage: Stage,
    /// The end of the suspension, if the source is suspended.
    pub(super) resume: Option<Instant>,
    /// The tasks that read the source. Dropping them ends the reading.
    #[cfg_attr(not(feature = "engine"), allow(dead_code))]
    pub(super) reader: JoinSet<()>,
    /// How far an earlier process has read the source's objects, by name, until a reader begins.
    #[cfg_attr(not(feature = "engine"), allow(dead_code))]
    pub(super) objects: Vec<(String, String)>,
}

/// Effect of a source on the status of its collection.
#[cfg_attr(not(feature = "engine"), allow(dead_code))]
#[derive(Debug, Clone, Copy)]
pub(super) enum Stage {
    /// The size of what is to be read isn't known yet.
    Unlisted,
    /// Bulk ingest: the collection can't be used until the source is read.
    Bulk(Instant),
    /// The collection does not wait for the source.
    Free,
}

impl SourceEntry {
    /// A source that is to be read, or the reason why nobody reads it.
    pub fn new(shown: Source, unread: Option<String>) -> Self {
        let mut entry = Self { unread, ..Self::complete(shown) };
        if entry.unread.is_some() {
            entry.begin();
        }
        entry
    }

    /// A source that is complete, or that has nothing to read.
    pub(super) fn complete(shown: Source) -> Self {
        Self {
            shown,
            unread: None,
            stage: Stage::Free,
            resume: None,
            reader: JoinSet::new(),
            objects: Vec::new(),
        }
    }

    /// What the journal knows of the source.
    pub(super) fn kept(&self) -> KeptSource {
        let is_awaited = !matches!(self.stage, Stage::Free);
        KeptSource { source: self.show(), unread: self.unread.clone(), is_awaited }
    }

    /// A source that an earlier process has left.
    #[cfg(feature = "engine")]
    pub(super) fn restored(kept: KeptSource) -> Self {
        let KeptSource { source, unread, is_awaited } = kept;
        let stage = if is_awaited { Stage::Unlisted } else { Stage::Free };
        let resume = source.resume_at.as_deref().and_then(moment);
        Self { unread, stage, resume, ..Self::complete(source) }
    }

    /// The same source in a new collection, which waits for it if it is to be read.
    pub(super) fn of_new_collection(self) -> Self {
        let waits = is_read(&self.shown) && self.unread.is_none();
        Self { stage: if waits { Stage::Unlisted } else { Stage::Free }, ..self }
    }

    /// The source as the API shows it.
    pub fn source(&self) -> &Source {
        &self.shown
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

    /// Shows that reading is about to begin, or the reason why it doesn't.
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

/// The moment at which a time of the API is or was.
#[cfg(feature = "engine")]
fn moment(time: &str) -> Option<Instant> {
    let left = chrono::DateTime::parse_from_rfc3339(time).ok()?.to_utc() - chrono::Utc::now();
    Instant::now().checked_add(left.to_std().unwrap_or_default())
}

/// Records a write. The write API is a source of every collection that it has written to.
pub(super) fn written(sources: &mut Vec<SourceEntry>) {
    if sources.iter().all(|source| source.shown.write_api.is_none()) {
        let source = Source {
            id: Some(Uuid::new_v4().to_string()),
            status: Some(Status::default()),
            write_api: Some(SourceWriteApi(Default::default())),
            ..Source::default()
        };
        sources.push(SourceEntry::complete(source));
    }
}

/// The status in which the sources keep a collection that would otherwise be READY.
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
