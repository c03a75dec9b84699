//! Strings of packed tuples as JSON strings, in one pass that looks at them in chunks.

use super::buffer::Writer;
use super::chunk::{CHUNK, Marks};
use super::tuple::Error;
use std::ops::Range;

/// Follows a 0x00 that is part of a string; any other byte means that it ends there.
pub(super) const ESCAPED: u8 = 0xff;

/// Appends the inside of the JSON string that a packed string becomes. Returns how many
/// bytes it takes, the one that ends it included.
#[inline(always)]
pub(super) fn write_packed(packed: &[u8], out: &mut Writer<'_>) -> Result<usize, Error> {
    let mut string = Unpacking { packed, at: 0, foreign: Foreign::default() };
    if let Some(end) = string.write_blocks(packed, out)? {
        return Ok(end);
    }
    // The end of the tuple, and behind it 0x00, which ends any string.
    let mut padded = [0; 2 * BLOCK];
    let rest = &packed[string.at..];
    padded[..rest.len()].copy_from_slice(rest);
    string.write_blocks(&padded, out)?.ok_or(Error::CutShort)
}

/// A string on its way out of a tuple.
struct Unpacking<'a> {
    packed: &'a [u8],
    at: usize,
    /// Within the text since the last escaped NUL, which is no UTF-8.
    foreign: Foreign,
}

impl Unpacking<'_> {
    /// Goes on for as long as there are blocks of `text`, which is what the tuple has from
    /// here on, and maybe more. Returns where the string ends, if it does.
    #[inline(always)]
    fn write_blocks(&mut self, text: &[u8], out: &mut Writer<'_>) -> Result<Option<usize>, Error> {
        let begin = self.at;
        while let Some(block) = text[self.at - begin..].first_chunk::<BLOCK>() {
            match write_chunk(block, out) {
                Stop::Chunk(marks) => {
                    self.foreign.note(self.at, marks.beyond_ascii);
                    self.at += CHUNK;
                }
                Stop::Nul(index, marks) => {
                    self.foreign.note(self.at, marks.beyond_ascii & below(index));
                    self.at += index;
                    if self.at >= self.packed.len() {
                        return Err(Error::CutShort);
                    }
                    self.foreign.check(self.packed)?;
                    if self.packed.get(self.at + 1) != Some(&ESCAPED) {
                        return Ok(Some(self.at + 1));
                    }
                    out.extend_array(b"\\u0000");
                    self.foreign = Foreign::default();
                    self.at += 2;
                }
            }
        }
        Ok(None)
    }
}

/// A chunk, and as many bytes behind it.
const BLOCK: usize = 2 * CHUNK;

/// Where a chunk has been written up to.
enum Stop {
    /// All of it.
    Chunk(Marks),
    /// Up to a 0x00 at an index.
    Nul(usize, Marks),
}

/// Appends the first chunk of a block, up to a 0x00.
#[inline(always)]
fn write_chunk(block: &[u8; BLOCK], out: &mut Writer<'_>) -> Stop {
    let marks = block.first_chunk().map(Marks::of).unwrap_or_default();
    let mut escaped = marks.escaped;
    let mut at = 0;
    while escaped != 0 {
        let index = escaped.trailing_zeros() as usize;
        write_run(block, at, index, out);
        let byte = block[index];
        if byte == 0x00 {
            return Stop::Nul(index, marks);
        }
        let escape = &ESCAPES[usize::from(byte)];
        out.extend_piece(&escape.text, escape.length);
        at = index + 1;
        escaped &= escaped - 1;
    }
    write_run(block, at, CHUNK, out);
    Stop::Chunk(marks)
}

/// Copies what needs no escape. More is written than counts.
#[inline(always)]
fn write_run(block: &[u8; BLOCK], begin: usize, end: usize, out: &mut Writer<'_>) {
    if let Some(run) = block.get(begin..).and_then(|rest| rest.first_chunk::<CHUNK>()) {
        out.extend_piece(run, end - begin);
    }
}

/// The marks before an index.
#[inline(always)]
fn below(index: usize) -> u32 {
    (1 << index) - 1
}

/// Where bytes beyond ASCII stand, which are to be UTF-8.
#[derive(Debug, Default)]
struct Foreign {
    range: Range<usize>,
}

impl Foreign {
    /// Notes those of a chunk.
    #[inline(always)]
    fn note(&mut self, at: usize, found: u32) {
        if found != 0 {
            if self.range.end == 0 {
                self.range.start = at + found.trailing_zeros() as usize;
            }
            self.range.end = at + CHUNK - found.leading_zeros() as usize;
        }
    }

    #[inline(always)]
    fn check(&self, packed: &[u8]) -> Result<(), Error> {
        match self.range.end {
            0 => Ok(()),
            _ => check_utf8(&packed[self.range.clone()]),
        }
    }
}

#[inline(never)]
fn check_utf8(text: &[u8]) -> Result<(), Error> {
    simdutf8::basic::from_utf8(text).map(|_| ()).map_err(|_| Error::NotUtf8)
}

/// The escape of a byte that can't stand in a JSON string.
#[derive(Debug, Clone, Copy)]
struct Escape {
    text: [u8; 8],
    length: usize,
}

static ESCAPES: [Escape; 256] = escapes();

const fn escapes() -> [Escape; 256] {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    const SHORT: [(u8, u8); 7] = [
        (b'"', b'"'),
        (b'\\', b'\\'),
        (b'\n', b'n'),
        (b'\r', b'r'),
        (b'\t', b't'),
        (0x08, b'b'),
        (0x0c, b'f'),
    ];
    let mut escapes = [Escape { text: [0; 8], length: 0 }; 256];
    let mut byte = 0;
    while byte < 0x20 {
        let (high, low) = (HEX[byte >> 4], HEX[byte & 0xf]);
        escapes[byte] = Escape { text: [b'\\', b'u', b'0', b'0', high, low, 0, 0], length: 6 };
        byte += 1;
    }
    let mut i = 0;
    while i < SHORT.len() {
        let (byte, letter) = SHORT[i];
        escapes[byte as usize] = Escape { text: [b'\\', letter, 0, 0, 0, 0, 0, 0], length: 2 };
        i += 1;
    }
    escapes
}
