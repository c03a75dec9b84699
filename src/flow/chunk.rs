//! Text in chunks: all of a chunk's bytes are looked at together.

use wide::u8x16;

/// How many bytes a short chunk has.
pub(super) const SHORT: usize = 16;
/// And any other.
pub(super) const CHUNK: usize = 2 * SHORT;

/// What bytes of a chunk are: a bit for each, the first one's is the lowest.
#[derive(Debug, Clone, Copy, Default)]
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
        let of_half = |half: Option<&_>| half.map(Self::of_short).unwrap_or_default();
        let (first, second) = (of_half(chunk.first_chunk()), of_half(chunk.last_chunk()));
        Self {
            escaped: first.escaped | second.escaped << SHORT,
            beyond_ascii: first.beyond_ascii | second.beyond_ascii << SHORT,
        }
    }

    #[inline(always)]
    pub fn of_short(chunk: &[u8; SHORT]) -> Self {
        let (bytes, all) = (u8x16::new(*chunk), u8x16::splat);
        let escaped =
            bytes.simd_eq(all(b'"')) | bytes.simd_eq(all(b'\\')) | bytes.simd_le(all(0x1f));
        Self { escaped: escaped.to_bitmask(), beyond_ascii: bytes.to_bitmask() }
    }
}
