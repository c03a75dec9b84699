//! Registry of queries, with limits on how many run and how many wait on each virtual instance, and
//! how many are remembered.

use super::outcome::Outcome;
use super::query::Query;
use crate::local::query::{SqlError, SqlErrorKind};
use chrono::Utc;
use parking_lot::Mutex;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Queries of a virtual instance that run at once.
const RUNNING: usize = 16;

/// Queries that may wait for their turn while their clients wait, too.
const WAITING: usize = 64;

/// Queries in the background that may wait for their turn.
const QUEUED: usize = 1000;

/// Queries that are remembered.
const REMEMBERED: usize = 2000;

/// Bytes of texts and rows that are remembered.
const BYTES: usize = 256 << 20;

/// Registry of all queries. Dropping it ends those that run.
#[derive(Debug, Default)]
pub struct Queries {
    /// The newest last.
    known: Mutex<VecDeque<Arc<Query>>>,
    /// The turns of each virtual instance that has queries, so that none waits for another one's.
    turns: Mutex<BTreeMap<String, Arc<Semaphore>>>,
    tasks: Mutex<JoinSet<()>>,
}

impl Queries {
    /// Accepts a query with its work, which begins at once and waits for its turn itself. Fails if
    /// too many wait.
    pub fn start<F: Future<Output = ()> + Send + 'static>(
        &self,
        query: &Arc<Query>,
        work: impl FnOnce(Arc<Semaphore>) -> F,
    ) -> Result<(), SqlError> {
        self.remember(query)?;
        let mut tasks = self.tasks.lock();
        while tasks.try_join_next().is_some() {}
        let task = tasks.spawn(work(self.turns_on(query.instance())));
        query.task.get_or_init(|| task);
        Ok(())
    }

    fn turns_on(&self, instance: &str) -> Arc<Semaphore> {
        let mut turns = self.turns.lock();
        if let Some(known) = turns.get(instance) {
            return known.clone();
        }
        turns.retain(|_, known| Arc::strong_count(known) > 1);
        let new = Arc::new(Semaphore::new(RUNNING));
        turns.insert(instance.to_string(), new.clone());
        new
    }

    /// Adds a query to the list. Fails if too many wait.
    pub fn remember(&self, query: &Arc<Query>) -> Result<(), SqlError> {
        let mut known = self.known.lock();
        let is_such = |known: &&Arc<Query>| {
            !known.is_over()
                && known.is_async() == query.is_async()
                && known.instance() == query.instance()
        };
        let at_once = if query.is_async() { QUEUED } else { WAITING } + RUNNING;
        if known.iter().filter(is_such).count() >= at_once {
            let error = SqlError::new(format!("More than {at_once} queries run or wait"));
            let error = error.of_kind(SqlErrorKind::Resources);
            query.end(Outcome::Failed(error.clone()));
            return Err(error);
        }
        known.push_back(query.clone());
        tidy(&mut known);
        Ok(())
    }

    /// Forgets queries that have expired or are too many.
    pub fn tidy(&self) {
        tidy(&mut self.known.lock());
    }

    pub fn find(&self, id: &str) -> Option<Arc<Query>> {
        self.tidy();
        self.known.lock().iter().find(|query| query.id() == id).cloned()
    }

    /// All known queries, the newest first.
    pub fn recent(&self) -> Vec<Arc<Query>> {
        self.tidy();
        self.known.lock().iter().rev().cloned().collect()
    }

    /// Queries that have not ended, the newest first.
    pub fn active(&self) -> Vec<Arc<Query>> {
        self.known.lock().iter().rev().filter(|query| !query.is_over()).cloned().collect()
    }
}

/// Forgets queries that have ended: those that have expired, and of the others the oldest while
/// there are too many.
fn tidy(known: &mut VecDeque<Arc<Query>>) {
    let now = Utc::now();
    known.retain(|query| !query.has_expired(now));
    let mut count = known.len();
    let mut bytes: usize = known.iter().map(|query| query.size()).sum();
    if count <= REMEMBERED && bytes <= BYTES {
        return;
    }
    known.retain(|query| {
        let goes = query.is_over() && (count > REMEMBERED || bytes > BYTES);
        if goes {
            count -= 1;
            bytes = bytes.saturating_sub(query.size());
        }
        !goes
    });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::local::queries::{Answer, Asker};
    use crate::local::query::{Reads, Rows};

    fn query(is_async: bool) -> Arc<Query> {
        Arc::new(Query::new("SELECT 1".to_string(), Asker::default(), is_async, true))
    }

    fn completed(bytes: usize) -> Outcome {
        let rows = Rows { columns: None, rows: Vec::new(), reads: Reads::default() };
        Outcome::Completed(Arc::new(Answer { bytes, ..Answer::new(rows) }))
    }

    #[test]
    fn as_many_as_there_is_room_for_are_remembered_and_the_newest_are_kept() {
        let queries = Queries::default();
        let running = query(true);
        queries.remember(&running).unwrap();
        let mut newest = query(true);
        for _ in 0..REMEMBERED + 10 {
            newest = query(true);
            newest.end(completed(1));
            queries.remember(&newest).unwrap();
        }
        assert_eq!(queries.recent().len(), REMEMBERED);
        assert_eq!(queries.recent()[0].id(), newest.id());
        assert!(queries.find(running.id()).is_some());

        let large: Vec<_> = (0..4).map(|_| query(true)).collect();
        for query in &large {
            query.end(completed(BYTES / 3));
            queries.remember(query).unwrap();
        }
        let found: Vec<_> = large.iter().map(|query| queries.find(query.id()).is_some()).collect();
        assert_eq!(found, [false, false, true, true]);
        assert_eq!(queries.active().len(), 1);
    }

    #[test]
    fn those_in_the_background_do_not_keep_others_from_waiting() {
        let queries = Queries::default();
        for _ in 0..QUEUED + RUNNING {
            queries.remember(&query(true)).unwrap();
        }
        let refused = query(true);
        assert_eq!(queries.remember(&refused).unwrap_err().kind, SqlErrorKind::Resources);
        assert!(refused.is_over());
        queries.remember(&query(false)).unwrap();
    }
}
