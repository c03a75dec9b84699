//! The memory of running queries, which counts together with that of all else.

use crate::local::storage::{Memory, Use};
use datafusion::common::Result;
use datafusion::execution::memory_pool::{
    FairSpillPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};
use std::fmt::{self, Display, Formatter};

/// A part of the memory for queries. What they take of it is set free elsewhere.
#[derive(Debug)]
pub(super) struct ChargedPool {
    pool: FairSpillPool,
    bytes: usize,
    memory: Memory,
}

impl ChargedPool {
    pub(super) fn new(bytes: usize, memory: Memory) -> Self {
        Self { pool: FairSpillPool::new(bytes), bytes, memory }
    }
}

impl Display for ChargedPool {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        self.pool.fmt(formatter)
    }
}

impl MemoryPool for ChargedPool {
    fn name(&self) -> &str {
        self.pool.name()
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.pool.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.pool.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.pool.grow(reservation, additional);
        self.memory.add(Use::Queries, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.pool.shrink(reservation, shrink);
        self.memory.subtract(Use::Queries, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        self.pool.try_grow(reservation, additional)?;
        self.memory.add(Use::Queries, additional);
        Ok(())
    }

    fn reserved(&self) -> usize {
        self.pool.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.bytes)
    }
}
