//! A document as it is stored.
//!
//! It is kept as the text of its fields, so that it takes little more memory than
//! it has bytes.

use crate::local::special_fields::{EVENT_TIME, ID, META, extended};
use std::sync::Arc;
use uuid::Uuid;

/// A document without its `_id`.
#[derive(Debug)]
pub(in crate::local) struct Document {
    /// `_event_time`, in microseconds since the epoch.
    pub(in crate::local) event_time: i64,
    /// All fields but the special ones, as the inside of a JSON object.
    pub(in crate::local) fields: Box<str>,
    /// Where it comes from, if a source has brought it.
    pub(in crate::local) meta: Option<Box<Meta>>,
}

/// `_meta` of a document that a source has brought.
#[derive(Debug)]
pub(in crate::local) struct Meta {
    pub(in crate::local) origin: Origin,
    /// Why the record could not become a document.
    pub(in crate::local) bad: Option<Box<str>>,
}

/// Where a record comes from.
#[derive(Debug, Clone)]
pub(in crate::local) enum Origin {
    /// An object in S3.
    #[cfg_attr(not(feature = "engine"), allow(dead_code))]
    S3 {
        /// What `_meta.s3` says of the object, as the inside of a JSON object.
        object: Arc<str>,
        /// Which of the object's records it is, from 0.
        offset: u64,
    },
    /// A file that was uploaded, and what `_meta.file_upload` says of it.
    Upload(Arc<str>),
    /// A message in Kafka.
    Kafka {
        /// What `_meta.kafka` says of it.
        message: Arc<str>,
        /// The same for the same message, however often it comes.
        id: Uuid,
    },
}

impl Origin {
    /// What `_meta` says of it, as the inside of a JSON object.
    pub(in crate::local) fn json(&self) -> String {
        match self {
            Self::S3 { object, offset } => format!(r#""s3":{{{object},"offset":{offset}}}"#),
            Self::Upload(file) => format!(r#""file_upload":{file}"#),
            Self::Kafka { message, .. } => format!(r#""kafka":{message}"#),
        }
    }

    /// The `_id` of a document that brings none.
    pub(in crate::local) fn id(&self) -> Uuid {
        match self {
            Self::Kafka { id, .. } => *id,
            _ => Uuid::new_v4(),
        }
    }
}

impl Meta {
    fn json(&self) -> String {
        let bad = match &self.bad {
            None => String::new(),
            Some(reason) => format!(r#","bad":{}"#, serde_json::Value::from(reason.as_ref())),
        };
        format!("{{{}{bad}}}", self.origin.json())
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

/// A document under its `_id`, ready to be stored.
pub(in crate::local) type Ready = (Box<str>, Document);

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
