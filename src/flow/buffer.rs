//! Text on its way into a request.

/// Bytes that are appended to. Its memory is initialised once and stays so when it's used
/// again, so that short pieces can be written as whole words.
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
        let mut writer = Writer { memory: &mut self.memory, at: 0 };
        writer.extend_short(bytes);
        self.length = writer.at;
    }

    /// Appends what `write` writes, unless it fails.
    #[inline(always)]
    pub fn append<E>(
        &mut self,
        write: impl FnOnce(&mut Writer<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut writer = Writer { memory: &mut self.memory, at: self.length };
        write(&mut writer)?;
        self.length = writer.at;
        Ok(())
    }
}

/// Writes to the end of a [`Buffer`]. It is apart from the buffer so that, in a function
/// that everything is inlined into, the place to write to is in a register.
#[derive(Debug)]
pub struct Writer<'a> {
    memory: &'a mut Vec<u8>,
    at: usize,
}

impl Writer<'_> {
    /// How many bytes there are before the next one.
    #[inline(always)]
    pub fn position(&self) -> usize {
        self.at
    }

    /// What has been written, from a position on.
    #[inline(always)]
    pub fn written_from(&self, position: usize) -> &[u8] {
        &self.memory[position..self.at]
    }

    /// Goes back to a position.
    #[inline(always)]
    pub fn back_to(&mut self, position: usize) {
        self.at = self.at.min(position);
    }

    /// Where the next bytes go: room for so many at the least. They count once
    /// [`Self::advance`] says so.
    #[inline(always)]
    pub fn room(&mut self, count: usize) -> &mut [u8] {
        if self.memory.len() - self.at < count {
            grow(self.memory, self.at, count);
        }
        &mut self.memory[self.at..]
    }

    /// Says that so many bytes have been written to [`Self::room`].
    #[inline(always)]
    pub fn advance(&mut self, count: usize) {
        self.at += count;
        debug_assert!(self.at <= self.memory.len());
    }

    /// Appends a byte.
    #[inline(always)]
    pub fn push(&mut self, byte: u8) {
        self.extend_array(&[byte]);
    }

    /// Appends bytes.
    #[inline(always)]
    pub fn extend(&mut self, bytes: &[u8]) {
        self.room(bytes.len())[..bytes.len()].copy_from_slice(bytes);
        self.at += bytes.len();
    }

    /// Appends bytes, of which there are few, for the most part.
    #[inline(always)]
    pub fn extend_short(&mut self, bytes: &[u8]) {
        let length = bytes.len();
        let room = self.room(length);
        let copied = match length {
            0..4 => None,
            4..8 => copy_ends::<4>(bytes, room),
            8..16 => copy_ends::<8>(bytes, room),
            16..=32 => copy_ends::<16>(bytes, room),
            _ => None,
        };
        if copied.is_none() {
            room[..length].copy_from_slice(bytes);
        }
        self.at += length;
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
        match self.memory.get_mut(self.at..).and_then(|room| room.first_chunk_mut()) {
            Some(room) => *room = *piece,
            None => {
                grow(self.memory, self.at, N);
                self.memory[self.at..][..N].copy_from_slice(piece);
            }
        }
        self.at += length;
    }

    /// Puts bytes in at a place, before what is there.
    pub fn insert(&mut self, at: usize, bytes: &[u8]) {
        let end = self.at;
        self.room(bytes.len());
        self.memory.copy_within(at..end, at + bytes.len());
        self.memory[at..at + bytes.len()].copy_from_slice(bytes);
        self.at += bytes.len();
    }

    /// Lets a function write that isn't inlined. Only what is handed to such a function has
    /// to be in memory, and this writer needn't.
    #[inline(always)]
    pub fn aside<T>(&mut self, write: impl FnOnce(&mut Writer<'_>) -> T) -> T {
        let mut writer = Writer { memory: self.memory, at: self.at };
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

/// Makes more room after the first bytes. What is new is zero as the system gives it, and
/// takes no memory before it's used.
#[cold]
#[inline(never)]
fn grow(memory: &mut Vec<u8>, length: usize, count: usize) {
    const LEAST: usize = 4 << 10;
    let mut grown = vec![0; (length + count).max(memory.len() * 2).max(LEAST)];
    grown[..length].copy_from_slice(&memory[..length]);
    *memory = grown;
}
