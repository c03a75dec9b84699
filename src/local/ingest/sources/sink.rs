//! The records of an object, on their way to its collection.

use crate::local::catalog::Collection;
use crate::local::catalog::Transformation;
use crate::local::ingest::Ingest;
use crate::local::ingest::records::{self, Record};
use crate::local::json::time;
use crate::local::pool::Pool;
use crate::local::storage::{NewDocument, RecordOrigin};
use parking_lot::Mutex;
use std::sync::{Arc, Weak};
use tokio::sync::mpsc;

/// Documents of an object, in their order.
#[derive(Debug)]
pub struct Part {
    /// Number of the object's records that the documents come from.
    pub records: u64,
    /// The documents, or the reason why the object can't be read any further now.
    pub documents: Result<Vec<NewDocument>, String>,
}

/// Destination of an object's records.
#[derive(Debug, Clone)]
pub struct Sink(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    collection: Weak<Collection>,
    /// The source's own transformation, which takes the place of the collection's.
    transformation: Option<Transformation>,
    /// Origin of the records.
    origin: RecordOrigin,
    progress: Mutex<Progress>,
    parts: mpsc::Sender<Part>,
    pool: Pool,
}

#[derive(Debug)]
struct Progress {
    /// Number of records so far.
    records: u64,
    /// Number of records that an earlier attempt has stored, which did not reach the object's end.
    skip: u64,
}

/// Nobody receives the documents any more.
pub struct ReceiverGone;

impl Sink {
    /// A sink for an object whose first `skip` records are stored already.
    pub fn new(
        collection: Weak<Collection>,
        transformation: Option<Transformation>,
        origin: RecordOrigin,
        skip: u64,
        parts: mpsc::Sender<Part>,
        pool: Pool,
    ) -> Self {
        let progress = Mutex::new(Progress { records: 0, skip });
        Self(Arc::new(Shared { collection, transformation, origin, progress, parts, pool }))
    }

    /// Makes documents of records, which may take long. Fails when nobody receives them any more.
    pub fn part(&self, mut records: Vec<Record>) -> Result<Part, ReceiverGone> {
        let first = {
            let mut progress = self.0.progress.lock();
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

    /// Hands documents on. Fails when nobody receives them any more.
    pub async fn send(&self, part: Part) -> Result<(), ReceiverGone> {
        self.0.parts.send(part).await.map_err(|_| ReceiverGone)
    }

    /// The pool on which documents are made.
    pub fn pool(&self) -> &Pool {
        &self.0.pool
    }

    /// A document that says why the rest of the object can't be read.
    pub fn bad_object(&self, reason: String) -> Vec<NewDocument> {
        let progress = self.0.progress.lock();
        vec![records::bad(self.origin(progress.records), time::now(), &reason)]
    }

    fn documents(&self, first: u64, records: &[Record]) -> Result<Vec<NewDocument>, ReceiverGone> {
        let collection = self.0.collection.upgrade().ok_or(ReceiverGone)?;
        let ingest = Ingest::new(&collection, self.0.transformation.clone());
        Ok(ingest.records(records, |i| self.origin(first + i as u64)))
    }

    /// Origin of one of the object's records.
    fn origin(&self, offset: u64) -> RecordOrigin {
        match &self.0.origin {
            RecordOrigin::S3 { object, .. } => RecordOrigin::S3 { object: object.clone(), offset },
            other => other.clone(),
        }
    }
}
