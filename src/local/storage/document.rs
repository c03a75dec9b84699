//! A document that is to be stored.

use super::stored::Stored;
use std::fmt::Debug;
use std::sync::Arc;
use uuid::Uuid;

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

/// `_meta` of a document that a source has brought.
#[derive(Debug)]
pub struct Meta {
    pub origin: RecordOrigin,
    /// The reason why the record could not become a document.
    pub bad: Option<Box<str>>,
}

/// The origin of a record.
#[derive(Debug, Clone)]
pub enum RecordOrigin {
    /// An object in S3.
    #[cfg_attr(not(feature = "engine"), allow(dead_code))]
    S3 {
        /// `_meta.s3` of the object, as the inside of a JSON object.
        object: Arc<str>,
        /// Position among the object's records, from 0.
        offset: u64,
    },
    /// An uploaded file, with its `_meta.file_upload`.
    Upload(Arc<str>),
    /// A message in Kafka.
    Kafka {
        /// `_meta.kafka` of the message.
        message: Arc<str>,
        /// The same whenever the same message is sent.
        id: Uuid,
    },
}

impl RecordOrigin {
    /// The content of `_meta`, as the inside of a JSON object.
    pub fn json(&self) -> String {
        match self {
            Self::S3 { object, offset } => format!(r#""s3":{{{object},"offset":{offset}}}"#),
            Self::Upload(file) => format!(r#""file_upload":{file}"#),
            Self::Kafka { message, .. } => format!(r#""kafka":{message}"#),
        }
    }

    /// The `_id` of a document that brings none.
    pub fn id(&self) -> Uuid {
        match self {
            Self::Kafka { id, .. } => *id,
            _ => Uuid::new_v4(),
        }
    }
}

impl Meta {
    /// `_meta` as JSON.
    pub(in crate::local) fn json(&self) -> String {
        let bad = match &self.bad {
            None => String::new(),
            Some(reason) => format!(r#","bad":{}"#, serde_json::Value::from(reason.as_ref())),
        };
        format!("{{{}{bad}}}", self.origin.json())
    }
}

impl Document {
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
