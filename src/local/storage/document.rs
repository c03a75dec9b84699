//! A document that is to be stored.

use super::meta::Meta;
use super::stored::Stored;
use std::fmt::Debug;
use std::sync::Arc;

/// A document without its `_id`.
#[derive(Debug)]
pub struct Document {
    /// `_event_time`, in microseconds since the epoch.
    pub event_time: i64,
    /// All fields but the special ones, as the inside of a JSON object.
    pub fields: Box<str>,
    /// The origin, if a source has brought the document.
    pub meta: Option<Box<Meta>>,
    /// What the document has to do with a rollup, if anything.
    pub rollup: Option<Box<Rollup>>,
}

/// What a document has to do with a rollup.
#[derive(Debug)]
pub enum Rollup {
    /// The document came in. It isn't stored, but merged with the document of its group.
    Part(Arc<dyn Part>),
    /// The document is that of a group, with the state of its aggregates.
    State(Box<[u8]>),
}

/// Documents of a group that came in together.
pub trait Part: Debug + Send + Sync {
    /// The document of the group, merged with the stored one. `None` if that is done already:
    /// each of the documents that came in together asks for it.
    fn merged(&self, stored: Option<&Stored>) -> Result<Option<Document>, String>;
}

impl Document {
    /// The document at a position, and the text of its fields.
    pub(super) fn stored(self, seq: u64, id: Box<str>) -> (Stored, Box<str>) {
        let Self { event_time, fields, meta, rollup } = self;
        let state = match rollup.map(|rollup| *rollup) {
            Some(Rollup::State(state)) => Some(state),
            _ => None,
        };
        let meta = meta.map(|meta| *meta);
        (Stored::restored(seq, id, event_time, fields.len(), meta, state), fields)
    }

    /// What is merged with the document of its group, if the document is such a part.
    pub(super) fn part(&self) -> Option<&Arc<dyn Part>> {
        match self.rollup.as_deref() {
            Some(Rollup::Part(part)) => Some(part),
            _ => None,
        }
    }
}

/// A document under its `_id`, ready to be stored.
pub type NewDocument = (Box<str>, Document);
