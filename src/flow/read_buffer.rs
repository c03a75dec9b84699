//! The buffer between an input and its frames.

use crate::encode::padded::Padded;

/// The bytes that have been read and not been taken yet. They are moved to the front of the memory
/// before each read, so that the same memory is used again and stays in the processor's caches.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// All of it is initialised; what lies outside of the window means nothing.
    memory: Vec<u8>,
    start: usize,
    end: usize,
}

/// The size of a read, in bytes. A pipe seldom holds more.
const READ: usize = 256 << 10;
const LEAST: usize = READ + (64 << 10);
/// Memory beyond this size is freed as soon as the frame that needed it has been taken. Below, it
/// is kept, because documents of a few MiB often come one after the other.
const KEPT: usize = 8 << 20;
/// The smallest number of bytes behind the window, for [`Padded`].
const PADDING: usize = 128;

impl Window {
    /// The bytes in the window.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        &self.memory[self.start..self.end]
    }

    /// Takes the first `count` bytes, which must be in the window.
    #[inline]
    pub fn take(&mut self, count: usize) -> Padded<'_> {
        let start = self.start;
        self.start = self.end.min(start + count);
        Padded::first_of(&self.memory[start..], self.start - start)
    }

    /// The memory that the next bytes are read into; [`Self::advance`] then adds them to the
    /// window. The memory grows with the window, and shrinks when a long frame has been taken.
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

    /// Adds `count` bytes to the window, which have been read into [`Self::room`].
    pub fn advance(&mut self, count: usize) {
        self.end += count;
        debug_assert!(self.end <= self.memory.len());
    }
}
