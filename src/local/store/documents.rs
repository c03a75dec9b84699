//! The documents of a collection, and the figures on them.
//!
//! A document is kept as the text of its fields, so that it takes little more memory
//! than it has bytes.

use crate::local::special_fields::{self as special, EVENT_TIME, ID, META, extended};
use crate::rockset::types::CollectionStats;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Bound;
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

/// Documents by their `_id`.
#[derive(Debug)]
pub(in crate::local) struct Documents {
    by_id: BTreeMap<Box<str>, Document>,
    /// No document is older than this.
    oldest: i64,
    /// What is older than this has expired: nobody sees it, though it may still be here.
    expired_before: i64,
    /// Documents put since it was last looked for what has expired.
    put_since: usize,
    size: usize,
    inserted: usize,
    overwritten: usize,
    purged: usize,
    purged_size: usize,
    last_updated: Option<i64>,
}

impl Default for Documents {
    fn default() -> Self {
        Self {
            by_id: BTreeMap::new(),
            oldest: i64::MAX,
            expired_before: i64::MIN,
            put_since: 0,
            size: 0,
            inserted: 0,
            overwritten: 0,
            purged: 0,
            purged_size: 0,
            last_updated: None,
        }
    }
}

impl Documents {
    pub(in crate::local) fn get(&self, id: &str) -> Option<&Document> {
        self.by_id.get(id).filter(|document| document.event_time >= self.expired_before)
    }

    /// Adds a document, or replaces the one that has its `_id` and then is true.
    pub(in crate::local) fn put(&mut self, id: Box<str>, document: Document) -> bool {
        self.oldest = self.oldest.min(document.event_time);
        self.put_since += 1;
        let size = size(&id, &document);
        self.inserted += size;
        self.size += size;
        match self.by_id.entry(id) {
            Entry::Vacant(entry) => {
                entry.insert(document);
                false
            }
            Entry::Occupied(mut entry) => {
                let old = entry.insert(document);
                let expired = old.event_time < self.expired_before;
                let old = self::size(entry.key(), &old);
                self.size -= old;
                if expired {
                    self.purged += 1;
                    self.purged_size += old;
                } else {
                    self.overwritten += old;
                }
                !expired
            }
        }
    }

    pub(in crate::local) fn remove(&mut self, id: &str) {
        if let Some(document) = self.by_id.remove(id) {
            self.size -= size(id, &document);
        }
    }

    /// Up to `limit` documents after an `_id`, in its order, as JSON.
    pub(in crate::local) fn page(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> impl Iterator<Item = (&str, String)> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let range = self.by_id.range::<str, _>((from, Bound::Unbounded));
        range.take(limit).map(|(id, document)| (id.as_ref(), document.json(id)))
    }

    /// Whether there is a document after an `_id`.
    pub(in crate::local) fn goes_on_after(&self, id: &str) -> bool {
        let after = (Bound::Excluded(id), Bound::Unbounded);
        self.by_id.range::<str, _>(after).next().is_some()
    }

    pub(in crate::local) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Lets the documents expire that are older than a time in microseconds, before
    /// others are written. They are forgotten when so many have been put that looking at
    /// all is little beside it.
    pub(super) fn expire(&mut self, before: i64) {
        self.expired_before = before;
        if self.put_since > self.by_id.len() / 2 {
            self.purge(before);
        }
    }

    /// Forgets the documents that are older than a time in microseconds.
    pub(super) fn purge(&mut self, before: i64) {
        self.expired_before = before;
        self.put_since = 0;
        if self.oldest >= before {
            return;
        }
        let mut oldest = i64::MAX;
        self.by_id.retain(|id, document| {
            let keep = document.event_time >= before;
            if keep {
                oldest = oldest.min(document.event_time);
            } else {
                self.purged += 1;
                self.purged_size += size(id, document);
                self.size -= size(id, document);
            }
            keep
        });
        self.oldest = oldest;
    }

    /// Notes that something was written.
    pub(super) fn touch(&mut self) {
        self.last_updated = Some(special::now() / 1000);
    }

    pub(super) fn stats(&self) -> CollectionStats {
        let figure = |n: usize| Some(i64::try_from(n).unwrap_or(i64::MAX));
        CollectionStats {
            doc_count: figure(self.by_id.len()),
            total_size: figure(self.size),
            bytes_inserted: figure(self.inserted),
            bytes_overwritten: figure(self.overwritten),
            purged_doc_count: figure(self.purged),
            purged_doc_size: figure(self.purged_size),
            last_updated_ms: self.last_updated,
            // There are no indexes, and nobody queries.
            last_queried_ms: Some(0),
            total_index_size: Some(0),
            row_index_size: Some(0),
            column_index_size: Some(0),
            inverted_index_size: Some(0),
            range_index_size: Some(0),
            bulk_bytes_inserted: Some(0),
            bulk_bytes_overwritten: Some(0),
            fill_progress: None,
        }
    }
}

/// Bytes of a document, by which the collection's sizes are counted.
fn size(id: &str, document: &Document) -> usize {
    id.len() + document.fields.len()
}
