//! Text in chunks: all of a chunk's bytes are looked at together.

use wide::{u8x16, u8x32};

/// How many bytes a chunk has.
pub(super) const CHUNK: usize = 32;
/// And a short one.
pub(super) const SHORT: usize = 16;

/// What bytes of a chunk are: a bit for each, the first one's is the lowest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marks {
    /// Can't stand in a JSON string as it is: a quotation mark, a backslash, or a control
    /// character.
    pub escaped: u32,
    /// Is part of a character beyond ASCII.
    pub beyond_ascii: u32,
}

impl Marks {
    #[inline(always)]
    pub fn of(chunk: &[u8; CHUNK]) -> Self {
        let (bytes, all) = (u8x32::new(*chunk), u8x32::splat);
        let escaped =
            bytes.simd_eq(all(b'"')) | bytes.simd_eq(all(b'\\')) | bytes.simd_le(all(0x1f));
        Self { escaped: escaped.to_bitmask(), beyond_ascii: bytes.to_bitmask() }
    }

    #[inline(always)]
    pub fn of_short(chunk: &[u8; SHORT]) -> Self {
        let (bytes, all) = (u8x16::new(*chunk), u8x16::splat);
        let escaped =
            bytes.simd_eq(all(b'"')) | bytes.simd_eq(all(b'\\')) | bytes.simd_le(all(0x1f));
        Self { escaped: escaped.to_bitmask(), beyond_ascii: bytes.to_bitmask() }
    }
}
