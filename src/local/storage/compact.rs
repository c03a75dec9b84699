//! Compaction: it bounds the number of chunks and of their dead rows, by the logarithmic method
//! (Bentley and Saxe).
//!
//! A chunk is merged with the one before it when that is less than twice as large, so that a row
//! moves O(log n) times and the sizes of neighbours that could be merged fall by half. A chunk of
//! which too many rows are dead is copied without them; their number pays for the copy.

use super::chunk::{Chunk, ROWS};
#[cfg(feature = "engine")]
use super::derived::Origin;
use super::memory::Memory;
use super::stored::Stored;
use super::texts::{Growing, Texts};
use std::mem;
use std::sync::Arc;

/// Chunks of documents that come in the order of their arrival, each with the text of its fields.
pub(super) fn chunks_of<T: AsRef<str>>(
    documents: impl Iterator<Item = (Arc<Stored>, T)>,
    expiring: bool,
    memory: &Memory,
) -> Vec<Chunk> {
    let most = memory.of_a_chunk();
    let mut chunks = Vec::new();
    let (mut rows, mut texts) = (Vec::new(), Growing::default());
    for (stored, fields) in documents {
        let is_full = rows.len() == ROWS || texts.len() + stored.length() > most;
        if is_full && !rows.is_empty() {
            let (rows, texts) = (mem::take(&mut rows), mem::take(&mut texts));
            chunks.push(Chunk::new(rows, Some(texts.finish()), expiring, memory));
        }
        texts.push(fields.as_ref());
        rows.push(stored);
    }
    if !rows.is_empty() {
        chunks.push(Chunk::new(rows, Some(texts.finish()), expiring, memory));
    }
    chunks
}

/// Bounds the number of chunks and of dead rows. A chunk whose texts are not in memory stays as it
/// is; [`lacking`] tells which ones.
pub(super) fn compact(chunks: Vec<Chunk>, expiring: bool, memory: &Memory) -> Vec<Chunk> {
    let mut compacted: Vec<Chunk> = Vec::with_capacity(chunks.len());
    for chunk in chunks {
        if chunk.len() == 0 {
            continue;
        }
        let Some(texts) = chunk.texts_in_memory() else {
            compacted.push(chunk);
            continue;
        };
        let (mut rows, mut bytes) = (chunk.len(), chunk.bytes());
        let mut merged = vec![(chunk, texts)];
        while let Some(before) = compacted.pop_if(|before| before.merges_with(rows, bytes)) {
            let Some(texts) = before.texts_in_memory() else {
                compacted.push(before);
                break;
            };
            rows += before.len();
            bytes += before.bytes();
            merged.push((before, texts));
        }
        if let [(chunk, _)] = &merged[..]
            && !chunk.is_worn()
        {
            compacted.push(chunk.clone());
            continue;
        }
        merged.reverse();
        let copies = copied(&merged, expiring, memory);
        #[cfg(feature = "engine")]
        if let [copy] = &copies[..] {
            copy.set_origins(origins(merged.iter().map(|(chunk, _)| chunk)));
        }
        compacted.extend(copies);
    }
    compacted
}

/// The live documents of chunks, which come with their texts, in as few chunks as possible.
fn copied(chunks: &[(Chunk, Arc<Texts>)], expiring: bool, memory: &Memory) -> Vec<Chunk> {
    let rows: usize = chunks.iter().map(|(chunk, _)| chunk.len()).sum();
    let bytes: usize = chunks.iter().map(|(chunk, _)| chunk.bytes()).sum();
    if rows > ROWS || bytes > memory.of_a_chunk() {
        let documents = chunks.iter().flat_map(|(chunk, texts)| {
            chunk.live_rows().map(move |(row, stored)| (stored.clone(), texts.get(row)))
        });
        return chunks_of(documents, expiring, memory);
    }
    let (mut documents, mut fields) =
        (Vec::with_capacity(rows), Growing::with_capacity(rows, bytes));
    for (chunk, texts) in chunks {
        documents.extend(chunk.documents().cloned());
        match chunk.dead() {
            0 => fields.append(texts),
            _ => chunk.live_rows().for_each(|(row, _)| fields.push(texts.get(row))),
        }
    }
    vec![Chunk::new(documents, Some(fields.finish()), expiring, memory)]
}

/// The origins of a chunk into which the live rows of others are copied, one chunk after the other.
#[cfg(feature = "engine")]
fn origins<'a>(chunks: impl Iterator<Item = &'a Chunk>) -> Vec<Origin> {
    let (mut origins, mut first) = (Vec::new(), 0);
    for chunk in chunks {
        let is_read = !chunk.derived().is_empty();
        let own = is_read.then(|| Origin::whole(chunk.derived(), chunk.height()));
        let others = chunk.origins().into_iter().filter(|origin| !origin.derived.is_empty());
        let mut of_chunk = own.into_iter().chain(others).peekable();
        if of_chunk.peek().is_some() {
            let live: Vec<usize> = chunk.live_rows().map(|(row, _)| row).collect();
            origins.extend(of_chunk.filter_map(|origin| origin.copied(&live, first)));
        }
        first += chunk.len();
    }
    origins
}

/// The chunks that [`compact`] would merge or copy if their texts were in memory.
#[cfg(feature = "engine")]
pub(super) fn lacking(chunks: &[Chunk]) -> impl Iterator<Item = &Chunk> {
    let is_part = |at: usize| {
        let chunk = &chunks[at];
        let merges = |pair: &[Chunk]| pair[0].merges_with(pair[1].len(), pair[1].bytes());
        chunk.is_worn()
            || at.checked_sub(1).is_some_and(|before| merges(&chunks[before..=at]))
            || chunks.get(at..at + 2).is_some_and(merges)
    };
    let is_lacking = move |at: &usize| chunks[*at].texts_in_memory().is_none() && is_part(*at);
    (0..chunks.len()).filter(is_lacking).map(|at| &chunks[at])
}
