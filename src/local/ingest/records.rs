//! Records of a source become documents.
//!
//! For a record that can't become one, a document is stored whose `_meta.bad` has the reason, and
//! the ingest goes on.

use super::{Ingest, Ingested};
use crate::local::storage::{Document, Meta, NewDocument, RecordOrigin};

/// A record as the text of a JSON object, or the reason why it isn't one.
pub type Record = Result<String, String>;

impl Ingest<'_> {
    /// Makes documents of records; `origin` returns the origin of each. Needs the pool: this may
    /// take long, and much stack.
    pub fn records(
        &self,
        records: &[Record],
        origin: impl Fn(usize) -> RecordOrigin,
    ) -> Vec<NewDocument> {
        let good = || records.iter().enumerate().filter(|(_, record)| record.is_ok());
        let positions: Vec<usize> = good().map(|(i, _)| i).collect();
        let texts: Vec<&str> = records.iter().flatten().map(String::as_str).collect();
        let mut outcomes = self.texts(&texts, |i| origin(positions[i]).id(), |_| None).into_iter();
        let document = |(i, record): (usize, &Record)| match record {
            Err(reason) => Some(bad(origin(i), self.now, reason)),
            Ok(_) => match outcomes.next()? {
                Ok(Ingested::Document(document)) => Some(with_origin(document, origin(i))),
                Ok(Ingested::Dropped(_)) => None,
                Err(rejected) => Some(bad(origin(i), self.now, &rejected.reason())),
            },
        };
        records.iter().enumerate().filter_map(document).collect()
    }
}

fn with_origin((id, document): NewDocument, origin: RecordOrigin) -> NewDocument {
    let meta = Some(Box::new(Meta { origin, bad: None }));
    (id, Document { meta, ..document })
}

/// Document that stands for a record that can't become one.
pub fn bad(origin: RecordOrigin, now: i64, reason: &str) -> NewDocument {
    let id = uuid::Uuid::new_v4().to_string().into();
    let meta = Some(Box::new(Meta { origin, bad: Some(reason.into()) }));
    (id, Document { event_time: now, fields: Box::default(), meta, rollup: None })
}
