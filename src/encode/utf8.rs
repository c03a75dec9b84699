//! Incremental UTF-8 validation that only revisits the non-ASCII range.

use super::chunk::{CHUNK, Chunk};
use fearless_simd::Simd;
use std::ops::Range;

/// The state of a validation between two chunks.
///
/// Characters of two bytes (Latin with accents, Greek, Cyrillic, Hebrew, Arabic) are validated
/// chunk by chunk: each first byte is followed by one continuation byte. A text with longer
/// characters is validated again by simdutf8, from its first to its last non-ASCII byte.
#[derive(Debug, Default)]
pub(super) struct Utf8Check {
    /// From the first to the last non-ASCII byte.
    range: Range<usize>,
    /// 1 if the last chunk ended between the two bytes of a character.
    open: u64,
    /// Whether there are longer characters, or bytes that make no character.
    has_others: bool,
}

impl Utf8Check {
    /// Notes the non-ASCII bytes of a chunk that begins at `at`. `within` is the mask of the bytes
    /// that belong to the text.
    #[inline(always)]
    pub fn note<S: Simd>(&mut self, at: usize, chunk: Chunk<S>, within: u64) {
        let found = chunk.non_ascii() & within;
        if found | self.open != 0 {
            self.note_found(at, chunk, found, within);
        }
    }

    #[inline(always)]
    fn note_found<S: Simd>(&mut self, at: usize, chunk: Chunk<S>, found: u64, within: u64) {
        if self.range.end == 0 {
            self.range.start = at + found.trailing_zeros() as usize;
        }
        self.range.end = at + CHUNK - found.leading_zeros() as usize;
        let (first, second) = chunk.pairs();
        let (first, second) = (first & within, second & within);
        self.has_others |= first | second != found || second != first << 1 | self.open;
        self.open = first >> (CHUNK - 1);
    }

    /// Whether `text`, of which all chunks have been noted, is UTF-8.
    #[inline(always)]
    pub fn is_utf8(&self, text: &[u8]) -> bool {
        let is_in_pairs = !self.has_others && self.open == 0;
        is_in_pairs || is_utf8(&text[self.range.clone()])
    }
}

#[inline(never)]
fn is_utf8(text: &[u8]) -> bool {
    simdutf8::basic::from_utf8(text).is_ok()
}
