//! Checkpoints: everything that the log before a position says.

use super::documents::{decode_segment, decode_texts, encode_segment, encode_texts};
use super::error::StoreError;
use super::messages::{Checkpoint, ChunkState, CollectionState, EntryChange, Segment};
use super::objects::{CHECKPOINT, SEGMENT, TEXTS, numbered};
use super::reader::Reader;
use super::replay::number;
use crate::local::journal::recovered::Recovered;
use crate::local::storage::{Chunk, Figures, Saved, SavedChunk, SegmentObject, Snapshot};
use futures_util::{StreamExt, TryStreamExt, stream};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use tokio::task::spawn_blocking;
use tracing::warn;

/// Segments that are read at a time.
const PARALLEL: usize = 4;

/// The segments that a checkpoint refers to.
#[derive(Debug, Clone, Default)]
pub struct Segments {
    pub paths: HashSet<Arc<str>>,
    /// Bytes of the segments of each collection.
    pub bytes: HashMap<u64, u64>,
}

impl Segments {
    fn add(&mut self, collection: u64, segment: SegmentObject) {
        self.paths.insert(segment.path);
        self.paths.extend(segment.texts);
        *self.bytes.entry(collection).or_default() += segment.bytes;
    }
}

/// Writes a checkpoint, with the segments that it needs and no earlier one has written. Returns the
/// segments that it refers to.
pub async fn write(
    reader: &Arc<Reader>,
    position: u64,
    state: &Recovered,
) -> Result<Segments, StoreError> {
    let entry = |(path, value): (&String, &Arc<str>)| {
        let (path, value) = (path.clone(), Some(value.to_string()));
        EntryChange { path, value, all: false }
    };
    let mut checkpoint = Checkpoint {
        entries: state.entries.iter().map(entry).collect(),
        collections: Vec::with_capacity(state.documents.len()),
    };
    let mut segments = Segments::default();
    for (collection, snapshot) in &state.documents {
        let mut saved = collection_state(*collection, snapshot);
        for chunk in snapshot.chunks() {
            let segment = write_segment(reader, *collection, chunk).await?;
            // A chunk has far fewer rows.
            let dead = chunk.dead_rows().filter_map(|row| u32::try_from(row).ok()).collect();
            saved.chunks.push(ChunkState {
                segment: segment.path.to_string(),
                dead,
                texts: segment.texts.as_deref().map(str::to_string),
                text_bytes: segment.text_bytes,
            });
            segments.add(*collection, segment);
        }
        checkpoint.collections.push(saved);
    }
    let (object, objects) = (numbered(CHECKPOINT, position), &reader.objects);
    objects.create(&object, objects.encode(&object, &checkpoint)?).await?;
    Ok(segments)
}

fn collection_state(collection: u64, snapshot: &Snapshot) -> CollectionState {
    let figures = snapshot.figures();
    CollectionState {
        collection,
        writes: snapshot.writes(),
        next_seq: snapshot.next_seq(),
        time: figures.last_updated,
        expiring: snapshot.expires(),
        inserted: figures.inserted as u64,
        overwritten: figures.overwritten as u64,
        purged: figures.purged as u64,
        purged_size: figures.purged_size as u64,
        chunks: Vec::new(),
    }
}

/// The segment of a chunk, which is written if there is none, or only one of an earlier version.
async fn write_segment(
    reader: &Arc<Reader>,
    collection: u64,
    chunk: &Chunk,
) -> Result<SegmentObject, StoreError> {
    let old = chunk.segment();
    if let Some(segment) = old.as_ref().filter(|segment| segment.texts.is_some()) {
        return Ok(segment.clone());
    }
    let name = format!("{collection:016x}-{:016x}", fastrand::u64(..));
    let (path, texts_path) = (format!("{SEGMENT}/{name}"), format!("{TEXTS}/{name}"));
    // To read an earlier version may take long.
    let texts = spawn_blocking({
        let chunk = chunk.clone();
        move || chunk.texts()
    });
    let texts = match (texts.await, old) {
        (Ok(Ok(texts)), _) => texts,
        (Ok(Err(error)), Some(segment)) => {
            warn!(%error, "a segment of an earlier version stays as it is");
            return Ok(segment);
        }
        (Ok(Err(error)), None) => return Err(StoreError::damaged(&path, error)),
        (Err(error), _) => return Err(StoreError::damaged(&path, error)),
    };
    let objects = &reader.objects;
    let content = objects.encode(&texts_path, &encode_texts(&texts))?;
    drop(texts);
    let text_bytes = content.len() as u64;
    objects.create(&texts_path, content).await?;
    let content = objects.encode(&path, &encode_segment(chunk))?;
    let bytes = text_bytes + content.len() as u64;
    objects.create(&path, content).await?;
    let texts = Some(texts_path.into());
    let reader = reader.clone();
    let segment = SegmentObject { path: path.into(), texts, text_bytes, bytes, reader };
    chunk.save_as(segment.clone());
    Ok(segment)
}

/// The objects of the segments that a checkpoint refers to.
pub fn segments(checkpoint: &Checkpoint) -> impl Iterator<Item = &str> {
    let chunks = checkpoint.collections.iter().flat_map(|collection| &collection.chunks);
    chunks.flat_map(|chunk| [Some(chunk.segment.as_str()), chunk.texts.as_deref()]).flatten()
}

/// Reads a checkpoint. Returns the segments that it refers to, too.
pub async fn read(
    reader: &Arc<Reader>,
    position: u64,
) -> Result<(Recovered, Segments), StoreError> {
    let checkpoint: Checkpoint = reader.objects.read(&numbered(CHECKPOINT, position)).await?;
    let mut recovered = Recovered::new(reader.memory.clone());
    for EntryChange { path, value, .. } in checkpoint.entries {
        recovered.entries.insert(path, value.unwrap_or_default().into());
    }
    let chunks = checkpoint.collections.iter().flat_map(|collection| {
        let expiring = collection.expiring;
        collection.chunks.iter().map(move |chunk| (chunk.clone(), expiring))
    });
    let mut chunks = chunks_of(reader, chunks.collect()).await?;
    let mut segments = Segments::default();
    for state in checkpoint.collections {
        let collection = state.collection;
        let found = state.chunks.iter().filter_map(|chunk| chunks.remove(&chunk.segment));
        let (found, objects): (Vec<_>, Vec<_>) = found.unzip();
        objects.into_iter().for_each(|object| segments.add(collection, object));
        let snapshot = Snapshot::restored(saved(&state, found), &reader.memory);
        recovered.documents.insert(collection, Arc::new(snapshot));
    }
    Ok((recovered, segments))
}

/// Reads chunks, by their segments, on several threads. Each comes with whether its documents
/// expire.
async fn chunks_of(
    reader: &Arc<Reader>,
    chunks: Vec<(ChunkState, bool)>,
) -> Result<HashMap<String, (Chunk, SegmentObject)>, StoreError> {
    let read = |(chunk, expiring): (ChunkState, bool)| {
        let reader = reader.clone();
        tokio::spawn(async move {
            let path = chunk.segment.clone();
            let (saved, segment) = read_chunk(&reader, chunk).await?;
            let restored = saved.restored(expiring, &reader.memory);
            match &reader.scratch {
                None => restored.save_as(segment.clone()),
                Some(scratch) => scratch.relieve([&restored]),
            }
            Ok::<_, StoreError>((path, (restored, segment)))
        })
    };
    let reading = stream::iter(chunks).map(read).buffer_unordered(PARALLEL);
    let failed = |error| StoreError::damaged(SEGMENT, error);
    reading.map(|read| read.map_err(failed)?).try_collect().await
}

/// Reads a chunk. Its fields are read when they are needed, unless the object with them may be gone
/// by then.
async fn read_chunk(
    reader: &Arc<Reader>,
    chunk: ChunkState,
) -> Result<(SavedChunk, SegmentObject), StoreError> {
    let ChunkState { segment, dead, texts: texts_path, text_bytes } = chunk;
    let (content, bytes) = reader.objects.read_sized::<Segment>(&segment).await?;
    let (rows, mut texts) = decode_segment(&segment, content, texts_path.is_none())?;
    if let Some(path) = texts_path.as_ref().filter(|_| reader.scratch.is_some()) {
        texts = Some(decode_texts(path, reader.objects.read(path).await?, &rows)?);
    }
    let dead: Vec<usize> = dead.into_iter().map(|row| row as usize).collect();
    if dead.iter().any(|row| *row >= rows.len()) {
        return Err(StoreError::damaged(&segment, "it has fewer rows than its checkpoint says"));
    }
    let (texts_path, bytes) = (texts_path.map(Arc::from), bytes + text_bytes);
    let (path, reader) = (segment.into(), reader.clone());
    let segment = SegmentObject { path, texts: texts_path, text_bytes, bytes, reader };
    Ok((SavedChunk { rows, texts, dead }, segment))
}

fn saved(state: &CollectionState, chunks: Vec<Chunk>) -> Saved {
    let mut figures = Figures::default();
    figures.inserted = number(state.inserted);
    figures.overwritten = number(state.overwritten);
    figures.purged = number(state.purged);
    figures.purged_size = number(state.purged_size);
    figures.last_updated = state.time;
    Saved { writes: state.writes, next_seq: state.next_seq, figures, chunks }
}
