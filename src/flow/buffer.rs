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

    /// Appends a byte.
    #[inline]
    pub fn push(&mut self, byte: u8) {
        self.room(1)[0] = byte;
        self.length += 1;
    }

    /// Appends bytes.
    #[inline]
    pub fn extend(&mut self, bytes: &[u8]) {
        self.room(bytes.len())[..bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }

    /// Appends the first bytes of a piece.
    #[inline]
    pub fn extend_piece(&mut self, piece: &[u8; PIECE], length: usize) {
        self.room(PIECE)[..PIECE].copy_from_slice(piece);
        self.length += length.min(PIECE);
    }

    /// Puts bytes in at a place, before what is there.
    pub fn insert(&mut self, at: usize, bytes: &[u8]) {
        let end = self.length;
        self.room(bytes.len());
        self.memory.copy_within(at..end, at + bytes.len());
        self.memory[at..at + bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }

    /// Where the next bytes go: room for so many at the least. They count once
    /// [`Self::advance`] says so.
    #[inline]
    pub fn room(&mut self, count: usize) -> &mut [u8] {
        if self.memory.len() - self.length < count {
            self.grow(count);
        }
        &mut self.memory[self.length..]
    }

    /// Says that so many bytes have been written to [`Self::room`].
    #[inline]
    pub fn advance(&mut self, count: usize) {
        self.length += count;
        debug_assert!(self.length <= self.memory.len());
    }

    #[cold]
    fn grow(&mut self, count: usize) {
        const LEAST: usize = 4 << 10;
        let needed = self.length + count;
        self.memory.resize(needed.max(self.memory.len() * 2).max(LEAST), 0);
    }
}

impl std::io::Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
