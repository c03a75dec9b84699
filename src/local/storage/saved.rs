//! Snapshots as a store keeps them: a chunk is an object that never changes, beside the rows of it
//! that are dead.

use super::chunk::Chunk;
use super::index::Index;
use super::memory::Memory;
use super::snapshot::{Figures, Snapshot};
use super::stored::Stored;
use super::texts::Texts;
use std::sync::Arc;

/// A snapshot without its index, which is made again.
#[derive(Debug, Default)]
pub struct Saved {
    pub writes: u64,
    pub next_seq: u64,
    pub figures: Figures,
    pub chunks: Vec<Chunk>,
}

/// The rows of a chunk, live or dead.
#[derive(Debug)]
pub struct SavedChunk {
    pub rows: Vec<Arc<Stored>>,
    /// The fields, if they are read already.
    pub texts: Option<Texts>,
    /// Positions of the dead rows.
    pub dead: Vec<usize>,
}

impl Snapshot {
    /// The snapshot that was saved.
    pub fn restored(saved: Saved, memory: &Memory) -> Self {
        let Saved { writes, next_seq, figures, chunks } = saved;
        let mut live: Vec<_> = chunks.iter().flat_map(Chunk::documents).cloned().collect();
        live.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        let size = live.iter().map(|stored| stored.size()).sum();
        let figures = Figures { size, ..figures };
        let (index, memory) = (Index::sorted(live.into_iter()), memory.clone());
        Self { index, chunks, figures, next_seq, writes, memory }
    }

    /// The same documents, after this number of writes, with these figures of them.
    pub fn with_figures(self, writes: u64, figures: Figures) -> Self {
        Self { writes, figures, ..self }
    }

    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    /// Whether documents expire.
    pub fn expires(&self) -> bool {
        self.chunks.iter().any(Chunk::is_expiring)
    }

    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }

    pub(in crate::local) fn chunks(&self) -> &[Chunk] {
        &self.chunks
    }
}

impl SavedChunk {
    /// The chunk that was saved, of documents that expire or don't.
    pub fn restored(self, expiring: bool, memory: &Memory) -> Chunk {
        let mut chunk = Chunk::new(self.rows, self.texts, expiring, memory);
        self.dead.into_iter().for_each(|row| chunk.kill_row(row));
        chunk
    }
}
