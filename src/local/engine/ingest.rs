//! Records into documents.
//!
//! A record that can't become one becomes a document that says so in `_meta.bad`, and
//! the ingest goes on.

use super::formats::Record;
use crate::local::definition::Transformation;
use crate::local::incoming::{self, Transformed};
use crate::local::pool::Pool;
use crate::local::special_fields::{self as special, EventTimeSource};
use crate::local::storage::{Document, Meta};
use crate::local::store::Collection;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::mpsc;

/// A document under its `_id`, ready to be stored.
pub(super) type Ready = (Box<str>, Document);

/// Documents of an object, in their order.
#[derive(Debug)]
pub(super) struct Part {
    /// Of how many of its records they are.
    pub(super) records: u64,
    /// The documents, or why no more can be read of it now.
    pub(super) documents: Result<Vec<Ready>, String>,
}

/// How much of a bad record is shown.
const EXCERPT: usize = 200;

/// Where the records of an object go.
#[derive(Debug, Clone)]
pub(super) struct Sink(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    collection: Weak<Collection>,
    /// The source's own transformation, which takes the place of the collection's.
    transformation: Option<Transformation>,
    /// What `_meta.s3` says of the object, as the inside of a JSON object.
    object: Arc<str>,
    progress: Mutex<Progress>,
    parts: mpsc::Sender<Part>,
    pool: Pool,
}

#[derive(Debug)]
struct Progress {
    /// Records so far.
    records: u64,
    /// Records that were stored the last time, when the object could not be read to its end.
    skip: u64,
}

/// That nobody takes the documents any more.
pub(super) struct Unwanted;

impl Sink {
    /// Records of an object, of which the first `skip` are stored already.
    pub(super) fn new(
        collection: Weak<Collection>,
        transformation: Option<Transformation>,
        object: Arc<str>,
        skip: u64,
        parts: mpsc::Sender<Part>,
        pool: Pool,
    ) -> Self {
        let progress = Mutex::new(Progress { records: 0, skip });
        Self(Arc::new(Parts { collection, transformation, object, progress, parts, pool }))
    }

    /// Makes documents of records, which takes a while. Fails when nobody takes them any
    /// more.
    pub(super) fn part(&self, mut records: Vec<Record>) -> Result<Part, Unwanted> {
        let first = {
            let mut progress = self.0.progress.lock().unwrap_or_else(PoisonError::into_inner);
            let count = records.len() as u64;
            let skipped = progress.skip.min(count);
            progress.skip -= skipped;
            records.drain(..usize::try_from(skipped).unwrap_or(usize::MAX));
            progress.records += count;
            progress.records - count + skipped
        };
        let count = records.len() as u64;
        Ok(Part { records: count, documents: Ok(self.documents(first, &records)?) })
    }

    /// Hands documents on. Fails when nobody takes them any more.
    pub(super) async fn send(&self, part: Part) -> Result<(), Unwanted> {
        self.0.parts.send(part).await.map_err(|_| Unwanted)
    }

    /// Where documents are made.
    pub(super) fn pool(&self) -> &Pool {
        &self.0.pool
    }

    /// Makes a document of it that the object can't be read any further.
    pub(super) fn bad_object(&self, reason: String) -> Vec<Ready> {
        let progress = self.0.progress.lock().unwrap_or_else(PoisonError::into_inner);
        vec![self.bad(progress.records, special::now(), reason)]
    }

    fn documents(&self, first: u64, records: &[Record]) -> Result<Vec<Ready>, Unwanted> {
        let parts = &self.0;
        let collection = parts.collection.upgrade().ok_or(Unwanted)?;
        let event_time = collection.definition().event_time.as_ref();
        let now = special::now();
        let transformation = parts.transformation.clone().or_else(|| collection.transformation());
        let transformation = transformation.and_then(|transformation| transformation.engine);
        let transformed = transformation.map(|transformation| {
            let good: Vec<&str> = records.iter().flatten().map(String::as_str).collect();
            transformation.apply(&good).into_iter()
        });

        let mut scratch = String::new();
        let mut documents = Vec::with_capacity(records.len());
        let mut transformed = transformed;
        for (offset, record) in (first..).zip(records) {
            let document = match (record, &mut transformed) {
                (Err(reason), _) => Err(reason.clone()),
                (Ok(text), None) => self.document(offset, text, event_time, now, &mut scratch),
                (Ok(text), Some(transformed)) => match transformed.next() {
                    None | Some(Transformed::Dropped) => continue,
                    Some(Transformed::Failed(reason)) => Err(shown(&reason, text)),
                    Some(Transformed::Document(text)) => {
                        self.document(offset, &text, event_time, now, &mut scratch)
                    }
                },
            };
            documents.push(document.unwrap_or_else(|reason| self.bad(offset, now, reason)));
        }
        Ok(documents)
    }

    fn document(
        &self,
        offset: u64,
        text: &str,
        event_time: Option<&EventTimeSource>,
        now: i64,
        scratch: &mut String,
    ) -> Result<Ready, String> {
        let mut read = incoming::one(text, event_time, scratch)
            .map_err(|error| shown(&error.to_string(), text))?;
        let id = special::id(read.id).map_err(|failure| shown(failure.message(), text))?;
        let event_time = read.event_time(now).map_err(|failure| shown(failure.message(), text))?;
        Ok((id, Document { event_time, fields: read.fields, meta: Some(self.meta(offset, None)) }))
    }

    fn bad(&self, offset: u64, now: i64, reason: String) -> Ready {
        let id = uuid::Uuid::new_v4().to_string().into();
        let meta = Some(self.meta(offset, Some(reason.into())));
        (id, Document { event_time: now, fields: Box::default(), meta })
    }

    fn meta(&self, offset: u64, bad: Option<Box<str>>) -> Box<Meta> {
        Box::new(Meta { object: self.0.object.clone(), offset, bad })
    }
}

/// What is wrong, with the beginning of the record.
fn shown(reason: &str, record: &str) -> String {
    match record.char_indices().nth(EXCERPT) {
        None => format!("{reason}: {record}"),
        Some((end, _)) => format!("{reason}: {}…", &record[..end]),
    }
}
