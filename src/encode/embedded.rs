//! JSON text within documents: nested values, which Flow hands over as text.
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

/// Appends a text that is to be one JSON value in UTF-8. An array or object may still turn out
/// not to be JSON, but then what it's put into isn't.
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

/// Checks a text slowly, and appends it.
#[cold]
#[inline(never)]
pub(super) fn write_checked(text: &[u8], out: &mut Writer<'_>) -> Result<(), Error> {
    let text = std::str::from_utf8(text).map_err(|_| Error::NotUtf8)?;
    serde_json::from_str::<IgnoredAny>(text).map_err(|e| Error::NotJson(e.to_string()))?;
    out.extend(text.as_bytes());
    Ok(())
}

/// Copies a contained value in UTF-8 that begins at an index and ends before the next 0x00, or
/// with all the bytes, and returns its end; `None` (and no output) if this fast check can't
/// decide.
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
        let looked_at = Chunk::new(simd, chunk);
        let left = bytes.len().saturating_sub(at);
        let end = looked_at.are(0x00).trailing_zeros() as usize;
        if end == CHUNK && bytes.get(at + CHUNK).is_some_and(|next| next != 0x00) {
            if !scan.scan_chunk(looked_at) {
                return None;
            }
            written.extend_piece(chunk, CHUNK);
            at += CHUNK;
            continue;
        }
        let end = end.min(left);
        if !scan.scan_last(looked_at, end) {
            return None;
        }
        written.extend_piece(chunk, end);
        at += end;
        break;
    }
    if scan.has_foreign && simdutf8::basic::from_utf8(&bytes.as_slice()[begin..at]).is_err() {
        return None;
    }
    let count = written.position();
    out.advance(count);
    Some(at)
}

/// The state of a scan between two chunks.
#[derive(Default)]
struct Scan {
    /// How many brackets are open.
    depth: u32,
    /// All bits of it are set within a string.
    string: u64,
    /// Whether a backslash was last.
    is_escaped: bool,
    /// Whether there is anything beyond ASCII.
    has_foreign: bool,
}

impl Scan {
    /// Scans a whole chunk. Returns whether the first bracket stays open all along.
    #[inline(always)]
    fn scan_chunk<S: Simd>(&mut self, chunk: Chunk<S>) -> bool {
        let (opening, closing) = self.brackets(chunk, u64::MAX);
        let is_open = self.never_closes_root(opening, closing);
        self.depth += opening.count_ones();
        self.depth = self.depth.wrapping_sub(closing.count_ones());
        is_open
    }

    /// Steps over the last chunk, of which so many bytes count. Returns whether the last one
    /// closes the first bracket.
    #[inline(always)]
    fn scan_last<S: Simd>(&mut self, chunk: Chunk<S>, end: usize) -> bool {
        let (opening, closing) = self.brackets(chunk, before(end));
        let last = closing ^ closing & before(end.saturating_sub(1));
        // Where brackets are only closed, the last one tells of all.
        let nested = closing & before(CHUNK - opening.leading_zeros() as usize);
        last != 0
            && self.depth + opening.count_ones() == closing.count_ones()
            && self.never_closes_root(opening, nested)
    }

    /// The brackets of a chunk that aren't within strings.
    #[inline(always)]
    fn brackets<S: Simd>(&mut self, chunk: Chunk<S>, within: u64) -> (u64, u64) {
        let (quotes, backslashes) = (chunk.are(b'"') & within, chunk.are(b'\\') & within);
        let quotes = match backslashes == 0 && !self.is_escaped {
            true => quotes,
            false => quotes & !self.escaped(backslashes),
        };
        let strings = prefix_xor(quotes) ^ self.string;
        self.string = strings.cast_signed().wrapping_shr(63).cast_unsigned();
        self.has_foreign |= chunk.foreign() & within != 0;
        let (opening, closing) = chunk.brackets();
        (opening & within & !strings, closing & within & !strings)
    }

    /// Whether a bracket is open from the first byte on and behind each that is closed.
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

    /// The characters that have a backslash before them which isn't itself one of them.
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

/// For each bit, whether the number of bits up to it is odd.
#[inline(always)]
fn prefix_xor(bits: u64) -> u64 {
    [1, 2, 4, 8, 16, 32].iter().fold(bits, |bits, shift| bits ^ bits << shift)
}
