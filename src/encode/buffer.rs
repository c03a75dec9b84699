//! Text on its way into a request.

use std::convert::Infallible;

/// Bytes that are appended to. The memory is initialised once and reused without clearing, so
/// that short pieces can be written as whole words.
#[derive(Debug, Default)]
pub struct Buffer {
    /// All of it is initialised; what lies beyond `length` means nothing.
    memory: Vec<u8>,
    length: usize,
}

/// A piece that is appended again and again, up to so many bytes, is written at once.
pub const PIECE: usize = 32;

impl Buffer {
    /// An empty one that has memory for so many bytes. What isn't written to takes none.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { memory: vec![0; capacity], length: 0 }
    }

    /// How many bytes it holds.
    #[inline]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether it holds nothing.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// How many bytes it has memory for.
    pub fn capacity(&self) -> usize {
        self.memory.len()
    }

    /// What it holds.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        &self.memory[..self.length]
    }

    /// Forgets all but the first bytes.
    #[inline]
    pub fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }

    /// Holds these few bytes, and nothing else.
    #[inline(always)]
    pub fn replace(&mut self, bytes: &[u8]) {
        self.length = 0;
        let Ok(()) = self.append(|out| {
            out.extend_short(bytes);
            Ok::<_, Infallible>(())
        });
    }

    /// Appends what `write` writes, unless it fails. Where memory lacks, `write` is called
    /// **again from the start** with more, so it has to write the same whenever it is called.
    #[inline(always)]
    pub fn append<E>(&mut self, write: impl Fn(&mut Writer<'_>) -> Result<(), E>) -> Result<(), E> {
        while !self.try_append(&write)? {
            self.grow();
        }
        Ok(())
    }

    /// Appends what `write` writes, unless it fails. Returns whether there was enough memory:
    /// if not, nothing is appended.
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

    /// Moves what it holds to a larger buffer. Returns what has been its memory.
    pub fn move_to(&mut self, mut larger: Self) -> Self {
        larger.memory[..self.length].copy_from_slice(self.as_slice());
        larger.length = self.length;
        std::mem::replace(self, larger)
    }

    /// Makes more room after what there is. What is new is zero as the system gives it, and
    /// takes no memory before it's used.
    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        const LEAST: usize = 256;
        let mut grown = vec![0; (self.memory.len() * 2).max(LEAST)];
        grown[..self.length].copy_from_slice(self.as_slice());
        self.memory = grown;
    }
}

/// A saturating cursor over memory of a fixed size. It is so small that, in a function that
/// everything is inlined into, it lives in registers.
///
/// Where room lacks, the cursor jumps far beyond the end of the memory and stays there, and
/// nothing more is written. The caller sees it by [`Writer::position`], once, in the end.
#[derive(Debug)]
pub struct Writer<'a> {
    room: &'a mut [u8],
    at: usize,
}

/// Beyond the end of any memory, and far from the largest number, so that a place may go on
/// from there.
const BEYOND: usize = usize::MAX / 2;

impl<'a> Writer<'a> {
    /// Writes to the start of this memory.
    #[inline(always)]
    pub fn to(room: &'a mut [u8]) -> Self {
        Self { room, at: 0 }
    }

    /// How many bytes have been written. More than there is room for, if room lacks.
    #[inline(always)]
    pub fn position(&self) -> usize {
        self.at
    }

    /// What has been written, from a position on. Nothing, if room lacks.
    #[inline(always)]
    pub fn written_from(&self, position: usize) -> &[u8] {
        self.room.get(position..self.at).unwrap_or_default()
    }

    /// Goes back to a position, unless room lacks.
    #[inline(always)]
    pub fn back_to(&mut self, position: usize) {
        if self.at <= self.room.len() {
            self.at = position;
        }
    }

    /// Where the next bytes go.
    #[inline(always)]
    pub fn rest(&mut self) -> &mut [u8] {
        self.room.get_mut(self.at..).unwrap_or_default()
    }

    /// Says that so many bytes have been written to [`Self::rest`], or would have been.
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

    /// Appends bytes, of which there are few, for the most part.
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

    /// Appends a few bytes, by moving them all at once.
    #[inline(always)]
    pub fn extend_array<const N: usize>(&mut self, bytes: &[u8; N]) {
        self.extend_piece(bytes, N);
    }

    /// Appends the first bytes of a piece, by moving all of it at once.
    #[inline(always)]
    pub fn extend_piece<const N: usize>(&mut self, piece: &[u8; N], length: usize) {
        debug_assert!(length <= N);
        match self.room.get_mut(self.at..self.at + N) {
            Some(room) => room.copy_from_slice(piece),
            None => self.at = BEYOND,
        }
        self.at += length;
    }

    /// Puts bytes in at a position, before what is there.
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

/// Copies the first and the last N bytes, which may overlap, to where they belong.
#[inline(always)]
fn copy_ends<const N: usize>(bytes: &[u8], room: &mut [u8]) -> Option<()> {
    let (first, last) = (*bytes.first_chunk::<N>()?, *bytes.last_chunk::<N>()?);
    let room = room.get_mut(..bytes.len())?;
    *room.first_chunk_mut::<N>()? = first;
    *room.last_chunk_mut::<N>()? = last;
    Some(())
}
