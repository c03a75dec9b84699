//! Strings of packed tuples as JSON strings, in one pass over chunks of them.

use super::Error;
use super::buffer::Writer;
use super::chunk::{CHUNK, Chunk, before};
use super::padded::Padded;
use super::utf8::Utf8Check;
use fearless_simd::Simd;

/// Follows a 0x00 that is part of a string; any other byte means that it ends there.
pub(super) const ESCAPED: u8 = 0xff;

/// Appends a packed string that begins at `at`, as the inside of a JSON string. Returns the index
/// after the 0x00 that ends it.
#[inline(always)]
pub(super) fn write_packed<S: Simd>(
    simd: S,
    packed: Padded<'_>,
    mut at: usize,
    out: &mut Writer<'_>,
) -> Result<usize, Error> {
    let mut utf8 = Utf8Check::default();
    while at < packed.len() {
        let mut spare = None;
        let block = packed.chunk(at, &mut spare);
        let chunk = Chunk::new(simd, first(block));
        match write_chunk(block, chunk.escaped(), out) {
            None => {
                utf8.note(at, chunk, u64::MAX);
                at += CHUNK;
            }
            Some(nul) => {
                utf8.note(at, chunk, before(nul));
                at += nul;
                if at >= packed.len() {
                    break;
                }
                if !utf8.is_utf8(packed.as_slice()) {
                    return Err(Error::NotUtf8);
                }
                if packed.get(at + 1) != Some(ESCAPED) {
                    return Ok(at + 1);
                }
                out.extend_array(b"\\u0000");
                // No character spans a NUL, so each part is validated by itself.
                utf8 = Utf8Check::default();
                at += 2;
            }
        }
    }
    Err(Error::CutShort)
}

/// The size of a block: a chunk, and as many bytes behind it, so that a whole chunk can be copied
/// from any of its bytes on.
const BLOCK: usize = 2 * CHUNK;

/// A block's first chunk.
#[inline(always)]
fn first(block: &[u8; BLOCK]) -> &[u8; CHUNK] {
    const NONE: &[u8; CHUNK] = &[0; CHUNK];
    block.first_chunk().unwrap_or(NONE)
}

/// Appends the first chunk of a block, with escapes, up to the first 0x00. Returns its index.
#[inline(always)]
fn write_chunk(block: &[u8; BLOCK], mut escaped: u64, out: &mut Writer<'_>) -> Option<usize> {
    let mut at = 0;
    while escaped != 0 {
        let index = escaped.trailing_zeros() as usize;
        write_run(block, at, index, out);
        let byte = block[index];
        if byte == 0x00 {
            return Some(index);
        }
        let escape = &ESCAPES[usize::from(byte)];
        out.extend_piece(&escape.text, escape.length);
        at = index + 1;
        escaped &= escaped - 1;
    }
    write_run(block, at, CHUNK, out);
    None
}

/// Appends bytes that need no escape. It copies a whole chunk, of which only these count.
#[inline(always)]
fn write_run(block: &[u8; BLOCK], begin: usize, end: usize, out: &mut Writer<'_>) {
    if let Some(run) = block.get(begin..).and_then(|rest| rest.first_chunk::<CHUNK>()) {
        out.extend_piece(run, end - begin);
    }
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
