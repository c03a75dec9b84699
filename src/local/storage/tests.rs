#![allow(clippy::unwrap_used)]

use super::chunk::{Chunk, DEAD_PERCENT, ROWS};
use super::index::Index;
use super::{Batch, Document, Snapshot, Stored, View};
use crate::rockset::types::CollectionStats;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

fn document(event_time: i64, fields: &str) -> Document {
    Document { event_time, fields: fields.into(), meta: None, rollup: None }
}

fn id(n: usize) -> Box<str> {
    format!("{n:06}").into()
}

/// A snapshot with more documents, of which each says which one it is.
fn put(snapshot: &Snapshot, ids: impl Iterator<Item = usize>) -> Snapshot {
    let mut batch = Batch::new(snapshot, None);
    for n in ids {
        batch.put(id(n), document(0, &format!(r#""n":{n}"#)));
    }
    batch.seal()
}

fn remove(snapshot: &Snapshot, ids: impl Iterator<Item = usize>) -> Snapshot {
    let mut batch = Batch::new(snapshot, None);
    ids.for_each(|n| batch.remove(&id(n)));
    batch.seal()
}

fn ids(documents: impl Iterator<Item = impl AsRef<Stored>>) -> Vec<Box<str>> {
    documents.map(|stored| stored.as_ref().id.clone()).collect()
}

impl AsRef<Stored> for Stored {
    fn as_ref(&self) -> &Stored {
        self
    }
}

fn view(snapshot: &Snapshot, expired_before: Option<i64>) -> View {
    View::new(Arc::new(snapshot.clone()), expired_before)
}

/// Checks the bounds on dead rows and on chunks.
fn check_bounds(snapshot: &Snapshot) {
    let chunks = &snapshot.chunks;
    for chunk in chunks {
        assert!(chunk.dead() * 100 <= (chunk.len() + chunk.dead()) * DEAD_PERCENT);
        assert_ne!(chunk.len(), 0);
    }
    let could_be_one = |pair: &[Chunk]| {
        let (a, b) = (&pair[0], &pair[1]);
        let fits = a.bytes() + b.bytes() <= snapshot.memory.of_a_chunk();
        fits && a.len() + b.len() <= ROWS && a.len() < 2 * b.len()
    };
    assert!(!chunks.windows(2).any(could_be_one), "chunks that should be one");
    let live: usize = chunks.iter().map(Chunk::len).sum();
    assert_eq!(live, snapshot.index.len());
}

#[test]
fn a_snapshot_sees_nothing_of_later_writes() {
    let first = put(&Snapshot::default(), 0..1_000);
    let held = view(&first, None);
    let changed = remove(&first, (0..1_000).step_by(3));
    let mut batch = Batch::new(&changed, None);
    batch.put(id(1), document(0, r#""n":"other""#));
    // Writes that aren't sealed are visible to nobody.
    drop(batch);
    let second = put(&changed, 5_000..6_000);

    assert_eq!(ids(held.after(None)), ids((0..1_000).map(id_only)));
    assert_eq!(ids(first.scan()).len(), 1_000);
    for view in [&held, &view(&second, None)] {
        let stored = view.get("000001").unwrap();
        assert_eq!(view.json(stored).unwrap(), stored.json(r#""n":1"#));
    }
    assert!(held.get("005000").is_none());
    assert_eq!(held.stats().doc_count, Some(1_000));
    assert_eq!(view(&second, None).stats().doc_count, Some(1_666));
}

fn id_only(n: usize) -> Arc<Stored> {
    Arc::new(document(0, "").stored(n as u64, id(n)).0)
}

#[test]
fn only_the_live_row_of_a_document_is_scanned() {
    let snapshot = put(&put(&Snapshot::default(), 0..100), (0..100).step_by(10));
    let mut scanned = ids(snapshot.scan());
    // In the order of arrival, replaced documents come last.
    assert_eq!(scanned[90..], ids((0..100).step_by(10).map(id_only)));
    scanned.sort();
    assert_eq!(scanned, ids((0..100).map(id_only)));
    // A document may be replaced in its own batch.
    let twice = put(&Snapshot::default(), [7, 8, 7].into_iter());
    assert_eq!(ids(twice.scan()), ids([8, 7].into_iter().map(id_only)));
}

#[test]
fn a_batch_shares_the_chunks_that_it_leaves_as_they_are() {
    let before = put(&Snapshot::default(), 0..40_000);
    let after = put(&before, 50_000..50_010);
    assert!(after.chunks[0].shares_all_with(&before.chunks[0]));
    let after = put(&before, 3..4);
    assert!(after.chunks[0].shares_rows_with(&before.chunks[0]));
    assert!(!after.chunks[0].shares_all_with(&before.chunks[0]));
    assert_eq!((before.chunks[0].dead(), after.chunks[0].dead()), (0, 1));
}

#[test]
fn dead_rows_and_chunks_stay_in_bounds() {
    let mut snapshot = Snapshot::default();
    for round in 0..300 {
        // Every document is replaced several times, and some are deleted.
        snapshot = put(&snapshot, (0..1_000).map(|n| (n * 7 + round * 331) % 5_000));
        snapshot = remove(&snapshot, (0..100).map(|n| (n * 13 + round * 17) % 5_000));
        check_bounds(&snapshot);
        assert!(snapshot.chunks.len() <= 14, "{} chunks", snapshot.chunks.len());
    }
    for n in 0..5_000 {
        snapshot = remove(&snapshot, n..n + 1);
        check_bounds(&snapshot);
    }
    assert!(snapshot.chunks.is_empty());
}

#[test]
fn single_writes_make_few_chunks() {
    let mut snapshot = Snapshot::default();
    for n in 0..3_000 {
        snapshot = put(&snapshot, n..n + 1);
    }
    check_bounds(&snapshot);
    assert!(snapshot.chunks.len() <= 12, "{} chunks", snapshot.chunks.len());
    assert_eq!(ids(snapshot.scan()), ids((0..3_000).map(id_only)));
}

#[test]
fn an_index_orders_ids_that_begin_alike() {
    // Short ones, ones of zero bytes, and ones whose first 16 bytes are the same.
    let parts = ["", "\0", "a", "aaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaa", "é"];
    let mut expected: Vec<Box<str>> = Vec::new();
    for first in parts {
        for n in 0..40 {
            expected.extend(["\0", "", "z"].map(|last| format!("{first}{n}{last}").into()));
        }
    }
    let mut index = Index::default();
    for id in expected.iter().rev() {
        index.insert(Arc::new(document(0, "").stored(0, id.clone()).0));
    }
    expected.sort();
    assert_eq!(ids(index.after(None)), expected);
    assert!(expected.iter().all(|id| index.get(id).is_some_and(|found| found.id == *id)));
}

proptest! {
    #[test]
    fn an_index_finds_what_a_map_finds(
        steps in prop::collection::vec((any::<bool>(), "(aaaaaaaaaaaaaaa)?[\0ab]{0,6}"), 1..600),
        asked in prop::collection::vec("(aaaaaaaaaaaaaaa)?[\0ab]{0,6}", 20),
    ) {
        let (mut index, mut map) = (Index::default(), BTreeMap::new());
        for (seq, (is_added, id)) in (0..).zip(steps) {
            let stored = Arc::new(document(0, "").stored(seq, id.as_str().into()).0);
            let (found, expected) = match is_added {
                true => (index.insert(stored), map.insert(id, seq)),
                false => (index.remove(&id), map.remove(&id)),
            };
            prop_assert_eq!(found.map(|stored| stored.seq), expected);
        }
        prop_assert_eq!(index.len(), map.len());
        for index in [&index, &Index::sorted(index.after(None).cloned())] {
            for id in asked.iter().chain(map.keys()) {
                prop_assert_eq!(index.get(id).map(|stored| stored.seq), map.get(id).copied());
                let after = map.range::<str, _>((Bound::Excluded(id.as_str()), Bound::Unbounded));
                let seqs: Vec<u64> = index.after(Some(id)).map(|stored| stored.seq).collect();
                prop_assert_eq!(seqs, after.map(|(_, seq)| *seq).collect::<Vec<_>>());
            }
        }
    }
}

#[test]
fn an_index_is_as_high_as_its_logarithm() {
    let mut index = Index::default();
    // In ascending order, in descending order, and scattered.
    for n in (0..10_000).chain((20_000..30_000).rev()).chain((0..10_000).map(|n| n * 7 % 10_007)) {
        index.insert(id_only(n));
    }
    assert!(index.height() <= 4, "{} levels", index.height());
    let sorted = Index::sorted(index.after(None).cloned());
    assert_eq!(sorted.height(), 3);
    assert_eq!(ids(sorted.after(None)), ids(index.after(None)));
    assert_eq!((sorted.len(), ids(sorted.after(Some("029998")))), (index.len(), vec![id(29_999)]));
    for n in 0..30_000 {
        index.remove(&id(n));
    }
    assert_eq!((index.len(), index.height(), ids(index.after(None))), (0, 1, vec![]));
}

#[test]
fn what_has_expired_is_not_seen_and_then_purged() {
    let mut batch = Batch::new(&Snapshot::default(), Some(0));
    for n in 0..1_000 {
        // Neither in the order of ids nor in that of arrival.
        batch.put(id(n), document((n as i64 * 7) % 1_000, ""));
    }
    let snapshot = batch.seal();
    let late = view(&snapshot, Some(400));
    assert_eq!(late.after(None).count(), 600);
    assert!(late.after(None).all(|stored| stored.event_time >= 400));
    let stats = late.stats();
    assert_eq!((stats.doc_count, stats.purged_doc_count), (Some(600), Some(400)));
    assert!(snapshot.has_expired(400) && !snapshot.has_expired(0));

    let purged = Batch::new(&snapshot, Some(400)).seal();
    assert_eq!(purged.index.len(), 600);
    assert!(!purged.has_expired(400) && purged.has_expired(401));
    let figures = |stats| serde_json::to_value::<CollectionStats>(stats).unwrap();
    assert_eq!(figures(view(&purged, Some(400)).stats()), figures(stats));
    // Few are removed one by one, many by building the index again.
    let few = Batch::new(&purged, Some(410)).seal();
    assert_eq!((few.index.len(), few.index.after(None).count()), (590, 590));
    check_bounds(&few);
}

#[derive(Debug, Clone)]
enum Write {
    Put { id: usize, age: i64 },
    Remove { id: usize },
}

fn writes() -> impl Strategy<Value = Vec<Vec<Write>>> {
    let id = 0..300_usize;
    let write = prop_oneof![
        3 => (id.clone(), 0..40_i64).prop_map(|(id, age)| Write::Put { id, age }),
        1 => id.prop_map(|id| Write::Remove { id }),
    ];
    prop::collection::vec(prop::collection::vec(write, 0..120), 0..25)
}

type Model = BTreeMap<Box<str>, (i64, String)>;

/// A document as JSON.
fn json(id: &str, time: i64, fields: &str) -> String {
    document(time, fields).stored(0, id.into()).0.json(fields)
}

/// What a snapshot must hold when documents live for 30 units.
fn agrees(snapshot: &Snapshot, model: &Model, before: Option<i64>) {
    let view = view(snapshot, before);
    let expected: Model = model
        .iter()
        .filter(|(_, (time, _))| before.is_none_or(|before| *time >= before))
        .map(|(id, document)| (id.clone(), document.clone()))
        .collect();
    let found = view
        .after(None)
        .map(|stored| (stored.id.clone(), (stored.event_time, view.json(stored).unwrap())));
    let jsons = expected.iter().map(|(id, (time, fields))| {
        let json = json(id, *time, fields);
        (id.clone(), (*time, json))
    });
    assert_eq!(found.collect::<Vec<_>>(), jsons.collect::<Vec<_>>());
    let scanned: Vec<_> = snapshot.scan().map(|stored| stored.seq).collect();
    assert!(scanned.is_sorted());
    let mut scanned = ids(snapshot.scan());
    scanned.sort();
    assert_eq!(scanned, ids(snapshot.index.after(None)));
    for n in (0..300).step_by(37) {
        let after = ids(view.after(Some(&id(n))));
        let beyond = expected.keys().filter(|found| **found > id(n));
        assert_eq!(after, beyond.cloned().collect::<Vec<_>>());
        assert_eq!(view.get(&id(n)).is_some(), expected.contains_key(&id(n)));
    }
    let stats = view.stats();
    assert_eq!(stats.doc_count, Some(expected.len() as i64));
    let size = expected.iter().map(|(id, (_, fields))| id.len() + fields.len()).sum::<usize>();
    assert_eq!(stats.total_size, Some(size as i64));
    check_bounds(snapshot);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn snapshots_are_what_a_map_would_be(batches in writes(), expiring: bool) {
        let mut snapshot = Snapshot::default();
        let mut model = Model::new();
        let mut history = Vec::new();
        for (now, batch) in (0..).map(|now| now * 5).zip(batches) {
            let before = expiring.then_some(now - 30);
            let visible = |time: i64| before.is_none_or(|before| time >= before);
            let mut writing = Batch::new(&snapshot, before);
            model.retain(|_, (time, _)| visible(*time));
            for (i, write) in batch.into_iter().enumerate() {
                match write {
                    Write::Put { id: n, age } => {
                        let fields = format!(r#""at":{now},"i":{i}"#);
                        let seen = writing.json(&id(n)).unwrap();
                        let replaced = writing.put(id(n), document(now - age, &fields));
                        let old = model.insert(id(n), (now - age, fields));
                        let old = old.filter(|(time, _)| visible(*time));
                        prop_assert_eq!(replaced, old.is_some());
                        let old = old.map(|(time, fields)| json(&id(n), time, &fields));
                        prop_assert_eq!(seen, old);
                    }
                    Write::Remove { id: n } => {
                        writing.remove(&id(n));
                        model.remove(&id(n));
                    }
                }
            }
            snapshot = writing.seal();
            history.push((snapshot.clone(), model.clone(), before));
        }
        // All at the end: later writes have changed none of the earlier snapshots.
        for (snapshot, model, before) in &history {
            agrees(snapshot, model, *before);
        }
    }
}
