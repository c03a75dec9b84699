//! A slice that can be read in whole chunks.

use std::ops::Range;

/// A slice with readable padding behind it, so that whole chunks can be loaded near its end.
/// What the padding holds means nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Padded<'a> {
    memory: &'a [u8],
    length: usize,
}

impl<'a> Padded<'a> {
    /// The first `length` bytes of `memory`. The others are padding.
    #[inline(always)]
    pub fn first_of(memory: &'a [u8], length: usize) -> Self {
        Self { memory, length: length.min(memory.len()) }
    }

    /// The bytes, without the padding.
    #[inline(always)]
    pub fn as_slice(&self) -> &'a [u8] {
        &self.memory[..self.length]
    }

    /// How many bytes there are.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The byte at an index.
    #[inline(always)]
    pub fn get(&self, index: usize) -> Option<u8> {
        if index < self.length { self.memory.get(index).copied() } else { None }
    }

    /// The first byte, and the others.
    #[inline(always)]
    pub fn split_first(self) -> Option<(u8, Self)> {
        let first = self.get(0)?;
        Some((first, self.skip(1)))
    }

    /// The first `count` bytes, and the others. `None` if there are fewer.
    #[inline(always)]
    pub fn split_at(self, count: usize) -> Option<(Self, Self)> {
        let taken = Self { memory: self.memory, length: count };
        (count <= self.length).then(|| (taken, self.skip(count)))
    }

    /// The bytes of a range. `None` if it goes beyond them.
    #[inline(always)]
    pub fn slice(self, range: Range<usize>) -> Option<Self> {
        let Range { start, end } = range;
        let slice = || Self { memory: &self.memory[start..], length: end - start };
        (end <= self.length).then(slice)
    }

    /// The bytes after the first `count`.
    #[inline(always)]
    pub fn skip(self, count: usize) -> Self {
        let count = count.min(self.length);
        Self { memory: &self.memory[count..], length: self.length - count }
    }

    /// N bytes from an index on, padding included. Where the memory ends before, they are copied
    /// to `spare`, with zeros behind them.
    #[inline(always)]
    pub fn chunk<'b, const N: usize>(
        &self,
        index: usize,
        spare: &'b mut Option<[u8; N]>,
    ) -> &'b [u8; N]
    where
        'a: 'b,
    {
        match self.memory.get(index..).and_then(|rest| rest.first_chunk()) {
            Some(chunk) => chunk,
            None => spare.insert(end(self.memory, index)),
        }
    }
}

/// The end of the memory from an index on, with zeros behind it.
#[cold]
#[inline(never)]
fn end<const N: usize>(memory: &[u8], index: usize) -> [u8; N] {
    let mut end = [0; N];
    let rest = memory.get(index..).unwrap_or_default();
    end[..rest.len()].copy_from_slice(rest);
    end
}

impl<'a> From<&'a [u8]> for Padded<'a> {
    /// Bytes with nothing behind them.
    fn from(bytes: &'a [u8]) -> Self {
        Self { memory: bytes, length: bytes.len() }
    }
}

impl<'a, T: AsRef<[u8]>> From<&'a T> for Padded<'a> {
    /// Bytes with nothing behind them.
    fn from(bytes: &'a T) -> Self {
        bytes.as_ref().into()
    }
}

impl PartialEq for Padded<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Padded<'_> {}
