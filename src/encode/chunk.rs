//! SIMD classification of 64-byte chunks. Each predicate returns a 64-bit mask: bit *i* stands
//! for byte *i*.

use fearless_simd::prelude::*;
use fearless_simd::{mask8x64, u8x64};

/// The size of a chunk, in bytes.
pub(super) const CHUNK: usize = 64;

/// A chunk in vector registers.
#[derive(Clone, Copy)]
pub(super) struct Chunk<S: Simd> {
    simd: S,
    bytes: u8x64<S>,
}

impl<S: Simd> Chunk<S> {
    #[inline(always)]
    pub fn new(simd: S, bytes: &[u8; CHUNK]) -> Self {
        Self { simd, bytes: u8x64::from_slice(simd, bytes) }
    }

    /// Bytes equal to `byte`.
    #[inline(always)]
    pub fn are(self, byte: u8) -> u64 {
        self.equal(byte).to_bitmask()
    }

    /// Bytes that a JSON string has to escape: quotation marks, backslashes, and control
    /// characters.
    #[inline(always)]
    pub fn escaped(self) -> u64 {
        let controls = self.bytes.simd_le(self.all(0x1f));
        (self.equal(b'"') | self.equal(b'\\') | controls).to_bitmask()
    }

    /// Opening brackets of both kinds, and closing ones.
    #[inline(always)]
    pub fn brackets(self) -> (u64, u64) {
        // In ASCII, this bit makes the difference between square brackets and braces.
        let braces = Self { bytes: self.bytes | self.all(b'[' ^ b'{'), ..self };
        (braces.are(b'{'), braces.are(b'}'))
    }

    /// Bytes of non-ASCII characters.
    #[inline(always)]
    pub fn non_ascii(self) -> u64 {
        self.bytes.simd_ge(self.all(0x80)).to_bitmask()
    }

    /// First bytes of characters of two bytes in UTF-8, and continuation bytes.
    #[inline(always)]
    pub fn pairs(self) -> (u64, u64) {
        (self.between(0xc2, 0xdf), self.between(0x80, 0xbf))
    }

    #[inline(always)]
    fn between(self, least: u8, most: u8) -> u64 {
        (self.bytes.simd_ge(self.all(least)) & self.bytes.simd_le(self.all(most))).to_bitmask()
    }

    #[inline(always)]
    fn equal(self, byte: u8) -> mask8x64<S> {
        self.bytes.simd_eq(self.all(byte))
    }

    #[inline(always)]
    fn all(self, byte: u8) -> u8x64<S> {
        u8x64::splat(self.simd, byte)
    }
}

/// The mask of the bytes before an index.
#[inline(always)]
pub(super) fn before(index: usize) -> u64 {
    if index < CHUNK { (1 << index) - 1 } else { u64::MAX }
}
