//! A file on this machine for the fields that don't fit into the memory of a process that doesn't write
//! to the store. The one that writes deletes segments as soon as it needs them no more.

use super::documents::{decode_text, encode_texts};
use super::error::StoreError;
use super::frame;
use crate::local::storage::{Chunk, Memory, ReadTexts, SegmentObject, Unreadable};
use parking_lot::Mutex;
use range_alloc::RangeAllocator;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracing::warn;

/// Time without attempts after one that has failed.
const PAUSE: Duration = Duration::from_secs(10);

/// What checksums take for the path of an object.
const OBJECT: &str = "scratch";

/// A file for fields. Clones refer to the same.
#[derive(Debug, Clone)]
pub struct Scratch {
    memory: Memory,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    file: File,
    /// Where nobody's fields are.
    free: RangeAllocator<u64>,
    /// When it could not be written.
    failed: Option<Instant>,
}

/// The fields of a chunk in the file, whose place is free once this is dropped.
#[derive(Debug)]
struct Piece {
    shared: Arc<Mutex<Shared>>,
    place: Range<u64>,
}

impl Scratch {
    /// A file in a directory, for what is in this memory. It has no name there, and is gone with the
    /// process, however that ends.
    pub fn create(directory: &Path, memory: Memory) -> io::Result<Self> {
        let named = |error: io::Error| {
            let directory = directory.display();
            let message = format!(
                "can't make a file in {directory} for what does not fit into memory: {error}. \
                 Choose another directory with --scratch"
            );
            io::Error::new(error.kind(), message)
        };
        let file = tempfile::tempfile_in(directory).map_err(named)?;
        Ok(Self::on(file, memory))
    }

    fn on(file: File, memory: Memory) -> Self {
        let free = RangeAllocator::new(0..u64::MAX);
        Self { memory, shared: Arc::new(Mutex::new(Shared { file, free, failed: None })) }
    }

    /// When fields that nothing else has take much of the memory: writes those of chunks, so that they
    /// need not stay there. What can't be written does.
    pub fn relieve<'a>(&self, chunks: impl IntoIterator<Item = &'a Chunk>) {
        if !self.is_needed() {
            return;
        }
        for chunk in chunks.into_iter().filter(|chunk| chunk.segment().is_none()) {
            if let Err(error) = self.write(chunk) {
                warn!(%error, "documents stay in memory: the directory of --scratch can't be written");
                self.shared.lock().failed = Some(Instant::now());
                return;
            }
        }
    }

    /// Whether fields that nothing else has take much of the memory, and the file can be written.
    pub fn is_needed(&self) -> bool {
        let is_recent = |failed: Instant| failed.elapsed() < PAUSE;
        self.memory.is_to_be_saved() && !self.shared.lock().failed.is_some_and(is_recent)
    }

    fn write(&self, chunk: &Chunk) -> io::Result<()> {
        let texts = chunk.texts().map_err(io::Error::other)?;
        let content = frame::encode(OBJECT, 0, &encode_texts(&texts))?;
        drop(texts);
        let piece = Piece::write(&self.shared, &content)?;
        let (path, reader) = (OBJECT.into(), Arc::new(piece));
        chunk.save_as(SegmentObject { path, texts: None, text_bytes: 0, bytes: 0, reader });
        Ok(())
    }
}

impl Piece {
    fn write(shared: &Arc<Mutex<Shared>>, content: &[u8]) -> io::Result<Self> {
        let full = |_| io::Error::from(io::ErrorKind::StorageFull);
        let place = shared.lock().free.allocate_range(content.len() as u64).map_err(full)?;
        let piece = Self { shared: shared.clone(), place };
        let mut held = shared.lock();
        held.file.seek(SeekFrom::Start(piece.place.start))?;
        held.file.write_all(content)?;
        drop(held);
        Ok(piece)
    }

    fn read(&self) -> io::Result<Vec<u8>> {
        let bytes = usize::try_from(self.place.end - self.place.start).map_err(io::Error::other)?;
        let mut content = vec![0; bytes];
        let mut held = self.shared.lock();
        held.file.seek(SeekFrom::Start(self.place.start))?;
        held.file.read_exact(&mut content)?;
        Ok(content)
    }

    fn text(&self) -> Result<String, StoreError> {
        let content = self.read().map_err(|error| StoreError::damaged(OBJECT, error))?;
        decode_text(OBJECT, frame::decode(OBJECT, &content)?)
    }
}

impl ReadTexts for Piece {
    fn fields(&self, _: &SegmentObject) -> Result<String, Unreadable> {
        self.text().map_err(|error| match error {
            StoreError::Damaged { how, .. } => Unreadable(format!(
                "the file in the directory of --scratch is damaged: {how}. Start the read replica anew"
            )),
            error => Unreadable(error.to_string()),
        })
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.shared.lock().free.free_range(self.place.clone());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::local::storage::{Batch, Document, Snapshot, Use, View};

    /// Documents of as many bytes each.
    fn written(memory: &Memory, numbers: Range<usize>, bytes: usize) -> Snapshot {
        let snapshot = Snapshot::new(memory.clone());
        let mut batch = Batch::new(&snapshot, None);
        for n in numbers {
            let fields = format!(r#""n":"{}""#, text(n, bytes)).into();
            batch.put(
                n.to_string().into(),
                Document { event_time: 0, fields, meta: None, rollup: None },
            );
        }
        batch.seal()
    }

    /// Text that is not much shorter when it is compressed.
    fn text(n: usize, bytes: usize) -> String {
        let mut random = fastrand::Rng::with_seed(n as u64);
        (0..bytes).map(|_| random.alphanumeric()).collect()
    }

    fn check(snapshot: &Snapshot, numbers: Range<usize>, bytes: usize) {
        let view = View::new(Arc::new(snapshot.clone()), None);
        for n in numbers {
            let json = view.json(view.get(&n.to_string()).unwrap()).unwrap();
            assert!(json.contains(&text(n, bytes)), "{n}");
        }
    }

    fn is_saved(snapshot: &Snapshot) -> bool {
        snapshot.chunks().iter().all(|chunk| chunk.segment().is_some())
    }

    fn length(scratch: &Scratch) -> u64 {
        scratch.shared.lock().file.metadata().unwrap().len()
    }

    #[test]
    fn fields_leave_the_memory_and_come_back() {
        let directory = tempfile::TempDir::new().unwrap();
        let memory = Memory::new(1 << 20);
        let scratch = Scratch::create(directory.path(), memory.clone()).unwrap();
        let few = written(&memory, 0..10, 100);
        scratch.relieve(few.chunks());
        assert!(!is_saved(&few), "there is room for it");

        let many = written(&memory, 10..500, 1_000);
        scratch.relieve(few.chunks().iter().chain(many.chunks()));
        assert!(is_saved(&few) && is_saved(&many));
        check(&few, 0..10, 100);
        check(&many, 10..500, 1_000);
        // Queries leave no room for any.
        drop(memory.charge(Use::Queries, 1 << 20));
        check(&many, 10..500, 1_000);
        check(&few, 0..10, 100);

        // What is free is used again.
        let before = length(&scratch);
        for _ in 0..5 {
            let more = written(&memory, 500..900, 1_000);
            scratch.relieve(more.chunks());
            assert!(is_saved(&more));
            check(&more, 500..900, 1_000);
        }
        assert!(length(&scratch) < 2 * before, "{} after {before}", length(&scratch));
        check(&many, 10..500, 1_000);
        drop((few, many));
        assert_eq!(scratch.shared.lock().free.allocated_ranges().count(), 0);
    }

    #[test]
    fn damage_is_said() {
        let memory = Memory::new(1_000);
        let scratch = Scratch::create(&std::env::temp_dir(), memory.clone()).unwrap();
        let documents = written(&memory, 0..50, 100);
        scratch.relieve(documents.chunks());
        assert!(memory.is_exceeded(), "nothing but heads is left");
        scratch.shared.lock().file.set_len(100).unwrap();
        let view = View::new(Arc::new(documents), None);
        let error = view.json(view.get("7").unwrap()).unwrap_err().to_string();
        assert!(error.contains("--scratch is damaged: "), "{error}");
        assert!(error.ends_with("Start the read replica anew"), "{error}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_a_full_disk_does_not_take_stays_in_memory() {
        let memory = Memory::new(1_000);
        let full = File::options().read(true).write(true).open("/dev/full").unwrap();
        let scratch = Scratch::on(full, memory.clone());
        let documents = written(&memory, 0..50, 100);
        scratch.relieve(documents.chunks());
        assert!(!is_saved(&documents));
        check(&documents, 0..50, 100);
        assert_eq!(scratch.shared.lock().free.allocated_ranges().count(), 0);
        assert!(scratch.shared.lock().failed.is_some(), "it is not tried again at once");
    }
}
