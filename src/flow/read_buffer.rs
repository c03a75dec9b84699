//! What has been read of an input and not been taken yet.

use crate::encode::padded::Padded;

/// Bytes between those that have been taken and those to come, at the front of memory that
/// is used again and again, so that it stays in the processor's caches.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// All of it is initialised; what lies outside of the window means nothing.
    memory: Vec<u8>,
    start: usize,
    end: usize,
}

/// How many bytes are read at once. A pipe seldom holds more.
const READ: usize = 256 << 10;
const LEAST: usize = READ + (64 << 10);
/// More memory than this is given back as soon as what needed it has been taken. It holds
/// documents of a few MiB, which may well come one after the other.
const KEPT: usize = 8 << 20;
/// How many bytes there are behind the window at the least, for [`Padded`].
const PADDING: usize = 128;

impl Window {
    /// What is there.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        &self.memory[self.start..self.end]
    }

    /// Takes the first bytes, which are there.
    #[inline]
    pub fn take(&mut self, count: usize) -> Padded<'_> {
        let start = self.start;
        self.start = self.end.min(start + count);
        Padded::first_of(&self.memory[start..], self.start - start)
    }

    /// Where the next bytes go. They count once [`Self::filled`] says so. It grows with
    /// what is there, and gives memory back that only a long frame needed.
    pub fn room(&mut self) -> &mut [u8] {
        let length = self.end - self.start;
        if self.memory.len() > KEPT && length < LEAST {
            let mut smaller = vec![0; 2 * LEAST];
            smaller[..length].copy_from_slice(self.bytes());
            self.memory = smaller;
        } else if self.start > 0 {
            self.memory.copy_within(self.start..self.end, 0);
        }
        (self.start, self.end) = (0, length);
        if self.memory.len() - self.end < READ + PADDING {
            self.memory.resize((2 * self.memory.len()).max(LEAST), 0);
        }
        let end = self.memory.len() - PADDING;
        &mut self.memory[self.end..end]
    }

    /// Says that so many bytes have been read into [`Self::room`].
    pub fn filled(&mut self, count: usize) {
        self.end += count;
        debug_assert!(self.end <= self.memory.len());
    }
}
