//! What of a text is beyond ASCII, and whether it's UTF-8.

use super::chunk::{CHUNK, Chunk};
use fearless_simd::Simd;
use std::ops::Range;

/// What the chunks of a text have beyond ASCII.
///
/// In Latin with accents, Greek, Cyrillic, Hebrew and Arabic, a character takes two bytes. That
/// they come in such pairs is seen as chunks come by. A text with any other characters is
/// looked at again, from the first to the last byte beyond ASCII.
#[derive(Debug, Default)]
pub(super) struct Utf8Check {
    range: Range<usize>,
    /// 1 if the last byte of the last chunk was the first one of a pair.
    open: u64,
    /// Whether there is anything but pairs.
    has_others: bool,
}

impl Utf8Check {
    /// Notes those bytes of a chunk that are beyond ASCII, as far as it's within the text.
    #[inline(always)]
    pub fn note<S: Simd>(&mut self, at: usize, chunk: Chunk<S>, within: u64) {
        let found = chunk.foreign() & within;
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

    /// Whether a text is UTF-8, all of whose chunks have been noted.
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
