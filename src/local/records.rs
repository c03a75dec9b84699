//! What a source brings: records into documents.
//!
//! A record that can't become one becomes a document that says so in `_meta.bad`, and
//! the ingest goes on.

use super::definition::Transformation;
use super::engine;
use super::incoming::{self, Transformed};
use super::special_fields::{self as special, EventTimeSource};
use super::storage::{Document, Meta, Origin, Ready};
use super::store::Collection;
use std::borrow::Cow;
use std::sync::Arc;
use std::vec::IntoIter;

/// A record as the text of a JSON object, or why it is none.
pub(super) type Record = Result<String, String>;

/// How much of a bad record is shown.
const EXCERPT: usize = 200;

/// How the records of a source become documents of a collection.
pub(super) struct Ingest<'a> {
    event_time: Option<&'a EventTimeSource>,
    transformation: Option<Arc<engine::Transformation>>,
    now: i64,
}

impl<'a> Ingest<'a> {
    /// With the source's own transformation, if it has one, in place of the collection's.
    pub(super) fn new(collection: &'a Collection, own: Option<Transformation>) -> Self {
        let transformation = own.or_else(|| collection.transformation());
        Self {
            event_time: collection.definition().event_time.as_ref(),
            transformation: transformation.and_then(|transformation| transformation.engine),
            now: special::now(),
        }
    }

    /// Makes documents of records, of which `origin` tells where each comes from. This may
    /// take long, and the stack of the pool.
    pub(super) fn documents(
        &self,
        records: &[Record],
        origin: impl Fn(usize) -> Origin,
    ) -> Vec<Ready> {
        let mut made = self.transformed(records);
        let mut scratch = String::new();
        let mut documents = Vec::with_capacity(records.len());
        for (i, record) in records.iter().enumerate() {
            if let Some(text) = text(record, &mut made) {
                let document = text.and_then(|text| self.document(&text, origin(i), &mut scratch));
                documents.push(document.unwrap_or_else(|reason| bad(origin(i), self.now, reason)));
            }
        }
        documents
    }

    /// What the transformation makes of the good records, if there is one.
    fn transformed(&self, records: &[Record]) -> Option<IntoIter<Transformed>> {
        let transformation = self.transformation.as_ref()?;
        let good: Vec<&str> = records.iter().flatten().map(String::as_str).collect();
        Some(transformation.apply(&good).into_iter())
    }

    fn document(&self, text: &str, origin: Origin, scratch: &mut String) -> Result<Ready, String> {
        let mut read = incoming::one(text, self.event_time, scratch)
            .map_err(|error| shown(&error.to_string(), text))?;
        let id = special::id(read.id, || origin.id())
            .map_err(|failure| shown(failure.message(), text))?;
        let time = read.event_time(self.now).map_err(|failure| shown(failure.message(), text))?;
        let meta = Some(Box::new(Meta { origin, bad: None }));
        Ok((id, Document { event_time: time, fields: read.fields, meta }))
    }
}

/// The text of a document, or why there is none. `None` if there is to be none.
fn text<'a>(
    record: &'a Record,
    made: &mut Option<IntoIter<Transformed>>,
) -> Option<Result<Cow<'a, str>, String>> {
    match (record, made) {
        (Err(reason), _) => Some(Err(reason.clone())),
        (Ok(text), None) => Some(Ok(text.into())),
        (Ok(text), Some(made)) => match made.next()? {
            Transformed::Dropped => None,
            Transformed::Failed(reason) => Some(Err(shown(&reason, text))),
            Transformed::Document(text) => Some(Ok(text.into())),
        },
    }
}

/// What stands for a record that can't become a document.
pub(super) fn bad(origin: Origin, now: i64, reason: String) -> Ready {
    let id = uuid::Uuid::new_v4().to_string().into();
    let meta = Some(Box::new(Meta { origin, bad: Some(reason.into()) }));
    (id, Document { event_time: now, fields: Box::default(), meta })
}

/// What is wrong, with the beginning of the record.
fn shown(reason: &str, record: &str) -> String {
    match record.char_indices().nth(EXCERPT) {
        None => format!("{reason}: {record}"),
        Some((end, _)) => format!("{reason}: {}…", &record[..end]),
    }
}
