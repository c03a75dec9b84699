//! Text in chunks: all of a chunk's bytes are looked at together. What is said of them has a
//! bit for each, and the first one's is the lowest.

use wide::u8x16;

/// How many bytes a chunk has.
pub(super) const CHUNK: usize = 64;
/// How many of them the instructions of any x86-64 processor take at once.
const PART: usize = 16;

/// What JSON text and strings are made of.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Marks {
    /// Can't stand in a JSON string as it is: a quotation mark, a backslash, or a control
    /// character.
    pub escaped: u64,
    /// Whether there is anything beyond ASCII.
    pub has_foreign: bool,
}

impl Marks {
    #[inline(always)]
    pub fn of(chunk: &[u8; CHUNK]) -> Self {
        let mut marks = Self::default();
        let mut bytes = all(0);
        for_each_part(chunk, |part, at| {
            let escaped =
                part.simd_eq(all(b'"')) | part.simd_eq(all(b'\\')) | part.simd_le(all(0x1f));
            marks.escaped |= bits(escaped, at);
            bytes |= part;
        });
        marks.has_foreign = bytes.to_bitmask() != 0;
        marks
    }
}

/// The bytes that may be in a character of two bytes, in UTF-8.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pairs {
    /// Begins such a character.
    pub first: u64,
    /// Ends a character.
    pub second: u64,
}

impl Pairs {
    #[inline(always)]
    pub fn of(chunk: &[u8; CHUNK]) -> Self {
        let mut pairs = Self::default();
        for_each_part(chunk, |part, at| {
            pairs.first |= bits(part.simd_ge(all(0xc2)) & part.simd_le(all(0xdf)), at);
            pairs.second |= bits(part.simd_ge(all(0x80)) & part.simd_le(all(0xbf)), at);
        });
        pairs
    }
}

/// What makes the shape of JSON text.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Brackets {
    pub quotes: u64,
    pub backslashes: u64,
    pub opening: u64,
    pub closing: u64,
    /// Whether there is anything beyond ASCII.
    pub has_foreign: bool,
}

impl Brackets {
    #[inline(always)]
    pub fn of(chunk: &[u8; CHUNK]) -> Self {
        let mut brackets = Self::default();
        let mut bytes = all(0);
        for_each_part(chunk, |part, at| {
            // In ASCII, this bit makes the difference between square brackets and braces.
            let braces = part | all(b'[' ^ b'{');
            brackets.quotes |= bits(part.simd_eq(all(b'"')), at);
            brackets.backslashes |= bits(part.simd_eq(all(b'\\')), at);
            brackets.opening |= bits(braces.simd_eq(all(b'{')), at);
            brackets.closing |= bits(braces.simd_eq(all(b'}')), at);
            bytes |= part;
        });
        brackets.has_foreign = bytes.to_bitmask() != 0;
        brackets
    }

    /// Those before an index.
    #[inline(always)]
    pub fn before(self, index: usize) -> Self {
        let before = before(index);
        Self {
            quotes: self.quotes & before,
            backslashes: self.backslashes & before,
            opening: self.opening & before,
            closing: self.closing & before,
            ..self
        }
    }
}

/// The bytes that are part of a character beyond ASCII.
#[inline(always)]
pub(super) fn beyond_ascii(chunk: &[u8; CHUNK]) -> u64 {
    let mut found = 0;
    for_each_part(chunk, |part, at| found |= bits(part, at));
    found
}

/// The bits of all bytes before an index of a chunk.
#[inline(always)]
pub(super) fn before(index: usize) -> u64 {
    (1 << index) - 1
}

#[inline(always)]
fn for_each_part(chunk: &[u8; CHUNK], mut look: impl FnMut(u8x16, usize)) {
    let (parts, _) = chunk.as_chunks::<PART>();
    for (i, part) in parts.iter().enumerate() {
        look(u8x16::new(*part), i * PART);
    }
}

#[inline(always)]
fn all(byte: u8) -> u8x16 {
    u8x16::splat(byte)
}

#[inline(always)]
fn bits(found: u8x16, at: usize) -> u64 {
    u64::from(found.to_bitmask()) << at
}
