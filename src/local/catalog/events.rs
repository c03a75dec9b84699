//! `commons._events`: what happens in the organization, as documents of a collection that the
//! server alone writes.
//!
//! The newest events of each kind of log are kept: of changes, which the journal makes durable, and
//! of queries, which end with the process.

use super::definition::Definition;
use super::event::Event;
use super::{COMMONS, Catalog, Collection, EVENTS, kept};
use crate::local::journal::{Change, Commit};
use crate::local::json::time;
use crate::local::storage::{Document, NewDocument};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use uuid::Uuid;

/// Events that are kept of each log.
const MOST: usize = 10_000;

/// Seconds for which an event is kept, as in the hosted service.
const KEPT_FOR: i64 = 30 * 24 * 60 * 60;

/// The log of what happens. Clones are of the same one.
#[derive(Debug, Clone)]
pub struct Events {
    pub(super) collection: Arc<Collection>,
    /// Held while an event is added, so that events come in their order.
    logs: Arc<Mutex<Logs>>,
}

/// The events of each log, the oldest first.
#[derive(Debug, Default)]
struct Logs {
    changes: VecDeque<Known>,
    #[cfg(feature = "engine")]
    queries: VecDeque<Known>,
}

/// An event that is a document of the collection.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    /// Microseconds since the epoch.
    time: i64,
    id: Box<str>,
}

impl Events {
    pub(super) fn new() -> Self {
        let definition = Definition::of_server(EVENTS, "Audit and query events", KEPT_FOR);
        let collection = Arc::new(Collection::of_server(COMMONS, definition));
        Self { collection, logs: Arc::default() }
    }

    /// Records the end of a query. This takes microseconds, and waits for nothing.
    #[cfg(feature = "engine")]
    pub fn record_query(&self, event: &Event) {
        let known = Known::now();
        let text = event.json(&known.id, known.time);
        let mut logs = self.logs.lock();
        let gone = push(&mut logs.queries, known.clone());
        self.write([known.document(&text)], &gone);
    }

    /// Writes events, and removes others.
    fn write(&self, events: impl IntoIterator<Item = Option<NewDocument>>, gone: &[Known]) {
        let _turn = self.collection.turn();
        let mut batch = self.collection.batch();
        gone.iter().for_each(|gone| batch.remove(&gone.id));
        for (id, document) in events.into_iter().flatten() {
            batch.put(id, document);
        }
        // The collection is never deleted, which is all that could hinder this.
        let _ = self.collection.publish(batch, Vec::new(), |_| {});
    }
}

impl Catalog {
    /// The log of what happens.
    #[cfg(feature = "engine")]
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// Records a change of something, and lets the journal keep the event.
    pub fn record(&self, event: &Event) {
        let known = Known::now();
        let text = event.json(&known.id, known.time);
        let mut logs = self.events.logs.lock();
        let gone = push(&mut logs.changes, known.clone());
        if let Some(journal) = &self.journal {
            let mut changes = vec![Change::text(kept::EVENT, &known.key(), text.clone())];
            changes.extend(gone.iter().map(|gone| Change::delete(kept::EVENT, &gone.key())));
            journal.commit(Commit { changes, ..Commit::default() });
        }
        self.events.write([known.document(&text)], &gone);
    }
}

/// What the log says of events, done again.
#[cfg(feature = "engine")]
impl Events {
    /// Adds an event that was kept, in the order of the keys.
    pub(super) fn put_entry(&self, key: &str, text: &str) -> Result<(), String> {
        let known = Known::of_key(key).ok_or_else(|| format!("{key:?} is no time and _id"))?;
        let document = known.document(text).ok_or("it is no object")?;
        let mut logs = self.logs.lock();
        let gone = push(&mut logs.changes, known);
        self.write([Some(document)], &gone);
        Ok(())
    }

    pub(super) fn delete_entry(&self, key: &str) {
        let Some(gone) = Known::of_key(key) else { return };
        let mut logs = self.logs.lock();
        logs.changes.retain(|known| *known != gone);
        self.write([], &[gone]);
    }
}

impl Known {
    fn now() -> Self {
        Self { time: time::now(), id: Uuid::new_v4().to_string().into() }
    }

    /// The key of the journal's entry. Keys have the order of time.
    fn key(&self) -> String {
        format!("{:016}/{}", self.time, self.id)
    }

    #[cfg(feature = "engine")]
    fn of_key(key: &str) -> Option<Self> {
        let (time, id) = key.split_once('/')?;
        Some(Self { time: time.parse().ok()?, id: id.into() })
    }

    /// The document of an event that is a JSON object.
    fn document(&self, text: &str) -> Option<NewDocument> {
        let fields = text.strip_prefix('{')?.strip_suffix('}')?.into();
        let document = Document { event_time: self.time, fields, meta: None, rollup: None };
        Some((self.id.clone(), document))
    }
}

/// Adds an event to a log, and returns those that the log has no room for, or that are too old.
fn push(log: &mut VecDeque<Known>, known: Known) -> Vec<Known> {
    let oldest = known.time - KEPT_FOR * 1_000_000;
    log.push_back(known);
    let expired = log.iter().take_while(|known| known.time < oldest).count();
    log.drain(..expired.max(log.len().saturating_sub(MOST))).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::local::catalog::event::{Actor, Kind};
    use std::time::Duration;

    fn event(n: usize) -> Event {
        Event {
            kind: Kind::Workspace,
            label: n.to_string(),
            is_error: false,
            by: Actor::default(),
            fields: Default::default(),
            details: Default::default(),
            message: None,
        }
    }

    #[test]
    fn the_newest_changes_are_kept_whatever_queries_there_are() {
        let catalog = Catalog::new(Duration::ZERO);
        catalog.record(&event(0));
        let first = catalog.events.logs.lock().changes[0].clone();
        let documents = || catalog.events.collection.read();
        let held = documents();
        let document = held.json(held.get(&first.id).unwrap()).unwrap();
        assert!(document.contains(r#""label":"0""#));
        #[cfg(feature = "engine")]
        for n in 0..MOST + 10 {
            catalog.events.record_query(&event(n));
        }
        assert!(documents().get(&first.id).is_some());
        let before = documents().stats().doc_count.unwrap();
        for n in 1..=MOST {
            catalog.record(&event(n));
        }
        assert!(documents().get(&first.id).is_none());
        let (after, most) = (documents().stats().doc_count.unwrap(), MOST as i64);
        assert_eq!(after, before - 1 + most);
        assert_eq!(after, if cfg!(feature = "engine") { 2 * most } else { most });
    }

    #[test]
    fn an_old_event_goes_with_the_next_one() {
        let known = |time: i64| Known { time, id: time.to_string().into() };
        let mut log = VecDeque::new();
        assert_eq!(push(&mut log, known(5)), []);
        assert_eq!(push(&mut log, known(5 + KEPT_FOR * 1_000_000)), []);
        assert_eq!(push(&mut log, known(6 + KEPT_FOR * 1_000_000)), [known(5)]);
        assert_eq!(log.len(), 2);
    }
}
