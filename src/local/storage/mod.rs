//! The documents of a collection: written in batches, read as snapshots.
//!
//! A [`Snapshot`] is immutable and taken in O(1): an ordered index of the documents by
//! their `_id`, which is a copy-on-write B-tree, and chunks of the same documents in the
//! order of their arrival, each with a bitmap of the rows that are live. A [`Batch`] makes
//! the next snapshot of the present one: a batch of N documents adds a chunk, copies the
//! paths of the tree that lead to them, and clears the bits of what it replaces, which
//! costs O(N log n). Whoever holds a snapshot sees nothing of later batches.
//!
//! What is held of each document beside its fields is shared by the index and the chunks. The
//! fields of a chunk's documents are one text.
//!
//! - `document`: a document that is to be stored, also of a rollup; `meta`: where it comes from;
//!   `stored`: what is held of it; `texts`: the fields; `index`: the tree.
//! - `chunk`: chunks, their live rows, and the index on event times; `compact`: their compaction.
//! - `derived`: what readers make of the rows of a chunk (feature `engine`).
//! - `memory`: the memory that all of this takes, and what is given up when there is no more.
//! - `batch`: writing; `snapshot`: reading, and the figures of a collection.
//! - `saved`: snapshots as a store keeps them (feature `engine`).

mod batch;
mod chunk;
mod compact;
#[cfg(feature = "engine")]
mod derived;
mod document;
#[cfg(all(test, feature = "engine"))]
mod given_up;
mod index;
#[cfg_attr(not(feature = "engine"), allow(dead_code))]
mod memory;
mod meta;
#[cfg(feature = "engine")]
mod saved;
mod snapshot;
mod stored;
#[cfg(test)]
mod tests;
mod texts;

pub(super) use batch::{Batch, Changes};
#[cfg(feature = "engine")]
pub(super) use chunk::{Chunk, ReadTexts, SegmentObject};
#[cfg(feature = "engine")]
pub(super) use derived::{Origin, Path, parts_of};
pub(super) use document::{Document, NewDocument, Part, Rollup};
#[cfg(feature = "engine")]
pub(super) use memory::{Charge, Use};
pub(super) use memory::{Full, Memory};
pub(super) use meta::{Meta, RecordOrigin};
#[cfg(feature = "engine")]
pub(super) use saved::{Saved, SavedChunk};
#[cfg(feature = "engine")]
pub(super) use snapshot::Figures;
pub(super) use snapshot::{Snapshot, View};
pub(super) use stored::Stored;
#[cfg(feature = "engine")]
pub(super) use texts::{Texts, Unreadable};
