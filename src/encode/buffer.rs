//! A growing buffer, and the saturating cursor that writes to it.

use std::convert::Infallible;

/// A buffer of bytes. Its memory is initialised once and reused without clearing, so that short
/// pieces can be written as whole words.
#[derive(Debug, Default)]
pub struct Buffer {
    /// All of it is initialised; what lies beyond `length` means nothing.
    memory: Vec<u8>,
    length: usize,
}

/// The size of an array for text that is appended often: up to this many bytes, one copy of fixed
/// size writes it, see [`Writer::extend_piece`].
pub const PIECE: usize = 32;

impl Buffer {
    /// An empty buffer with memory for `capacity` bytes. The system provides pages of it when
    /// they are first written to.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { memory: vec![0; capacity], length: 0 }
    }

    /// Length of the content, in bytes.
    #[inline]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether the buffer is empty.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Size of the memory, in bytes.
    pub fn capacity(&self) -> usize {
        self.memory.len()
    }

    /// The content.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        &self.memory[..self.length]
    }

    /// Shortens the content to its first `length` bytes.
    #[inline]
    pub fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }

    /// Replaces the content by `bytes`, which are few for the most part.
    #[inline(always)]
    pub fn replace(&mut self, bytes: &[u8]) {
        self.length = 0;
        let Ok(()) = self.append(|out| {
            out.extend_short(bytes);
            Ok::<_, Infallible>(())
        });
    }

    /// Appends what `write` writes, unless it fails. If the memory is too small, it grows and
    /// `write` is called **again, from the start**. So `write` must be pure: each call has to
    /// write the same, and to change nothing else.
    #[inline(always)]
    pub fn append<E>(&mut self, write: impl Fn(&mut Writer<'_>) -> Result<(), E>) -> Result<(), E> {
        while !self.try_append(&write)? {
            self.grow();
        }
        Ok(())
    }

    /// Appends what `write` writes, unless it fails. Returns `false`, and appends nothing, if the
    /// memory is too small.
    #[inline(always)]
    pub fn try_append<E>(
        &mut self,
        write: impl Fn(&mut Writer<'_>) -> Result<(), E>,
    ) -> Result<bool, E> {
        let mut out = Writer::to(&mut self.memory[self.length..]);
        write(&mut out)?;
        let written = out.position();
        let fits = written <= self.memory.len() - self.length;
        self.length += if fits { written } else { 0 };
        Ok(fits)
    }

    /// Moves the content to a larger buffer. Returns the old one.
    pub fn move_to(&mut self, mut larger: Self) -> Self {
        larger.memory[..self.length].copy_from_slice(self.as_slice());
        larger.length = self.length;
        std::mem::replace(self, larger)
    }

    /// Doubles the memory. The system provides the new pages zeroed, when they are first written
    /// to.
    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        const LEAST: usize = 256;
        let mut grown = vec![0; (self.memory.len() * 2).max(LEAST)];
        grown[..self.length].copy_from_slice(self.as_slice());
        self.memory = grown;
    }
}

/// A saturating cursor over memory of a fixed size. It is small enough to live in registers,
/// in a function that everything is inlined into.
///
/// A write that doesn't fit moves the cursor far beyond the end of the memory, where it stays, and
/// all later writes do nothing. So no write has to report an error: the caller compares
/// [`Writer::position`] with the size of the memory once, in the end.
#[derive(Debug)]
pub struct Writer<'a> {
    room: &'a mut [u8],
    at: usize,
}

/// A position beyond the end of any memory, and far enough below `usize::MAX` that adding lengths
/// to it doesn't overflow.
const BEYOND: usize = usize::MAX / 2;

impl<'a> Writer<'a> {
    /// Writes to the start of this memory.
    #[inline(always)]
    pub fn to(room: &'a mut [u8]) -> Self {
        Self { room, at: 0 }
    }

    /// The number of bytes written; more than the size of the memory if they didn't fit.
    #[inline(always)]
    pub fn position(&self) -> usize {
        self.at
    }

    /// The bytes written from a position on; none if they didn't fit.
    #[inline(always)]
    pub fn written_from(&self, position: usize) -> &[u8] {
        self.room.get(position..self.at).unwrap_or_default()
    }

    /// Moves back to a position, unless something didn't fit.
    #[inline(always)]
    pub fn back_to(&mut self, position: usize) {
        if self.at <= self.room.len() {
            self.at = position;
        }
    }

    /// The memory that the next bytes go to.
    #[inline(always)]
    pub fn rest(&mut self) -> &mut [u8] {
        self.room.get_mut(self.at..).unwrap_or_default()
    }

    /// Moves on by `count` bytes, which have been written to [`Self::rest`] or didn't fit.
    #[inline(always)]
    pub fn advance(&mut self, count: usize) {
        self.at = self.at.saturating_add(count).min(BEYOND);
    }

    /// Appends a byte.
    #[inline(always)]
    pub fn push(&mut self, byte: u8) {
        self.extend_array(&[byte]);
    }

    /// Appends bytes.
    #[inline(always)]
    pub fn extend(&mut self, bytes: &[u8]) {
        match self.rest().get_mut(..bytes.len()) {
            Some(room) => room.copy_from_slice(bytes),
            None => self.at = BEYOND,
        }
        self.at += bytes.len();
    }

    /// Appends bytes that are few for the most part.
    #[inline(always)]
    pub fn extend_short(&mut self, bytes: &[u8]) {
        let room = self.rest();
        let copied = match bytes.len() {
            0..4 => None,
            4..8 => copy_ends::<4>(bytes, room),
            8..16 => copy_ends::<8>(bytes, room),
            16..=32 => copy_ends::<16>(bytes, room),
            _ => None,
        };
        match copied {
            Some(()) => self.at += bytes.len(),
            None => self.extend(bytes),
        }
    }

    /// Appends an array, by one copy of fixed size.
    #[inline(always)]
    pub fn extend_array<const N: usize>(&mut self, bytes: &[u8; N]) {
        self.extend_piece(bytes, N);
    }

    /// Appends the first `length` bytes of a piece, by one copy of the whole piece.
    #[inline(always)]
    pub fn extend_piece<const N: usize>(&mut self, piece: &[u8; N], length: usize) {
        debug_assert!(length <= N);
        match self.room.get_mut(self.at..self.at + N) {
            Some(room) => room.copy_from_slice(piece),
            None => self.at = BEYOND,
        }
        self.at += length;
    }

    /// Inserts bytes at a position, and moves what follows.
    pub fn insert(&mut self, at: usize, bytes: &[u8]) {
        let end = self.at;
        self.extend(bytes);
        if let Some(room) = self.room.get_mut(at..self.at) {
            room.copy_within(..end - at, bytes.len());
            room[..bytes.len()].copy_from_slice(bytes);
        }
    }

    /// Calls `write`, which isn't inlined, with a copy of this writer, so that `self` can stay in
    /// registers.
    #[inline(always)]
    pub fn outlined<T>(&mut self, write: impl FnOnce(&mut Writer<'_>) -> T) -> T {
        let mut writer = Writer { room: &mut *self.room, at: self.at };
        let result = write(&mut writer);
        self.at = writer.at;
        result
    }
}

/// Copies N to 2 N bytes by two copies of fixed size, which may overlap: the first N bytes and the
/// last N.
#[inline(always)]
fn copy_ends<const N: usize>(bytes: &[u8], room: &mut [u8]) -> Option<()> {
    let (first, last) = (*bytes.first_chunk::<N>()?, *bytes.last_chunk::<N>()?);
    let room = room.get_mut(..bytes.len())?;
    *room.first_chunk_mut::<N>()? = first;
    *room.last_chunk_mut::<N>()? = last;
    Some(())
}
