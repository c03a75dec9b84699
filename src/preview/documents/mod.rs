//! Documents, from the fixture to the entries that are stored.
//!
//! - `fixture`: lines, with marks where transactions end.
//! - `reader`: one transaction after the other.
//! - `journals`, `source`: which of a collection's documents a binding reads.
//! - `binding`: how a binding packs and reduces documents.
//! - `combiner`, `memtable`, `group`: a transaction's documents, one for each binding and key.
//! - `extract`: their keys and values, as tuples or as JSON.
//! - `key_range`: which shard has a key.
//! - `transaction`: the entries that are going to be stored.
//! - `arena`: memory for many small pieces.

mod arena;
pub mod binding;
mod combiner;
pub mod extract;
pub mod fixture;
mod group;
mod journals;
pub mod key_range;
mod memtable;
pub mod reader;
pub mod source;
pub mod transaction;
