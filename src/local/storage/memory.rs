//! The memory that documents take, and what is made of them: how much there is, and what is given
//! up when there is no more.
//!
//! Who takes memory [charges](Memory::charge) it, and gives it back when the [`Charge`] is dropped.
//! What can be made again is in a [`Slot`]. When all charges together are more than the limit, the
//! slots that were not used for longest are emptied, unless somebody uses what is in them.

use parking_lot::Mutex;
use std::fmt::Debug;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Weak};

/// One of so many parts of the memory is set free at once, so that this is done rarely.
const FREED: usize = 16;

/// The part of the memory that a chunk's texts may take, since several are needed at a time.
const CHUNK: usize = 32;

/// The least and the most bytes of a chunk's texts.
const LEAST: usize = 128 << 10;
const MOST: usize = 8 << 20;

/// The part of the memory that texts take, which are in no store yet, before they are written.
const UNSAVED: usize = 4;

/// The memory that there is. Clones refer to the same.
#[derive(Debug, Clone)]
pub struct Memory(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Bytes of everything together.
    limit: usize,
    /// Bytes, by what they are for.
    charged: [AtomicUsize; USES],
    /// Counts uses of slots.
    clock: AtomicU64,
    slots: Mutex<Slots>,
}

#[derive(Debug, Default)]
struct Slots {
    /// Slots that were filled, and may be empty or gone since.
    filled: Vec<Weak<dyn Emptied>>,
    /// Number of slots from which on it is worth looking for those that are gone.
    many: usize,
}

/// What memory is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// What is held of each document beside its fields, and the index.
    Heads,
    /// Texts that are in no store, so that they can't be given up.
    Unsaved,
    /// What can be made again.
    Cached,
    /// Queries while they run.
    Queries,
}

const USES: usize = 4;

/// Why no document can be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full {
    pub limit: usize,
    pub heads: usize,
    pub unsaved: usize,
}

impl Default for Memory {
    /// Memory without a limit.
    fn default() -> Self {
        Self::new(usize::MAX)
    }
}

impl Memory {
    pub fn new(limit: usize) -> Self {
        Self(Arc::new(Shared {
            limit,
            charged: Default::default(),
            clock: AtomicU64::new(0),
            slots: Mutex::default(),
        }))
    }

    pub fn limit(&self) -> usize {
        self.0.limit
    }

    /// Bytes that are charged for this.
    pub fn charged(&self, of: Use) -> usize {
        self.0.charged[of as usize].load(Relaxed)
    }

    fn total(&self) -> usize {
        self.0.charged.iter().map(|bytes| bytes.load(Relaxed)).sum()
    }

    /// Takes memory, and sets other memory free if there is too little.
    pub fn charge(&self, of: Use, bytes: usize) -> Charge {
        self.add(of, bytes);
        Charge { memory: self.clone(), of: AtomicU8::new(of as u8), bytes }
    }

    /// Takes memory until it is [given back](Self::subtract).
    pub fn add(&self, of: Use, bytes: usize) {
        self.0.charged[of as usize].fetch_add(bytes, Relaxed);
        self.make_room();
    }

    pub fn subtract(&self, of: Use, bytes: usize) {
        self.0.charged[of as usize].fetch_sub(bytes, Relaxed);
    }

    /// Whether there is less memory than is charged, though nothing more can be set free.
    pub fn is_exceeded(&self) -> bool {
        self.make_room();
        self.total() > self.0.limit
    }

    /// Whether much of the memory is free.
    pub fn is_ample(&self) -> bool {
        self.total() < self.0.limit / 2
    }

    /// Whether texts should be written to the store before they fill the memory.
    pub fn is_to_be_saved(&self) -> bool {
        self.charged(Use::Unsaved) >= self.0.limit / UNSAVED
    }

    /// Why no document can be taken, if that is so: what can't be given up leaves no more than a
    /// quarter for reading.
    pub fn full(&self) -> Option<Full> {
        let (limit, heads) = (self.0.limit, self.charged(Use::Heads));
        let unsaved = self.charged(Use::Unsaved);
        (heads + unsaved > limit - limit / 4).then_some(Full { limit, heads, unsaved })
    }

    /// Most bytes that the texts of a chunk should have.
    pub fn of_a_chunk(&self) -> usize {
        (self.0.limit / CHUNK).clamp(LEAST, MOST)
    }

    /// Has a slot emptied when there is too little memory.
    pub fn keep<T: ?Sized + Debug + Send + Sync + 'static>(&self, slot: &Arc<Slot<T>>) {
        let slot: Weak<Slot<T>> = Arc::downgrade(slot);
        let mut slots = self.0.slots.lock();
        slots.filled.push(slot);
        if slots.filled.len() > slots.many {
            slots.filled.retain(|slot| slot.strong_count() > 0);
            slots.many = 2 * slots.filled.len();
        }
    }

    fn make_room(&self) {
        if self.total() <= self.0.limit {
            return;
        }
        // Who holds the lock makes room.
        let Some(mut slots) = self.0.slots.try_lock() else { return };
        let filled = slots.filled.drain(..).filter_map(|slot| slot.upgrade());
        let mut filled: Vec<_> = filled.map(|slot| (slot.used(), slot)).collect();
        filled.sort_unstable_by_key(|(used, _)| *used);
        let enough = self.0.limit - self.0.limit / FREED;
        filled.retain(|(_, slot)| self.total() <= enough || !slot.empty());
        slots.filled.extend(filled.iter().map(|(_, slot)| Arc::downgrade(slot)));
    }
}

/// Memory that is taken, until this is dropped.
#[derive(Debug)]
pub struct Charge {
    memory: Memory,
    /// Position of the use.
    of: AtomicU8,
    bytes: usize,
}

impl Charge {
    /// Says that the memory is for something else from now on.
    pub fn becomes(&self, of: Use) {
        let before = self.of.swap(of as u8, Relaxed);
        self.memory.0.charged[of as usize].fetch_add(self.bytes, Relaxed);
        self.memory.0.charged[usize::from(before)].fetch_sub(self.bytes, Relaxed);
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        let of = usize::from(self.of.load(Relaxed));
        self.memory.0.charged[of].fetch_sub(self.bytes, Relaxed);
    }
}

/// A place for what can be made again.
#[derive(Debug)]
pub struct Slot<T: ?Sized> {
    held: Mutex<Option<Arc<T>>>,
    /// Held while it is made, so that this is done once.
    making: Mutex<()>,
    /// When it was last used, by the clock of the memory.
    used: AtomicU64,
}

impl<T: ?Sized + Debug + Send + Sync + 'static> Slot<T> {
    /// A slot that is filled.
    pub fn new(memory: &Memory, value: Arc<T>) -> Self {
        let used = AtomicU64::new(memory.0.clock.fetch_add(1, Relaxed));
        Self { held: Mutex::new(Some(value)), making: Mutex::default(), used }
    }

    /// A slot with nothing in it yet.
    pub fn empty() -> Self {
        Self { held: Mutex::default(), making: Mutex::default(), used: AtomicU64::new(0) }
    }

    /// What is in the slot, without this counting as a use.
    pub fn peek(&self) -> Option<Arc<T>> {
        self.held.lock().clone()
    }

    /// What is in the slot, if it is not empty.
    pub fn get(&self, memory: &Memory) -> Option<Arc<T>> {
        self.used.store(memory.0.clock.fetch_add(1, Relaxed), Relaxed);
        self.peek()
    }
}

impl<T: Debug + Send + Sync + 'static> Slot<T> {
    /// What is in the slot, which is made anew if it is empty.
    pub fn get_or_make<E>(
        self: &Arc<Self>,
        memory: &Memory,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        if let Some(held) = self.get(memory) {
            return Ok(held);
        }
        let _making = self.making.lock();
        if let Some(held) = self.get(memory) {
            return Ok(held);
        }
        let made = Arc::new(make()?);
        *self.held.lock() = Some(made.clone());
        memory.keep(self);
        Ok(made)
    }
}

/// What is emptied when memory is needed for something else.
trait Emptied: Debug + Send + Sync {
    /// When it was last used.
    fn used(&self) -> u64;

    /// Empties it, unless somebody uses what is in it. Returns whether it is empty.
    fn empty(&self) -> bool;
}

impl<T: ?Sized + Debug + Send + Sync + 'static> Emptied for Slot<T> {
    fn used(&self) -> u64 {
        self.used.load(Relaxed)
    }

    fn empty(&self) -> bool {
        let mut held = self.held.lock();
        let is_used = held.as_ref().is_some_and(|value| Arc::strong_count(value) > 1);
        let freed = if is_used { None } else { held.take() };
        drop(held);
        drop(freed);
        !is_used
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[derive(Debug)]
    struct Block(#[allow(dead_code)] Charge);

    fn slot(memory: &Memory, bytes: usize) -> Arc<Slot<Block>> {
        let block = Arc::new(Block(memory.charge(Use::Cached, bytes)));
        let slot = Arc::new(Slot::new(memory, block));
        memory.keep(&slot);
        slot
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let memory = Memory::new(1_000);
        let slots: Vec<_> = (0..10).map(|_| slot(&memory, 100)).collect();
        assert!(!memory.is_exceeded());
        drop(slots[0].get(&memory));
        let held = slots[1].get(&memory).unwrap();
        let unsaved = memory.charge(Use::Unsaved, 100);
        let is_filled = |at: usize| slots[at].peek().is_some();
        // One goes for the charge, and one more to have room.
        let filled: Vec<_> = (0..10).filter(|at| is_filled(*at)).collect();
        assert_eq!(filled, [0, 1, 4, 5, 6, 7, 8, 9]);
        // What somebody uses stays, and counts.
        let heads = memory.charge(Use::Heads, 900);
        assert_eq!((0..10).filter(|at| is_filled(*at)).collect::<Vec<_>>(), [1]);
        assert!(memory.is_exceeded());
        drop((held, heads));
        assert!(!memory.is_exceeded());
        unsaved.becomes(Use::Heads);
        assert_eq!((memory.charged(Use::Unsaved), memory.charged(Use::Heads)), (0, 100));
        drop(unsaved);
        assert_eq!(memory.total(), 100);
    }

    #[test]
    fn what_is_gone_is_made_again_once() {
        let memory = Memory::new(100);
        let slot = slot(&memory, 60);
        drop(memory.charge(Use::Queries, 60));
        assert!(slot.peek().is_none());
        let make = || Ok::<_, ()>(Block(memory.charge(Use::Cached, 60)));
        let made = slot.get_or_make(&memory, make).unwrap();
        let again = slot.get_or_make(&memory, || Err("made twice")).unwrap();
        assert!(Arc::ptr_eq(&made, &again));
        drop((made, again));
        drop(memory.charge(Use::Queries, 60));
        assert!(slot.peek().is_none());
    }

    #[test]
    fn documents_are_refused_when_too_little_can_be_given_up() {
        let memory = Memory::new(1_000);
        let heads = memory.charge(Use::Heads, 500);
        let unsaved = memory.charge(Use::Unsaved, 251);
        assert!(memory.is_to_be_saved());
        assert_eq!(memory.full(), Some(Full { limit: 1_000, heads: 500, unsaved: 251 }));
        unsaved.becomes(Use::Cached);
        assert_eq!((memory.full(), memory.is_to_be_saved()), (None, false));
        drop(heads);
    }
}
