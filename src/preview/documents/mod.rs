//! Documents, from the fixture to what is stored.
//!
//! - `fixture`: lines, with marks where transactions end.
//! - `source`: which of a collection's documents a binding reads.
//! - `combine`: the documents of a transaction, one for each binding and key.
//! - `extract`: their keys and values, as tuples or as JSON.
//! - `key_range`: which shard has a key.
//! - `arena`: memory for many small pieces.

mod arena;
pub mod combine;
pub mod extract;
pub mod fixture;
pub mod key_range;
pub mod source;
