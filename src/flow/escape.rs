//! Strings of packed tuples as JSON strings, in one pass that looks at them in words.

use super::buffer::Buffer;
use super::tuple::Error;
use std::io::Write as _;

/// Follows a 0x00 that is part of a string; any other byte means that it ends there.
pub(super) const ESCAPED: u8 = 0xff;

const WORD: usize = size_of::<u64>();
const ONES: u64 = u64::MAX / 255;
const HIGHS: u64 = ONES << 7;

/// Appends the inside of the JSON string that a packed string becomes. Returns how many
/// bytes it takes, the one that ends it included.
pub(super) fn write_packed(packed: &[u8], out: &mut Buffer) -> Result<usize, Error> {
    let mut at = 0;
    // Where the text began that is to be UTF-8, and whether there is more to it than ASCII.
    let (mut begun, mut beyond_ascii) = (0, 0u64);
    loop {
        at += copy_chunks(&packed[at..], out, &mut beyond_ascii);
        let word = packed.get(at..at + WORD).and_then(|word| word.first_chunk::<WORD>());
        let plain = match word {
            Some(word) => {
                let value = u64::from_le_bytes(*word);
                let found = needing_escape(value);
                // Written whole. What is not to be there is written over.
                out.room(WORD)[..WORD].copy_from_slice(word);
                let plain = found.trailing_zeros() as usize / 8;
                out.advance(plain);
                beyond_ascii |= value & mask(plain);
                plain
            }
            None => {
                let rest = &packed[at..];
                let plain =
                    rest.iter().position(|byte| needs_escape(*byte)).ok_or(Error::CutShort)?;
                out.extend(&rest[..plain]);
                beyond_ascii |=
                    rest[..plain].iter().fold(0, |all, byte| all | u64::from(*byte) << 56);
                plain
            }
        };
        at += plain;
        if plain == WORD {
            continue;
        }
        let byte = packed[at];
        at += 1;
        if byte != 0x00 {
            write_escape(byte, out);
            continue;
        }
        if beyond_ascii & HIGHS != 0 {
            std::str::from_utf8(&packed[begun..at - 1]).map_err(|_| Error::NotUtf8)?;
        }
        if packed.get(at) != Some(&ESCAPED) {
            return Ok(at);
        }
        out.extend(b"\\u0000");
        at += 1;
        (begun, beyond_ascii) = (at, 0);
    }
}

/// Copies chunks for as long as none has a byte that needs an escape. Returns how many
/// bytes that were.
#[inline]
fn copy_chunks(packed: &[u8], out: &mut Buffer, beyond_ascii: &mut u64) -> usize {
    const CHUNK: usize = 32;
    let mut copied = 0;
    for chunk in packed.as_chunks::<CHUNK>().0 {
        // Without branches, so that the compiler takes the bytes together.
        let (mut found, mut high) = (false, 0u8);
        for byte in chunk {
            found |= needs_escape(*byte);
            high |= *byte;
        }
        if found {
            break;
        }
        out.room(CHUNK)[..CHUNK].copy_from_slice(chunk);
        out.advance(CHUNK);
        *beyond_ascii |= u64::from(high) << 56;
        copied += CHUNK;
    }
    copied
}

#[inline]
fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// Marks the high bit of bytes that need an escape. The first mark is exact; after it there
/// may be others.
#[inline]
pub(super) fn needing_escape(word: u64) -> u64 {
    let below = |limit: u64| word.wrapping_sub(ONES * limit) & !word;
    let equal = |byte: u8| {
        let differs = word ^ (ONES * u64::from(byte));
        differs.wrapping_sub(ONES) & !differs
    };
    (below(0x20) | equal(b'"') | equal(b'\\')) & HIGHS
}

/// The first bytes of a word.
#[inline]
fn mask(bytes: usize) -> u64 {
    match bytes {
        0 => 0,
        bytes => u64::MAX >> (8 * (WORD - bytes)),
    }
}

/// Appends the escape of a byte that can't stand in a JSON string.
fn write_escape(byte: u8, out: &mut Buffer) {
    let escape: &[u8] = match byte {
        b'"' => b"\\\"",
        b'\\' => b"\\\\",
        b'\n' => b"\\n",
        b'\r' => b"\\r",
        b'\t' => b"\\t",
        0x08 => b"\\b",
        0x0c => b"\\f",
        _ => {
            let _ = write!(out, "\\u{byte:04x}");
            return;
        }
    };
    out.extend(escape);
}
