//! The memory of batches: counted, and used again.

use crate::encode::buffer::Buffer;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// A pool of buffers for batches. It counts all memory from allocation until it is freed. It keeps
/// buffers that are given back, because new memory from the system for every batch would cost
/// about as much as filling it. Clones share one pool.
#[derive(Debug, Clone, Default)]
pub struct Pool(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// All allocated bytes: of open batches, of batches in flight, and of kept buffers.
    used: AtomicUsize,
    /// The bytes of batches in flight.
    in_flight: AtomicUsize,
    /// Empty buffers that are kept, by the index of their size.
    kept: Mutex<[Vec<Buffer>; SIZES]>,
}

/// The number of sizes of buffers: 4 KiB, 6 KiB, 8 KiB, 12 KiB and so on, up to 16 MiB. With few
/// sizes, a kept buffer often fits.
const SIZES: usize = 25;

/// The size of an index, in bytes.
const fn size(index: usize) -> usize {
    let power = (4 << 10) << (index / 2);
    if index.is_multiple_of(2) { power } else { power + power / 2 }
}

/// The index of the smallest size that holds `bytes`. Larger buffers are not kept.
fn index(bytes: usize) -> Option<usize> {
    (0..SIZES).find(|index| size(*index) >= bytes)
}

impl Pool {
    /// An empty buffer for at least `bytes`, and not for many more.
    pub fn take(&self, bytes: usize) -> Buffer {
        let Some(index) = index(bytes) else {
            self.0.used.fetch_add(bytes, Relaxed);
            return Buffer::with_capacity(bytes);
        };
        let mut kept = self.0.kept.lock();
        if let Some(fitting) = kept[index..SIZES.min(index + 2)].iter_mut().find_map(Vec::pop) {
            return fitting;
        }
        // Kept buffers that don't fit are freed first, so that they don't add to the peak.
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

    /// Takes a buffer back.
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

    /// Counts memory of batches that doesn't come from this pool.
    pub fn charge(&self, bytes: usize) {
        self.0.used.fetch_add(bytes, Relaxed);
    }

    /// Stops counting memory that has been freed.
    pub fn discharge(&self, bytes: usize) {
        self.0.used.fetch_sub(bytes, Relaxed);
    }

    /// Counts memory as in flight.
    pub fn depart(&self, bytes: usize) {
        self.0.in_flight.fetch_add(bytes, Relaxed);
    }

    /// Stops counting memory as in flight.
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

    /// Frees the kept buffers.
    pub fn clear(&self) {
        let kept = std::mem::take(&mut *self.0.kept.lock());
        let freed = kept.iter().flatten().map(Buffer::capacity).sum();
        self.discharge(freed);
    }
}
