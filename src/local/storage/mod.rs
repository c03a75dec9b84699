//! The documents of a collection: written in batches, read as snapshots.
//!
//! A [`Snapshot`] is immutable and taken in O(1): an ordered index of the documents by
//! their `_id`, which is a copy-on-write B-tree, and chunks of the same documents in the
//! order of their arrival, each with a bitmap of the rows that are live. A [`Batch`] makes
//! the next snapshot of the present one: a batch of N documents adds a chunk, copies the
//! paths of the tree that lead to them, and clears the bits of what it replaces, which
//! costs O(N log n). Whoever holds a snapshot sees nothing of later batches.
//!
//! - `document`: a document, also of a rollup; `index`: the tree.
//! - `chunk`: chunks, their live rows, their compaction, and the index on event times.
//! - `batch`: writing; `snapshot`: reading, and the figures of a collection.
//! - `saved`: snapshots as a store keeps them (feature `engine`).

mod batch;
mod chunk;
mod document;
mod index;
#[cfg(feature = "engine")]
mod saved;
mod snapshot;
#[cfg(test)]
mod tests;

pub(super) use batch::{Batch, Changes};
#[cfg(feature = "engine")]
pub(super) use chunk::{Chunk, SegmentObject};
pub(super) use document::{Document, Meta, NewDocument, Part, RecordOrigin, Rollup, Stored};
#[cfg(feature = "engine")]
pub(super) use saved::{Saved, SavedChunk};
#[cfg(feature = "engine")]
pub(super) use snapshot::Figures;
pub(super) use snapshot::{Snapshot, View};
