//! Columns of chunks that are merged between queries.

#![allow(clippy::unwrap_used, clippy::panic)]

use super::{Path, Scan};
use crate::local::query::columns::Reader;
use crate::local::query::types::Type;
use crate::local::query::value::{Value, parse};
use crate::local::storage::{Batch, Chunk, Document, Memory, Snapshot, View};
use proptest::prelude::*;
use std::sync::Arc;

#[derive(Debug, Clone)]
enum Step {
    Put(Vec<(u8, &'static str)>),
    Remove(Vec<u8>),
    Ask(Vec<&'static [&'static str]>),
}

const FIELDS: [&str; 15] = [
    "",
    r#""a":1"#,
    r#""a":2,"b":{"c":"a text that is not short"}"#,
    r#""b":{"c":null},"a":null"#,
    r#""b":{"c":"brief","d":[1]},"a":1.5"#,
    r#""b":"none""#,
    r#""a":"one","b":{"c":"a text that is not short, either"}"#,
    r#""a":3,"a":4,"b":{"c":"once"},"b":{"c":"twice"}"#,
    r#""x":[{"a":"}"},"]\"}",{}],"b":{"x":{"c":"{"},"c":"with \"quotes\" and \\"},"a":-0"#,
    "\"b\":{ \"d\" :\n[ 1 , { } ] ,\t\"c\" : 18446744073709551615 } , \"a\" : 9223372036854775807 ",
    r#""\u0061":true,"\u0062":{"\u0063":{"__rockset_type":"date","value":"2026-11-27"},"d":2e3}"#,
    r#""b":[{"c":1}],"b":{"c":2},"a":"""#,
    r#""a":12345678.25,"b":{"c":12345678,"d":1234567890123456}"#,
    r#""b":{"d":"more than forty bytes up to the first one of the \"quotes\"","c":"\\"},"a":"1234567""#,
    r#""b":{"c":"ü","d":"€ \ud83d\ude00"},"a":{}"#,
];

const PATHS: [&[&str]; 6] = [&["a"], &["b", "c"], &["b"], &["b", "d"], &["_id"], &["_event_time"]];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let fields = prop_oneof![
        3 => Just(FIELDS[1]),
        3 => Just(FIELDS[2]),
        4 => prop::sample::select(&FIELDS[..]),
    ];
    let step = prop_oneof![
        4 => prop::collection::vec((any::<u8>(), fields), 1..40).prop_map(Step::Put),
        1 => prop::collection::vec(any::<u8>(), 1..40).prop_map(Step::Remove),
        3 => prop::sample::subsequence(&PATHS[..], 1..4).prop_map(Step::Ask),
    ];
    prop::collection::vec(step, 1..30)
}

fn document(fields: &str) -> Document {
    Document { event_time: 7, fields: fields.into(), meta: None, rollup: None }
}

fn written(snapshot: &Snapshot, step: &Step) -> Snapshot {
    let mut batch = Batch::new(snapshot, None);
    match step {
        Step::Put(documents) => {
            for (id, fields) in documents {
                batch.put(id.to_string().into(), document(fields));
            }
        }
        Step::Remove(ids) => ids.iter().for_each(|id| batch.remove(&id.to_string())),
        Step::Ask(_) => {}
    }
    batch.seal()
}

/// The values of columns, row by row.
fn asked(snapshot: &Snapshot, paths: &[Path]) -> Vec<Vec<Value>> {
    let scan = Scan::new(View::new(Arc::new(snapshot.clone()), None), None);
    let columns = scan.columns(paths, 0).unwrap();
    let mut rows = Vec::new();
    for batch in &columns.batches {
        let readers = batch.columns().iter().zip(&columns.types);
        let readers: Vec<Reader<'_>> =
            readers.map(|(column, of): (_, &Type)| Reader::new(column, *of)).collect();
        let row = |at| readers.iter().map(|reader| reader.get(at)).collect();
        rows.extend((0..batch.num_rows()).map(row));
    }
    rows
}

/// The same, read from each document.
fn expected(snapshot: &Snapshot, paths: &[Path]) -> Vec<Vec<Value>> {
    let view = View::new(Arc::new(snapshot.clone()), None);
    let documents = snapshot.chunks().iter().flat_map(Chunk::documents);
    let row = |json: String| {
        let document = parse(&json).unwrap();
        let value = |path: &Path| path.iter().fold(&document, |value, name| value.field(name));
        paths.iter().map(value).cloned().collect()
    };
    documents.map(|stored| row(view.json(stored).unwrap())).collect()
}

proptest! {
    #[test]
    fn columns_survive_merges(steps in steps()) {
        let memory = Memory::default();
        let mut snapshot = Snapshot::new(memory);
        for step in steps {
            let Step::Ask(paths) = &step else {
                snapshot = written(&snapshot, &step);
                continue;
            };
            let paths: Vec<Path> =
                paths.iter().map(|path| path.iter().map(ToString::to_string).collect()).collect();
            prop_assert_eq!(asked(&snapshot, &paths), expected(&snapshot, &paths));
        }
    }
}

#[test]
fn a_merged_chunk_takes_columns_over() {
    let memory = Memory::default();
    let put = |ids: std::ops::Range<u8>| Step::Put(ids.map(|id| (id, FIELDS[2])).collect());
    let (a, c) = (vec!["a".to_string()], vec!["b".to_string(), "c".to_string()]);

    let mut snapshot = written(&Snapshot::new(memory), &put(0..100));
    asked(&snapshot, &[a.clone(), c.clone()]);
    snapshot = written(&snapshot, &put(90..170));
    snapshot = written(&snapshot, &Step::Remove((0..60).collect()));
    let [merged] = snapshot.chunks() else { panic!("{} chunks", snapshot.chunks().len()) };
    let origins = merged.origins();
    assert_eq!(origins.len(), 1);
    assert_eq!((origins[0].first, &*origins[0].rows), (0, &*(60..90).collect::<Vec<u32>>()));
    assert!(origins[0].derived.has(&a) && origins[0].derived.has(&c));
    drop(origins);

    assert_eq!(asked(&snapshot, std::slice::from_ref(&a)).len(), 110);
    let origins = merged.origins();
    assert!(!origins[0].derived.has(&a) && origins[0].derived.has(&c));
    drop(origins);
    assert_eq!(asked(&snapshot, &[a.clone(), c.clone()]).len(), 110);
    assert!(merged.origins().is_empty());
    assert!(merged.derived().has(&a) && merged.derived().has(&c));
}
