//! What is held of each document beside its fields, whose text is in a chunk.

use super::meta::Meta;
use crate::local::json::extended;
use crate::rockset::rules::{EVENT_TIME, ID, META};

/// A stored document without its fields.
#[derive(Debug)]
pub struct Stored {
    /// Position in the order of arrival, unique in its collection.
    pub(super) seq: u64,
    pub id: Box<str>,
    /// `_event_time`, in microseconds since the epoch.
    pub event_time: i64,
    /// Bytes of the fields' text, which is shorter than 4 GiB because no body is as large.
    length: u32,
    extra: Option<Box<Extra>>,
}

/// What few documents have.
#[derive(Debug)]
struct Extra {
    meta: Option<Meta>,
    /// State of the aggregates of a document that stands for a group.
    state: Option<Box<[u8]>>,
}

impl Stored {
    /// A document at a position that its collection gave to it, whose fields have so many bytes.
    pub fn restored(
        seq: u64,
        id: Box<str>,
        event_time: i64,
        length: usize,
        meta: Option<Meta>,
        state: Option<Box<[u8]>>,
    ) -> Self {
        let has_extra = meta.is_some() || state.is_some();
        let extra = has_extra.then(|| Box::new(Extra { meta, state }));
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        Self { seq, id, event_time, length, extra }
    }

    #[cfg(feature = "engine")]
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The origin, if a source has brought the document.
    pub fn meta(&self) -> Option<&Meta> {
        self.extra.as_ref()?.meta.as_ref()
    }

    /// State of the aggregates, if the document stands for a group of documents that came in.
    pub fn state(&self) -> Option<&[u8]> {
        self.extra.as_ref()?.state.as_deref()
    }

    /// The whole document as JSON. The fields are the inside of a JSON object.
    pub fn json(&self, fields: &str) -> String {
        let (id, time) = (serde_json::Value::from(&*self.id), extended::timestamp(self.event_time));
        let meta = match self.meta() {
            None => String::new(),
            Some(meta) => format!(r#","{META}":{}"#, meta.json()),
        };
        let comma = if fields.is_empty() { "" } else { "," };
        format!(r#"{{"{ID}":{id},"{EVENT_TIME}":{time}{meta}{comma}{fields}}}"#)
    }

    /// Bytes of the text of the fields.
    pub fn length(&self) -> usize {
        self.length as usize
    }

    /// Bytes of memory that are held elsewhere for it.
    pub(super) fn held(&self) -> usize {
        let extra = self.extra.as_ref().map_or(0, |extra| {
            let bad = extra.meta.as_ref().and_then(|meta| meta.bad.as_ref());
            let state = extra.state.as_ref().map_or(0, |state| state.len());
            size_of::<Extra>() + state + bad.map_or(0, |bad| bad.len())
        });
        self.id.len() + extra
    }

    /// Bytes that the statistics of a collection count for the document.
    pub(super) fn size(&self) -> usize {
        self.id.len() + self.length()
    }
}
