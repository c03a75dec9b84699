//! JSON text within documents: objects and arrays, which Flow sends as text.
//!
//! This is the first stage of simdjson (Langdale and Lemire, "Parsing Gigabytes of JSON per
//! Second", 2019), reduced to one question: is the text *contained*, that is, does it begin with
//! a bracket that its last character closes? A mask of the escaped characters and the prefix XOR
//! of the quotation marks tell which bytes stand within strings; brackets elsewhere are counted.
//!
//! Why that is enough: Rockset parses the whole request. A parser that accepts it has matched
//! every bracket, so the value that begins with the text's first bracket ends where the count
//! first returns to zero, and that is the text's last character. Both kinds of brackets are
//! counted together, so `[1}` passes here; but then no parser accepts the request, Rockset
//! refuses all of it, and `driver/write/malformed.rs` names the document.

use super::Error;
use super::buffer::Writer;
use super::chunk::{CHUNK, Chunk, before};
use super::padded::Padded;
use fearless_simd::Simd;
use serde::de::IgnoredAny;

/// Appends text that must be one JSON value in UTF-8. An object or array is only checked to be
/// contained: if it isn't JSON, neither is the document around it.
#[inline(always)]
pub fn write<'a, S: Simd>(
    simd: S,
    text: impl Into<Padded<'a>>,
    out: &mut Writer<'_>,
) -> Result<(), Error> {
    let text = text.into();
    match write_contained(simd, text, 0, out) {
        Some(end) if end == text.len() => Ok(()),
        _ => out.outlined(|out| write_checked(text.as_slice(), out)),
    }
}

/// Appends text that a JSON parser accepts.
#[cold]
#[inline(never)]
pub(super) fn write_checked(text: &[u8], out: &mut Writer<'_>) -> Result<(), Error> {
    let text = std::str::from_utf8(text).map_err(|_| Error::NotUtf8)?;
    serde_json::from_str::<IgnoredAny>(text).map_err(|e| Error::NotJson(e.to_string()))?;
    out.extend(text.as_bytes());
    Ok(())
}

/// Appends a contained value in UTF-8 that begins at `begin` and ends before the next 0x00, or
/// where the bytes end. Returns its end; `None` (and no output) if this fast check can't decide.
#[inline(always)]
pub(super) fn write_contained<S: Simd>(
    simd: S,
    bytes: Padded<'_>,
    begin: usize,
    out: &mut Writer<'_>,
) -> Option<usize> {
    let mut written = Writer::to(out.rest());
    let mut scan = Scan::default();
    let mut at = begin;
    loop {
        let mut spare = None;
        let chunk = bytes.chunk(at, &mut spare);
        let classes = Chunk::new(simd, chunk);
        let left = bytes.len().saturating_sub(at);
        let end = classes.are(0x00).trailing_zeros() as usize;
        if end == CHUNK && bytes.get(at + CHUNK).is_some_and(|next| next != 0x00) {
            if !scan.scan_chunk(classes) {
                return None;
            }
            written.extend_piece(chunk, CHUNK);
            at += CHUNK;
            continue;
        }
        let end = end.min(left);
        if !scan.scan_last(classes, end) {
            return None;
        }
        written.extend_piece(chunk, end);
        at += end;
        break;
    }
    if scan.has_non_ascii && simdutf8::basic::from_utf8(&bytes.as_slice()[begin..at]).is_err() {
        return None;
    }
    let count = written.position();
    out.advance(count);
    Some(at)
}

/// The state of a scan between two chunks.
#[derive(Default)]
struct Scan {
    /// The number of open brackets.
    depth: u32,
    /// All ones if the last chunk ended within a string, or else zero.
    string: u64,
    /// Whether the next character is escaped, since the last chunk ended with a backslash.
    is_escaped: bool,
    has_non_ascii: bool,
}

impl Scan {
    /// Scans a whole chunk. Returns whether the root bracket stays open in it.
    #[inline(always)]
    fn scan_chunk<S: Simd>(&mut self, chunk: Chunk<S>) -> bool {
        let (opening, closing) = self.brackets(chunk, u64::MAX);
        let is_open = self.never_closes_root(opening, closing);
        self.depth += opening.count_ones();
        self.depth = self.depth.wrapping_sub(closing.count_ones());
        is_open
    }

    /// Scans the last chunk, up to `end`. Returns whether its last byte closes the root bracket.
    #[inline(always)]
    fn scan_last<S: Simd>(&mut self, chunk: Chunk<S>, end: usize) -> bool {
        let (opening, closing) = self.brackets(chunk, before(end));
        let last = closing ^ closing & before(end.saturating_sub(1));
        // Behind the last opening bracket, the depth only falls. So there it's enough that the
        // last closing bracket takes it to zero.
        let nested = closing & before(CHUNK - opening.leading_zeros() as usize);
        last != 0
            && self.depth + opening.count_ones() == closing.count_ones()
            && self.never_closes_root(opening, nested)
    }

    /// The opening and the closing brackets of a chunk, without those within strings.
    #[inline(always)]
    fn brackets<S: Simd>(&mut self, chunk: Chunk<S>, within: u64) -> (u64, u64) {
        let (quotes, backslashes) = (chunk.are(b'"') & within, chunk.are(b'\\') & within);
        let quotes = if backslashes == 0 && !self.is_escaped {
            quotes
        } else {
            quotes & !self.escaped(backslashes)
        };
        let strings = prefix_xor(quotes) ^ self.string;
        self.string = strings.cast_signed().wrapping_shr(63).cast_unsigned();
        self.has_non_ascii |= chunk.non_ascii() & within != 0;
        let (opening, closing) = chunk.brackets();
        (opening & within & !strings, closing & within & !strings)
    }

    /// Whether the root bracket is open from the first byte on, and still open after each closing
    /// bracket.
    #[inline(always)]
    fn never_closes_root(&self, opening: u64, mut closing: u64) -> bool {
        if self.depth == 0 && opening & 1 == 0 {
            return false;
        }
        let mut closed = 0;
        if closing.count_ones() < self.depth {
            return true;
        }
        while closing != 0 {
            closed += 1;
            let opened = opening & before(closing.trailing_zeros() as usize);
            if self.depth + opened.count_ones() <= closed {
                return false;
            }
            closing &= closing - 1;
        }
        true
    }

    /// The escaped characters: each follows a backslash that isn't itself escaped.
    #[inline(always)]
    fn escaped(&mut self, mut backslashes: u64) -> u64 {
        let mut escaped = u64::from(self.is_escaped);
        backslashes &= !escaped;
        self.is_escaped = false;
        while backslashes != 0 {
            let backslash = backslashes & backslashes.wrapping_neg();
            self.is_escaped = backslash >> 63 == 1;
            escaped |= backslash << 1;
            backslashes &= !(backslash | backslash << 1);
        }
        escaped
    }
}

/// The prefix XOR: each bit tells whether the number of bits up to it is odd. Of a mask of
/// quotation marks, it makes the mask of strings.
#[inline(always)]
fn prefix_xor(bits: u64) -> u64 {
    [1, 2, 4, 8, 16, 32].iter().fold(bits, |bits, shift| bits ^ bits << shift)
}
