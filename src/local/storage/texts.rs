//! The fields of documents, as text: one buffer for all documents of a chunk.

use std::ops::Deref;
use std::sync::Arc;

/// The fields of a chunk's documents, each as the inside of a JSON object, by their row.
#[derive(Debug)]
pub struct Texts {
    text: Box<str>,
    /// Where the text of each row ends.
    ends: Box<[usize]>,
}

/// Texts that grow row by row.
#[derive(Debug)]
pub(super) struct Growing {
    text: String,
    ends: Vec<usize>,
}

impl Growing {
    /// Has room for so many rows, and so many bytes.
    pub(super) fn with_capacity(rows: usize, bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), ends: Vec::with_capacity(rows) }
    }

    pub(super) fn push(&mut self, fields: &str) {
        self.text.push_str(fields);
        self.ends.push(self.text.len());
    }

    pub(super) fn finish(self) -> Texts {
        Texts { text: self.text.into(), ends: self.ends.into() }
    }
}

impl Texts {
    /// Texts that follow one another, with these lengths in bytes; `None` if there are no such.
    #[cfg(feature = "engine")]
    pub fn new(text: String, lengths: &[u32]) -> Option<Self> {
        let mut end = 0;
        let ends = lengths.iter().map(|length| {
            end += *length as usize;
            text.is_char_boundary(end).then_some(end)
        });
        let ends = ends.collect::<Option<Box<[usize]>>>()?;
        (end == text.len()).then(|| Self { text: text.into(), ends })
    }

    /// The text of a row; empty if there is no such row.
    pub fn get(&self, row: usize) -> &str {
        let end = self.ends.get(row).copied().unwrap_or_default();
        let begin = row.checked_sub(1).and_then(|before| self.ends.get(before).copied());
        self.text.get(begin.unwrap_or_default()..end).unwrap_or_default()
    }

    /// Number of rows.
    #[cfg(feature = "engine")]
    pub fn rows(&self) -> usize {
        self.ends.len()
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
