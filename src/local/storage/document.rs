//! A document as it is stored.
//!
//! It is kept as the text of its fields, so that it takes little more memory than
//! it has bytes.

use crate::local::special_fields::{EVENT_TIME, ID, META, extended};
use std::sync::Arc;

/// A document without its `_id`.
#[derive(Debug)]
pub(in crate::local) struct Document {
    /// `_event_time`, in microseconds since the epoch.
    pub(in crate::local) event_time: i64,
    /// All fields but the special ones, as the inside of a JSON object.
    pub(in crate::local) fields: Box<str>,
    /// Where it comes from, if a source has read it.
    pub(in crate::local) meta: Option<Box<Meta>>,
}

/// `_meta` of a document that a source has read.
#[derive(Debug)]
pub(in crate::local) struct Meta {
    /// What `_meta.s3` says of the object, as the inside of a JSON object.
    pub(in crate::local) object: Arc<str>,
    /// Which of the object's records it is, from 0.
    pub(in crate::local) offset: u64,
    /// Why the record could not become a document.
    pub(in crate::local) bad: Option<Box<str>>,
}

impl Meta {
    fn json(&self) -> String {
        let Self { object, offset, bad } = self;
        let bad = match bad {
            None => String::new(),
            Some(reason) => format!(r#","bad":{}"#, serde_json::Value::from(reason.as_ref())),
        };
        format!(r#"{{"s3":{{{object},"offset":{offset}}}{bad}}}"#)
    }
}

impl Document {
    /// The whole document as JSON.
    pub(in crate::local) fn json(&self, id: &str) -> String {
        let (id, time) = (serde_json::Value::from(id), extended(self.event_time));
        let meta = match &self.meta {
            None => String::new(),
            Some(meta) => format!(r#","{META}":{}"#, meta.json()),
        };
        let comma = if self.fields.is_empty() { "" } else { "," };
        format!(r#"{{"{ID}":{id},"{EVENT_TIME}":{time}{meta}{comma}{}}}"#, self.fields)
    }
}

/// A document in its place.
#[derive(Debug)]
pub(in crate::local) struct Stored {
    /// Position in the order of arrival, unique in its collection.
    pub(super) seq: u64,
    pub(in crate::local) id: Box<str>,
    pub(in crate::local) document: Document,
}

impl Stored {
    /// The whole document as JSON.
    pub(in crate::local) fn json(&self) -> String {
        self.document.json(&self.id)
    }

    /// Bytes by which the sizes of a collection are counted.
    pub(super) fn size(&self) -> usize {
        self.id.len() + self.document.fields.len()
    }
}
