//! Texts that were given up, and are read again.

#![allow(clippy::unwrap_used)]

use super::{Batch, Chunk, Document, Memory, ReadTexts, SegmentObject, Snapshot, Unreadable, View};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

/// The texts of chunks, by the identifier of the chunk.
#[derive(Debug, Default)]
struct Segments(Mutex<HashMap<String, String>>);

impl ReadTexts for Segments {
    fn fields(&self, segment: &SegmentObject) -> Result<String, Unreadable> {
        let found = self.0.lock().get(&*segment.path).cloned();
        found.ok_or_else(|| Unreadable(format!("{} is missing", segment.path)))
    }
}

/// A snapshot in memory that has no room for anything that can be given up, all of which is saved.
struct Saved {
    memory: Memory,
    segments: Arc<Segments>,
    snapshot: Snapshot,
    /// Number of segments so far.
    saved: usize,
}

impl Saved {
    fn new() -> Self {
        let memory = Memory::new(1);
        let snapshot = Snapshot::new(memory.clone());
        Self { memory, segments: Arc::default(), snapshot, saved: 0 }
    }

    fn write(&mut self, write: impl FnOnce(&mut Batch)) {
        let mut batch = Batch::new(&self.snapshot, None);
        write(&mut batch);
        self.snapshot = batch.seal();
        for chunk in self.snapshot.chunks().iter().filter(|chunk| chunk.segment().is_none()) {
            let texts = chunk.texts().unwrap();
            self.saved += 1;
            let path = self.saved.to_string();
            let text = String::from_utf8(texts.bytes().to_vec()).unwrap();
            self.segments.0.lock().insert(path.clone(), text);
            let (path, reader) = (path.into(), self.segments.clone());
            chunk.save_as(SegmentObject { path, texts: None, text_bytes: 0, bytes: 0, reader });
        }
        assert!(self.memory.is_exceeded());
        assert!(self.snapshot.chunks().iter().all(|it| it.texts_in_memory().is_none()));
    }

    fn put(&mut self, numbers: std::ops::Range<usize>) {
        self.write(|batch| {
            for n in numbers {
                let fields = format!(r#""n":{n}"#).into();
                let document = Document { event_time: 0, fields, meta: None, rollup: None };
                batch.put(format!("{n:03}").into(), document);
            }
        });
    }

    fn json(&self, id: &str) -> Result<String, Unreadable> {
        let view = View::new(Arc::new(self.snapshot.clone()), None);
        view.json(view.get(id).unwrap())
    }

    fn dead(&self) -> usize {
        self.snapshot.chunks().iter().map(Chunk::dead).sum()
    }
}

#[test]
fn chunks_are_merged_and_copied_once_their_texts_are_read() {
    let mut saved = Saved::new();
    saved.put(0..100);
    saved.put(100..200);
    saved.write(|batch| (0..60).for_each(|n| batch.remove(&format!("{n:03}"))));
    assert_eq!((saved.snapshot.chunks().len(), saved.dead()), (2, 60));
    assert!(saved.snapshot.lacks_texts());
    assert!(saved.json("150").unwrap().ends_with(r#","n":150}"#));
    assert!(saved.memory.is_exceeded());

    let (held, errors) = saved.snapshot.read_to_compact();
    assert_eq!((held.len(), errors), (2, vec![]));
    saved.snapshot = Batch::new(&saved.snapshot, None).seal();
    drop(held);
    assert_eq!((saved.snapshot.chunks().len(), saved.dead()), (1, 0));
    assert!(!saved.snapshot.lacks_texts());
    assert!(saved.json("077").unwrap().ends_with(r#","n":77}"#));
}

#[test]
fn what_can_not_be_read_is_said_and_can_be_replaced() {
    let mut saved = Saved::new();
    saved.put(0..10);
    saved.put(10..12);
    let path = saved.snapshot.chunks()[0].segment().unwrap().path;
    saved.segments.0.lock().remove(&*path);
    let missing = Unreadable(format!("{path} is missing"));
    assert_eq!(saved.json("003"), Err(missing.clone()));
    assert!(saved.json("011").unwrap().ends_with(r#","n":11}"#));

    saved.put(0..9);
    assert!(saved.json("003").unwrap().ends_with(r#","n":3}"#));
    assert_eq!(saved.json("009"), Err(missing.clone()));
    let (_, errors) = saved.snapshot.read_to_compact();
    assert_eq!(errors, [missing]);
    saved.write(|batch| batch.remove("009"));
    let lost = |chunk: &Chunk| chunk.segment().unwrap().path == path;
    assert!(!saved.snapshot.chunks().iter().any(lost));
}
