//! `_meta` of a document: where it comes from.

use std::sync::Arc;
use uuid::Uuid;

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
