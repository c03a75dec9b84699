//! Documents of rollups. What has come in becomes a part of the document of its group when it is
//! stored, since only then nobody else changes that document.

use super::parse::{self, ParsedDocument};
use crate::local::catalog::{EventTimeSource, Group};
use crate::local::storage::{Document, Part, Rollup, Stored};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// Parts of groups, of documents that came in together.
pub(super) struct Parts<'a> {
    event_time: Option<&'a EventTimeSource>,
    now: i64,
    /// By the address of the group.
    parts: HashMap<*const (), Arc<dyn Part>>,
}

impl<'a> Parts<'a> {
    pub(super) fn new(event_time: Option<&'a EventTimeSource>, now: i64) -> Self {
        Self { event_time, now, parts: HashMap::new() }
    }

    /// A document that came in.
    pub(super) fn document(&mut self, group: Arc<dyn Group>) -> Document {
        let address = Arc::as_ptr(&group).cast::<()>();
        let part = self.parts.entry(address).or_insert_with(|| {
            let event_time = self.event_time.cloned();
            Arc::new(Incoming { group, event_time, now: self.now, outcome: OnceLock::new() })
        });
        let rollup = Some(Box::new(Rollup::Part(part.clone())));
        Document { event_time: self.now, fields: Box::default(), meta: None, rollup }
    }
}

/// Documents of a group that came in together.
#[derive(Debug)]
struct Incoming {
    group: Arc<dyn Group>,
    event_time: Option<EventTimeSource>,
    now: i64,
    /// Set once they are merged with what is stored.
    outcome: OnceLock<Result<(), String>>,
}

impl Part for Incoming {
    fn merged(&self, stored: Option<&Stored>) -> Result<Option<Document>, String> {
        if let Some(outcome) = self.outcome.get() {
            return outcome.clone().map(|()| None);
        }
        let merged = self.document(stored);
        self.outcome.get_or_init(|| merged.as_ref().map(|_| ()).map_err(Clone::clone));
        merged.map(Some)
    }
}

impl Incoming {
    /// The document of the group. Without an `_event_time` of its own, it has that of the first
    /// documents that came in.
    fn document(&self, stored: Option<&Stored>) -> Result<Document, String> {
        let (text, state) = self.group.merged(stored.and_then(Stored::state))?;
        let mut scratch = String::new();
        let parsed = parse::document(&text, self.event_time.as_ref(), &mut scratch);
        let ParsedDocument { event_time, fields, .. } =
            parsed.map_err(|error| error.to_string())?;
        let first = stored.map_or(self.now, |stored| stored.event_time);
        let event_time =
            event_time.unwrap_or(Ok(first)).map_err(|error| error.message().to_string())?;
        let rollup = Some(Box::new(Rollup::State(state)));
        Ok(Document { event_time, fields, meta: None, rollup })
    }
}
