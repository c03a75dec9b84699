//! The records of an object, on their way to its collection.

use crate::local::definition::Transformation;
use crate::local::pool::Pool;
use crate::local::records::{self, Ingest, Record};
use crate::local::special_fields as special;
use crate::local::storage::{Origin, Ready};
use crate::local::store::Collection;
use parking_lot::Mutex;
use std::sync::{Arc, Weak};
use tokio::sync::mpsc;

/// Documents of an object, in their order.
#[derive(Debug)]
pub(super) struct Part {
    /// Of how many of its records they are.
    pub(super) records: u64,
    /// The documents, or why no more can be read of it now.
    pub(super) documents: Result<Vec<Ready>, String>,
}

/// Where the records of an object go.
#[derive(Debug, Clone)]
pub(super) struct Sink(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    collection: Weak<Collection>,
    /// The source's own transformation, which takes the place of the collection's.
    transformation: Option<Transformation>,
    /// Where the object is.
    origin: Origin,
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
        origin: Origin,
        skip: u64,
        parts: mpsc::Sender<Part>,
        pool: Pool,
    ) -> Self {
        let progress = Mutex::new(Progress { records: 0, skip });
        Self(Arc::new(Parts { collection, transformation, origin, progress, parts, pool }))
    }

    /// Makes documents of records, which takes a while. Fails when nobody takes them any
    /// more.
    pub(super) fn part(&self, mut records: Vec<Record>) -> Result<Part, Unwanted> {
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
        let progress = self.0.progress.lock();
        vec![records::bad(self.origin(progress.records), special::now(), reason)]
    }

    fn documents(&self, first: u64, records: &[Record]) -> Result<Vec<Ready>, Unwanted> {
        let collection = self.0.collection.upgrade().ok_or(Unwanted)?;
        let ingest = Ingest::new(&collection, self.0.transformation.clone());
        Ok(ingest.documents(records, |i| self.origin(first + i as u64)))
    }

    /// Where one of the object's records comes from.
    fn origin(&self, offset: u64) -> Origin {
        match &self.0.origin {
            Origin::S3 { object, .. } => Origin::S3 { object: object.clone(), offset },
            other => other.clone(),
        }
    }
}
