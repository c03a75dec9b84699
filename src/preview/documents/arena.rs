//! An arena: memory for the many small pieces of a transaction.

use bytes::{Bytes, BytesMut};

const CHUNK: usize = 1 << 20;

/// Holds pieces of bytes in chunks. A chunk is freed with the last of its pieces.
#[derive(Debug, Default)]
pub struct Arena {
    chunk: BytesMut,
    piece: Vec<u8>,
}

impl Arena {
    /// Holds the bytes that a function writes.
    pub fn write(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Bytes {
        self.piece.clear();
        write(&mut self.piece);
        if self.chunk.capacity() < self.piece.len() {
            self.chunk = BytesMut::with_capacity(CHUNK.max(self.piece.len()));
        }
        self.chunk.extend_from_slice(&self.piece);
        self.chunk.split().freeze()
    }
}
