//! Transactions: combined documents, as they are going to be stored.

use bytes::Bytes;
use serde_json::Value;
use std::collections::BTreeMap;

/// One document, as it is going to be stored.
#[derive(Debug)]
pub struct Entry {
    pub binding: u32,
    pub key: Bytes,
    pub packed: Packed,
    /// Later documents of the key, as JSON, to be reduced into the documents before them.
    pub rest: Vec<Bytes>,
    /// Whether the key is to be deleted.
    pub is_deletion: bool,
    /// Whether the document follows a deletion, and isn't reduced into the endpoint's.
    pub is_fresh: bool,
    /// Whether the endpoint holds the key already.
    pub exists: bool,
}

/// A document as bytes, which take less memory than the document.
#[derive(Debug, Default)]
pub struct Packed {
    /// The tuple of the selected values.
    pub values: Bytes,
    /// The whole document, as JSON.
    pub json: Bytes,
}

impl Packed {
    /// The document.
    pub fn document(&self) -> Value {
        parse(&self.json)
    }
}

/// The combined documents of a transaction.
#[derive(Debug, Default)]
pub struct Transaction {
    /// For each shard its own, sorted by binding and key.
    pub shards: Vec<Vec<Entry>>,
    /// How many documents were read.
    pub documents: u64,
    /// The length of their lines.
    pub bytes: u64,
    /// How many documents were of collections that the task doesn't read.
    pub ignored: u64,
    /// How many documents no binding's source takes.
    pub left_out: u64,
    /// Of each binding that read documents, the offset after the last one.
    pub read_through: BTreeMap<usize, u64>,
}

impl Transaction {
    /// How many documents were read that no binding takes.
    pub fn passed_by(&self) -> u64 {
        self.ignored + self.left_out
    }
}

/// Parses JSON that this program has written itself.
pub fn parse(json: &[u8]) -> Value {
    serde_json::from_slice(json).unwrap_or_default()
}
