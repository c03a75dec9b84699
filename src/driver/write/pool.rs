//! The memory of batches: how much of it there is, and what can be used again.

use crate::encode::buffer::Buffer;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Memory for batches. It counts all that has been allocated until that is freed, and keeps
/// what isn't needed any more: to ask the system for it anew for every batch would cost about
/// as much as filling it. Clones share one pool.
#[derive(Debug, Clone, Default)]
pub struct Pool(Arc<Parts>);

#[derive(Debug, Default)]
struct Parts {
    /// Allocated, in bytes: for batches that are open or in flight, and kept.
    used: AtomicUsize,
    /// The part of it that belongs to batches in flight.
    in_flight: AtomicUsize,
    /// Empty buffers, by the index of their size.
    kept: Mutex<[Vec<Buffer>; SIZES]>,
}

/// Buffers have one of so many sizes, so that one fits where another was: 4 KiB, 6 KiB,
/// 8 KiB, 12 KiB and so on, up to 16 MiB.
const SIZES: usize = 25;

/// The size of an index, in bytes.
const fn size(index: usize) -> usize {
    let power = (4 << 10) << (index / 2);
    if index.is_multiple_of(2) { power } else { power + power / 2 }
}

/// The index of the smallest size for so many bytes, unless they are too many to be kept.
fn index(bytes: usize) -> Option<usize> {
    (0..SIZES).find(|index| size(*index) >= bytes)
}

impl Pool {
    /// An empty buffer for so many bytes, and not for many more.
    pub fn take(&self, bytes: usize) -> Buffer {
        let Some(index) = index(bytes) else {
            self.0.used.fetch_add(bytes, Relaxed);
            return Buffer::with_capacity(bytes);
        };
        let mut kept = self.0.kept.lock();
        if let Some(fitting) = kept[index..SIZES.min(index + 2)].iter_mut().find_map(Vec::pop) {
            return fitting;
        }
        // What is kept and doesn't fit makes way, so that it doesn't add to the most that
        // is in use at once.
        let mut freed = 0;
        while freed < size(index)
            && let Some(buffer) = kept.iter_mut().rev().find_map(Vec::pop)
        {
            freed += buffer.capacity();
        }
        drop(kept);
        self.0.used.fetch_sub(freed, Relaxed);
        self.0.used.fetch_add(size(index), Relaxed);
        Buffer::with_capacity(size(index))
    }

    /// Takes back a buffer that is of no use any more.
    pub fn give(&self, mut buffer: Buffer) {
        let capacity = buffer.capacity();
        match index(capacity) {
            Some(index) if size(index) == capacity => {
                buffer.truncate(0);
                self.0.kept.lock()[index].push(buffer);
            }
            _ => self.discharge(capacity),
        }
    }

    /// Counts memory that doesn't come from here.
    pub fn charge(&self, bytes: usize) {
        self.0.used.fetch_add(bytes, Relaxed);
    }

    /// Counts such memory no longer.
    pub fn discharge(&self, bytes: usize) {
        self.0.used.fetch_sub(bytes, Relaxed);
    }

    /// Notes that so much of the memory is in flight.
    pub fn depart(&self, bytes: usize) {
        self.0.in_flight.fetch_add(bytes, Relaxed);
    }

    /// Notes that it is no longer.
    pub fn arrive(&self, bytes: usize) {
        self.0.in_flight.fetch_sub(bytes, Relaxed);
    }

    /// All memory of batches, kept or in use, in bytes.
    pub fn used(&self) -> usize {
        self.0.used.load(Relaxed)
    }

    /// The memory of batches in flight, in bytes.
    pub fn in_flight(&self) -> usize {
        self.0.in_flight.load(Relaxed)
    }

    /// Gives what is kept back to the system.
    pub fn clear(&self) {
        let kept = std::mem::take(&mut *self.0.kept.lock());
        let freed = kept.iter().flatten().map(Buffer::capacity).sum();
        self.discharge(freed);
    }
}
