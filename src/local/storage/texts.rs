//! The fields of documents, as text: one buffer for all documents of a chunk.

use super::memory::{Charge, Memory, Use};
use crate::local::error::ApiError;
use crate::rockset::enums::ErrorType;
use std::ops::Deref;
use std::sync::Arc;

/// The fields of a chunk's documents, each as the inside of a JSON object, by their row.
#[derive(Debug)]
pub struct Texts {
    text: Box<str>,
    /// Where the text of each row ends.
    ends: Box<[usize]>,
    /// The memory that they take, once they are in a chunk.
    #[cfg_attr(not(feature = "engine"), allow(dead_code))]
    charge: Option<Charge>,
}

/// The reason why texts can't be read: it names the object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

impl From<Unreadable> for ApiError {
    fn from(error: Unreadable) -> Self {
        Self::new(ErrorType::Internalerror, format!("The documents can't be read: {error}"))
    }
}

/// Texts that grow row by row.
#[derive(Debug, Default)]
pub(super) struct Growing {
    text: String,
    ends: Vec<usize>,
}

impl Growing {
    /// Bytes so far.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// Has room for so many rows, and so many bytes.
    pub(super) fn with_capacity(rows: usize, bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), ends: Vec::with_capacity(rows) }
    }

    /// Adds all rows of others.
    pub(super) fn append(&mut self, others: &Texts) {
        let begin = self.text.len();
        self.text.push_str(&others.text);
        self.ends.extend(others.ends.iter().map(|end| begin + end));
    }

    pub(super) fn push(&mut self, fields: &str) {
        self.text.push_str(fields);
        self.ends.push(self.text.len());
    }

    pub(super) fn finish(self) -> Texts {
        Texts { text: self.text.into(), ends: self.ends.into(), charge: None }
    }
}

impl Texts {
    /// Texts that follow one another, with these lengths in bytes; `None` if there are no such.
    #[cfg(feature = "engine")]
    pub fn new(text: String, lengths: impl Iterator<Item = usize>) -> Option<Self> {
        let mut end = 0;
        let ends = lengths.map(|length| {
            end += length;
            text.is_char_boundary(end).then_some(end)
        });
        let ends = ends.collect::<Option<Box<[usize]>>>()?;
        (end == text.len()).then(|| Self { text: text.into(), ends, charge: None })
    }

    /// The same texts, which take memory.
    pub(super) fn charged(self, memory: &Memory, of: Use) -> Self {
        let bytes = self.text.len() + size_of_val(&*self.ends);
        Self { charge: Some(memory.charge(of, bytes)), ..self }
    }

    /// Says that the texts can be read again.
    #[cfg(feature = "engine")]
    pub(super) fn are_saved(&self) {
        if let Some(charge) = &self.charge {
            charge.becomes(Use::Cached);
        }
    }

    /// The text of a row; empty if there is no such row.
    pub fn get(&self, row: usize) -> &str {
        let end = self.ends.get(row).copied().unwrap_or_default();
        let begin = row.checked_sub(1).and_then(|before| self.ends.get(before).copied());
        self.text.get(begin.unwrap_or_default()..end).unwrap_or_default()
    }

    /// Bytes of all texts.
    #[cfg(feature = "engine")]
    pub fn bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

/// The fields of one document.
#[derive(Debug, Clone)]
pub struct Fields {
    pub(super) texts: Arc<Texts>,
    pub(super) row: usize,
}

impl Deref for Fields {
    type Target = str;

    fn deref(&self) -> &str {
        self.texts.get(self.row)
    }
}
