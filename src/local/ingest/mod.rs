//! The one way in for documents: texts of the write API, of sources, of Kafka and of uploads become
//! documents or are rejected.
//!
//! - `parse`: parses texts; `special_fields`: `_id` and `_event_time` of a document.
//! - `transform`: the door to ingest transformations.
//! - `records`: records of sources, and documents that stand for rejected records.
//! - `files`: uploaded files; `sources`: sources that are read.
//! - `rollup`: documents that are aggregated.
//! - `patch`: patches of stored documents.
//! - `insert`: rows of a query, which `INSERT INTO` stores.

pub mod files;
#[cfg(feature = "engine")]
pub mod insert;
pub mod parse;
pub mod patch;
pub mod records;
mod rollup;
pub mod sources;
mod special_fields;
pub mod transform;

use super::catalog::{Collection, EventTimeSource, Transform, Transformation, Transformed};
use super::error::ApiError;
use super::json::{shortened, time};
use super::storage::{Document, NewDocument};
use parse::ParsedDocument;
use rollup::Parts;
use std::sync::Arc;
use uuid::Uuid;

/// Characters of a rejected text that are shown.
const EXCERPT: usize = 200;

/// Turns texts into documents of a collection.
pub struct Ingest<'a> {
    event_time: Option<&'a EventTimeSource>,
    transform: Option<Arc<dyn Transform>>,
    now: i64,
}

/// Result of a text that isn't rejected.
pub enum Ingested {
    Document(NewDocument),
    /// The transformation leaves the document out. Holds the `_id` that was sent, if asked for.
    Dropped(Option<Box<str>>),
}

/// The reason why a text becomes no document.
pub struct Rejected {
    /// `_id` of the document, if it is known and valid.
    pub id: Option<Box<str>>,
    pub error: ApiError,
    /// The beginning of the text; empty where nobody is shown it.
    excerpt: Box<str>,
}

/// A document, or why there is none.
pub type Outcome = Result<Ingested, Rejected>;

impl<'a> Ingest<'a> {
    /// Uses `own`, the transformation of a source, in place of the collection's if there is one.
    pub fn new(collection: &'a Collection, own: Option<Transformation>) -> Self {
        let transformation = own.or_else(|| collection.transformation());
        Self {
            event_time: collection.definition().event_time.as_ref(),
            transform: transformation.and_then(|transformation| transformation.transform),
            now: time::now(),
        }
    }

    /// Makes documents of the body of AddDocuments, and refuses it if they are too many. Needs the
    /// pool: this may take long, and much stack.
    pub fn body(&self, text: &[u8]) -> Result<Vec<Outcome>, ApiError> {
        if self.transform.is_some() {
            let texts = parse::texts(text)?;
            return Ok(self.texts(&texts, |_| Uuid::new_v4(), parse::sent_id));
        }
        // Without a transformation, one pass over the body is enough.
        let parsed = parse::body(text, self.event_time)?;
        Ok(parsed.into_iter().map(|parsed| self.document(parsed, Uuid::new_v4)).collect())
    }

    /// Makes documents of texts, each a JSON object. `new_id` makes the `_id` of a text without
    /// one, from its position; `sent_id` reads the `_id` of a text that becomes no document, where
    /// that matters. Needs the pool: this may take long, and much stack.
    pub fn texts(
        &self,
        texts: &[&str],
        new_id: impl Fn(usize) -> Uuid,
        sent_id: impl Fn(&str) -> Option<Box<str>>,
    ) -> Vec<Outcome> {
        let mut scratch = String::new();
        let mut read = |i: usize, text: &str| self.read(text, || new_id(i), &mut scratch);
        let Some(transform) = &self.transform else {
            return texts.iter().enumerate().map(|(i, text)| read(i, text)).collect();
        };
        let mut parts = Parts::new(self.event_time, self.now);
        let transformed = transform.apply(texts).into_iter().zip(texts).enumerate();
        let outcome = |(i, (transformed, text)): (usize, (Transformed, &&str))| match transformed {
            Transformed::Document(made) => read(i, &made),
            Transformed::Grouped(id, group) => Ok(Ingested::Document((id, parts.document(group)))),
            Transformed::Dropped => Ok(Ingested::Dropped(sent_id(text))),
            Transformed::Failed(reason) => {
                Err(Rejected::new(sent_id(text), ApiError::invalid(reason)).showing(text))
            }
        };
        transformed.map(outcome).collect()
    }

    fn read(&self, text: &str, new_id: impl FnOnce() -> Uuid, scratch: &mut String) -> Outcome {
        let parsed = parse::document(text, self.event_time, scratch);
        let parsed =
            parsed.map_err(|error| Rejected::new(None, ApiError::invalid(error.to_string())));
        let document = parsed.and_then(|parsed| self.document(parsed, new_id));
        document.map_err(|rejected| rejected.showing(text))
    }

    fn document(&self, parsed: ParsedDocument<'_>, new_id: impl FnOnce() -> Uuid) -> Outcome {
        let ParsedDocument { id, event_time, fields } = parsed;
        let id = special_fields::id(id, new_id).map_err(|error| Rejected::new(None, error))?;
        match event_time.unwrap_or(Ok(self.now)) {
            Ok(event_time) => Ok(Ingested::Document((
                id,
                Document { event_time, fields, meta: None, rollup: None },
            ))),
            Err(error) => Err(Rejected::new(Some(id), error)),
        }
    }
}

impl Rejected {
    fn new(id: Option<Box<str>>, error: ApiError) -> Self {
        Self { id, error, excerpt: Box::default() }
    }

    fn showing(self, text: &str) -> Self {
        Self { excerpt: shortened(text, EXCERPT).into(), ..self }
    }

    /// The reason, with the beginning of the text.
    pub fn reason(&self) -> String {
        format!("{}: {}", self.error.message(), self.excerpt)
    }
}
