//! Checkpoints: everything that the log before a position says.

use super::documents::{decode_segment, encode_segment};
use super::error::StoreError;
use super::messages::{Checkpoint, ChunkState, CollectionState, EntryChange, Segment};
use super::objects::{CHECKPOINT, Objects, SEGMENT, numbered};
use super::replay::number;
use crate::local::journal::recovered::Recovered;
use crate::local::storage::{Chunk, Figures, Saved, SavedChunk, SegmentObject, Snapshot};
use futures_util::{StreamExt, TryStreamExt, stream};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

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
        *self.bytes.entry(collection).or_default() += segment.bytes;
    }
}

/// Writes a checkpoint, with the segments that it needs and no earlier one has written. Returns the
/// segments that it refers to.
pub async fn write(
    objects: &Objects,
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
            let segment = write_segment(objects, *collection, chunk).await?;
            // A chunk has far fewer rows.
            let dead = chunk.dead_rows().filter_map(|row| u32::try_from(row).ok()).collect();
            saved.chunks.push(ChunkState { segment: segment.path.to_string(), dead });
            segments.add(*collection, segment);
        }
        checkpoint.collections.push(saved);
    }
    let object = numbered(CHECKPOINT, position);
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

/// The segment of a chunk, which is written if there is none.
async fn write_segment(
    objects: &Objects,
    collection: u64,
    chunk: &Chunk,
) -> Result<SegmentObject, StoreError> {
    if let Some(segment) = chunk.segment().get() {
        return Ok(segment.clone());
    }
    let object = format!("{SEGMENT}/{collection:016x}-{:016x}", fastrand::u64(..));
    let content = objects.encode(&object, &encode_segment(chunk))?;
    let bytes = content.len() as u64;
    objects.create(&object, content).await?;
    Ok(chunk.segment().get_or_init(|| SegmentObject { path: object.into(), bytes }).clone())
}

/// The segments that a checkpoint refers to.
pub fn segments(checkpoint: &Checkpoint) -> impl Iterator<Item = &str> {
    let chunks = checkpoint.collections.iter().flat_map(|collection| &collection.chunks);
    chunks.map(|chunk| chunk.segment.as_str())
}

/// Reads a checkpoint. Returns the segments that it refers to, too.
pub async fn read(objects: &Objects, position: u64) -> Result<(Recovered, Segments), StoreError> {
    let checkpoint: Checkpoint = objects.read(&numbered(CHECKPOINT, position)).await?;
    let mut recovered = Recovered::default();
    for EntryChange { path, value, .. } in checkpoint.entries {
        recovered.entries.insert(path, value.unwrap_or_default().into());
    }
    let chunks = checkpoint.collections.iter().flat_map(|collection| collection.chunks.clone());
    let mut chunks = chunks_of(objects, chunks.collect()).await?;
    let mut segments = Segments::default();
    for state in checkpoint.collections {
        let (collection, saved) = (state.collection, saved(state, &mut chunks));
        saved.chunks.iter().for_each(|chunk| segments.add(collection, chunk.segment.clone()));
        recovered.documents.insert(collection, Arc::new(Snapshot::restored(saved)));
    }
    Ok((recovered, segments))
}

/// Reads chunks, by their segments, on several threads.
async fn chunks_of(
    objects: &Objects,
    chunks: Vec<ChunkState>,
) -> Result<HashMap<Arc<str>, SavedChunk>, StoreError> {
    let read = |chunk: ChunkState| {
        let objects = objects.clone();
        tokio::spawn(async move { read_chunk(&objects, chunk).await })
    };
    let reading = stream::iter(chunks).map(read).buffer_unordered(PARALLEL);
    let failed = |error| StoreError::damaged(SEGMENT, error);
    let chunks = reading.map(|read| read.map_err(failed)?);
    chunks.map_ok(|chunk| (chunk.segment.path.clone(), chunk)).try_collect().await
}

async fn read_chunk(objects: &Objects, chunk: ChunkState) -> Result<SavedChunk, StoreError> {
    let ChunkState { segment, dead } = chunk;
    let (content, bytes) = objects.read_sized::<Segment>(&segment).await?;
    let (rows, texts) = decode_segment(&segment, content)?;
    let dead: Vec<usize> = dead.into_iter().map(|row| row as usize).collect();
    if dead.iter().any(|row| *row >= rows.len()) {
        return Err(StoreError::damaged(&segment, "it has fewer rows than its checkpoint says"));
    }
    let segment = SegmentObject { path: segment.into(), bytes };
    Ok(SavedChunk { segment, rows, texts, dead })
}

fn saved(state: CollectionState, chunks: &mut HashMap<Arc<str>, SavedChunk>) -> Saved {
    let mut figures = Figures::default();
    figures.inserted = number(state.inserted);
    figures.overwritten = number(state.overwritten);
    figures.purged = number(state.purged);
    figures.purged_size = number(state.purged_size);
    figures.last_updated = state.time;
    let chunks = state.chunks.iter().filter_map(|chunk| chunks.remove(chunk.segment.as_str()));
    Saved {
        writes: state.writes,
        next_seq: state.next_seq,
        figures,
        expiring: state.expiring,
        chunks: chunks.collect(),
    }
}
