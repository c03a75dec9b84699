//! The memory of running queries, which counts together with that of all else.

use crate::local::storage::{Memory, Use};
use bytesize::ByteSize;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::{
    MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};
use parking_lot::Mutex;
use std::fmt::{self, Display, Formatter};

/// Operators that make do with a share leave one of so many parts of the memory to the others.
const LEFT: usize = 4;

/// What merges the rows that a sort has spilled: as many files at once as it gets memory for.
const MERGE: &str = "ExternalSorterMerge";

/// A part of the memory for queries. What they take of it is set free elsewhere.
///
/// Operators that make do with less, because they can spill or merge less at once, have equal shares.
/// Others take what is free.
#[derive(Debug)]
pub(super) struct ChargedPool {
    taken: Mutex<Taken>,
    bytes: usize,
    memory: Memory,
}

#[derive(Debug, Default)]
struct Taken {
    /// Number of operators that have shares.
    sharing: usize,
    /// Bytes that they have.
    shared: usize,
    /// Bytes that others have.
    other: usize,
}

impl ChargedPool {
    pub(super) fn new(bytes: usize, memory: Memory) -> Self {
        Self { taken: Mutex::default(), bytes, memory }
    }

    /// Bytes that an operator may have.
    fn most(&self, taken: &Taken, reservation: &MemoryReservation) -> usize {
        match has_share(reservation.consumer()) {
            true => {
                let left = (self.bytes / LEFT).max(taken.other);
                self.bytes.saturating_sub(left) / taken.sharing.max(1)
            }
            false => reservation.size() + self.bytes.saturating_sub(taken.other + taken.shared),
        }
    }
}

impl Taken {
    fn by(&mut self, consumer: &MemoryConsumer) -> &mut usize {
        match has_share(consumer) {
            true => &mut self.shared,
            false => &mut self.other,
        }
    }
}

fn has_share(consumer: &MemoryConsumer) -> bool {
    consumer.can_spill() || consumer.name().starts_with(MERGE)
}

impl Display for ChargedPool {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.name(), ByteSize(self.bytes as u64))
    }
}

impl MemoryPool for ChargedPool {
    fn name(&self) -> &str {
        "memory for queries"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.taken.lock().sharing += usize::from(has_share(consumer));
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.taken.lock().sharing -= usize::from(has_share(consumer));
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        *self.taken.lock().by(reservation.consumer()) += additional;
        self.memory.add(Use::Queries, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        *self.taken.lock().by(reservation.consumer()) -= shrink;
        self.memory.subtract(Use::Queries, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let mut taken = self.taken.lock();
        if reservation.size() + additional > self.most(&taken, reservation) {
            let of = |bytes: usize| ByteSize(bytes as u64);
            return Err(DataFusionError::ResourcesExhausted(format!(
                "The query needs more than the memory for queries, {}: {} more for {}. Ask for \
                 fewer fields or rows, or raise --query-memory",
                of(self.bytes),
                of(additional),
                reservation.consumer().name(),
            )));
        }
        *taken.by(reservation.consumer()) += additional;
        drop(taken);
        self.memory.add(Use::Queries, additional);
        Ok(())
    }

    fn reserved(&self) -> usize {
        let taken = self.taken.lock();
        taken.shared + taken.other
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.bytes)
    }
}
