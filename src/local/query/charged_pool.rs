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

/// One of so many parts is for batches on their way from threads to other threads.
const ON_THE_WAY: usize = 8;

/// They take at most one of so many parts where there are operators with shares.
const MOVED: usize = 2;

/// What merges the rows that a sort has spilled: as many files at once as it gets memory for.
const MERGE: &str = "ExternalSorterMerge";

/// What hands batches to other threads. It can spill, but up to DataFusion 55.2 its threads may then
/// wait for each other for ever (<https://github.com/apache/datafusion/issues/24883>).
const REPARTITION: &str = "RepartitionExec";

/// A part of the memory for queries. What they take of it is set free elsewhere.
#[derive(Debug)]
pub(super) struct ChargedPool {
    taken: Mutex<Taken>,
    bytes: usize,
    memory: Memory,
}

/// What operators take memory for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// They make do with less, because they can spill or merge less at once. They have equal shares.
    Shared,
    /// Batches on their way.
    Moved,
    /// They need it.
    Needed,
}

/// Numbers of operators and their bytes, by purpose.
#[derive(Debug, Default)]
struct Taken {
    operators: [usize; 3],
    bytes: [usize; 3],
}

impl Purpose {
    fn of(consumer: &MemoryConsumer) -> Self {
        if consumer.name().starts_with(REPARTITION) {
            Self::Moved
        } else if consumer.can_spill() || consumer.name().starts_with(MERGE) {
            Self::Shared
        } else {
            Self::Needed
        }
    }
}

impl Taken {
    fn bytes(&self, purpose: Purpose) -> usize {
        self.bytes[purpose as usize]
    }

    fn operators(&self, purpose: Purpose) -> usize {
        self.operators[purpose as usize]
    }

    fn all(&self) -> usize {
        self.bytes.iter().sum()
    }
}

impl ChargedPool {
    pub(super) fn new(bytes: usize, memory: Memory) -> Self {
        Self { taken: Mutex::default(), bytes, memory }
    }

    /// Bytes that an operator may have, which has so many.
    fn most(&self, taken: &Taken, purpose: Purpose, has: usize) -> usize {
        let free = self.bytes.saturating_sub(taken.all());
        match purpose {
            Purpose::Shared => {
                let others = taken.bytes(Purpose::Moved) + taken.bytes(Purpose::Needed);
                let shared = self.bytes.saturating_sub(others.max(self.bytes / LEFT));
                shared / taken.operators(Purpose::Shared).max(1)
            }
            Purpose::Moved if taken.operators(Purpose::Shared) > 0 => {
                let moved = self.bytes / MOVED;
                has + free.min(moved.saturating_sub(taken.bytes(Purpose::Moved)))
            }
            Purpose::Moved => has + free,
            Purpose::Needed => {
                let is_moved = taken.operators(Purpose::Moved) > 0;
                let moved = if is_moved { self.bytes / ON_THE_WAY } else { 0 };
                has + free.saturating_sub(moved.saturating_sub(taken.bytes(Purpose::Moved)))
            }
        }
    }
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
        self.taken.lock().operators[Purpose::of(consumer) as usize] += 1;
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.taken.lock().operators[Purpose::of(consumer) as usize] -= 1;
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.taken.lock().bytes[Purpose::of(reservation.consumer()) as usize] += additional;
        self.memory.add(Use::Queries, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.taken.lock().bytes[Purpose::of(reservation.consumer()) as usize] -= shrink;
        self.memory.subtract(Use::Queries, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let (purpose, has) = (Purpose::of(reservation.consumer()), reservation.size());
        let mut taken = self.taken.lock();
        if has + additional > self.most(&taken, purpose, has) {
            let of = |bytes: usize| ByteSize(bytes as u64);
            return Err(DataFusionError::ResourcesExhausted(format!(
                "The query needs more than the memory for queries, {}: {} more for {}. Ask for \
                 fewer fields or rows, or raise --query-memory",
                of(self.bytes),
                of(additional),
                reservation.consumer().name(),
            )));
        }
        taken.bytes[purpose as usize] += additional;
        drop(taken);
        self.memory.add(Use::Queries, additional);
        Ok(())
    }

    fn reserved(&self) -> usize {
        self.taken.lock().all()
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.bytes)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use std::sync::Arc;

    #[test]
    fn operators_leave_each_other_what_they_need() {
        let memory = Memory::new(10_000);
        let pool: Arc<dyn MemoryPool> = Arc::new(ChargedPool::new(800, memory.clone()));
        let register = |name: &str, can_spill| {
            MemoryConsumer::new(name).with_can_spill(can_spill).register(&pool)
        };
        let sorts =
            [register("ExternalSorter[0]", true), register("ExternalSorterMerge[0]", false)];
        for sort in &sorts {
            sort.try_grow(300).unwrap();
            sort.try_grow(1).unwrap_err();
        }
        let join = register("HashJoinInput[0]", false);
        join.try_grow(200).unwrap();
        let refused = join.try_grow(1).unwrap_err().to_string();
        assert!(
            refused.contains("800 B: 1 B more for HashJoinInput[0]. Ask for fewer"),
            "{refused}"
        );
        assert_eq!(memory.charged(Use::Queries), 800);

        // Batches on their way have a part of their own, and take what is free, but not all of it.
        join.free();
        let moving = register("RepartitionExec[0]", true);
        join.try_grow(101).unwrap_err();
        join.try_grow(100).unwrap();
        moving.try_grow(100).unwrap();
        moving.try_grow(1).unwrap_err();
        sorts[0].free();
        moving.try_grow(300).unwrap();
        sorts[0].try_grow(151).unwrap_err();
        sorts[1].free();
        moving.try_grow(1).unwrap_err();
        drop(sorts);
        moving.try_grow(300).unwrap();
        drop((join, moving));
        assert_eq!((pool.reserved(), memory.charged(Use::Queries)), (0, 0));
    }
}
