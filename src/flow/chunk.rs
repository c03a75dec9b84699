//! Text in chunks: all of a chunk's bytes are looked at together.

use wide::u8x16;

/// How many bytes a short chunk has.
pub(super) const SHORT: usize = 16;
/// And one that strings are looked at in.
pub(super) const CHUNK: usize = 2 * SHORT;
/// And one that JSON text is looked at in.
pub(super) const LONG: usize = 4 * SHORT;

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

/// The bytes of a chunk that may be in a character of two bytes, in UTF-8.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pairs {
    /// Begins such a character.
    pub first: u32,
    /// Ends a character.
    pub second: u32,
}

impl Pairs {
    #[inline(always)]
    pub fn of(chunk: &[u8; CHUNK]) -> Self {
        let (shorts, _) = chunk.as_chunks::<SHORT>();
        let mut pairs = Self::default();
        for (i, short) in shorts.iter().enumerate() {
            let (bytes, all) = (u8x16::new(*short), u8x16::splat);
            let bits = |found: u8x16| found.to_bitmask() << (i * SHORT);
            pairs.first |= bits(bytes.simd_ge(all(0xc2)) & bytes.simd_le(all(0xdf)));
            pairs.second |= bits(bytes.simd_ge(all(0x80)) & bytes.simd_le(all(0xbf)));
        }
        pairs
    }
}

/// What makes the shape of JSON text, in a long chunk: a bit for each byte, the first one's
/// is the lowest.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Brackets {
    pub quotes: u64,
    pub backslashes: u64,
    pub opening: u64,
    pub closing: u64,
    /// Whether a byte is part of a character beyond ASCII.
    pub beyond_ascii: bool,
}

impl Brackets {
    #[inline(always)]
    pub fn of(chunk: &[u8; LONG]) -> Self {
        let (shorts, _) = chunk.as_chunks::<SHORT>();
        let mut brackets = Self::default();
        for (i, short) in shorts.iter().enumerate() {
            let (bytes, all) = (u8x16::new(*short), u8x16::splat);
            // In ASCII, this bit makes the difference between square brackets and braces.
            let braces = bytes | all(b'[' ^ b'{');
            let bits = |found: u8x16| u64::from(found.to_bitmask()) << (i * SHORT);
            brackets.quotes |= bits(bytes.simd_eq(all(b'"')));
            brackets.backslashes |= bits(bytes.simd_eq(all(b'\\')));
            brackets.opening |= bits(braces.simd_eq(all(b'{')));
            brackets.closing |= bits(braces.simd_eq(all(b'}')));
            brackets.beyond_ascii |= bytes.to_bitmask() != 0;
        }
        brackets
    }

    /// Those before an index. A character beyond ASCII may be behind it.
    #[inline(always)]
    pub fn before(self, index: usize) -> Self {
        let before = (1 << index) - 1;
        Self {
            quotes: self.quotes & before,
            backslashes: self.backslashes & before,
            opening: self.opening & before,
            closing: self.closing & before,
            ..self
        }
    }
}
