//! Collects the documents of all bindings in batches, until these are to be sent.

use super::batch::{Batch, Limits, Operation, Pool};
use super::layout::Layout;
use super::order::{Order, Runs};
use crate::driver::Error;
use crate::driver::task::Target;
use crate::flow::Store;
use crate::rockset::rules::MAX_BODY;
use std::cmp::Reverse;
use std::collections::VecDeque;
use std::sync::Arc;

/// The open batches of a transaction.
#[derive(Debug)]
pub(in crate::driver) struct Batcher {
    bindings: Vec<Binding>,
    /// Whether a deletion in Flow is one in Rockset.
    hard_delete: bool,
    open: Open,
}

/// The bounds and the memory that the open batches of all bindings share.
#[derive(Debug)]
struct Open {
    limits: Limits,
    pool: Pool,
    /// The memory of all batches at which nothing more is read, in bytes.
    memory: usize,
    /// The memory of all open batches, in bytes.
    allocated: usize,
    /// Batches that have been closed, in the order in which they are to be sent.
    ready: VecDeque<ReadyBatch>,
    /// Whether batches are to be sent, or memory is to be freed, before the next document.
    is_ready: bool,
}

/// A batch that is to be sent.
#[derive(Debug)]
pub(in crate::driver) struct ReadyBatch {
    pub target: Arc<Target>,
    pub batch: Batch,
    pub runs: Runs,
}

/// A binding, with its open batches.
#[derive(Debug)]
struct Binding {
    target: Arc<Target>,
    layout: Layout,
    additions: Batch,
    deletions: Batch,
    /// The keys of the open transaction.
    order: Order,
    /// The operation on the last document.
    last_operation: Operation,
    /// The size of the open batches, in bytes, when memory was last short.
    last_bytes: usize,
}

impl Batcher {
    /// A batcher for these bindings. `concurrency` is the largest number of requests in flight.
    pub fn new(
        bindings: Vec<(Arc<Target>, Layout)>,
        limits: Limits,
        concurrency: usize,
        hard_delete: bool,
    ) -> Self {
        let pool = Pool::default();
        let bindings = bindings.into_iter().map(|(target, layout)| Binding {
            target,
            layout,
            additions: Batch::new(Operation::Add, &pool),
            deletions: Batch::new(Operation::Delete, &pool),
            order: Order::default(),
            last_operation: Operation::Add,
            last_bytes: 0,
        });
        let bindings = bindings.collect();
        let (memory, ready) = (limits.memory(concurrency), VecDeque::new());
        let open = Open { limits, pool, memory, allocated: 0, ready, is_ready: false };
        Self { bindings, hard_delete, open }
    }

    /// The pool of the batches' memory.
    pub fn pool(&self) -> &Pool {
        &self.open.pool
    }

    /// The number of bindings.
    pub fn bindings(&self) -> usize {
        self.bindings.len()
    }

    /// The collection of a binding.
    pub fn target(&self, binding: u32) -> Result<&Target, String> {
        match self.bindings.get(binding as usize) {
            Some(binding) => Ok(&binding.target),
            None => Err(format!(
                "binding {binding} is out of range: the task has {}",
                self.bindings.len()
            )),
        }
    }

    /// Adds a document to its batch. Returns the number of bytes added. Check [`Self::is_ready`]
    /// before the next document.
    ///
    /// A runtime that can't combine the documents of a key within a transaction stores them one
    /// after the other, and the last one has to win. So a full batch stays open until the next key.
    #[inline(always)]
    pub fn take(&mut self, store: &Store<'_>) -> Result<usize, Error> {
        let Self { bindings, hard_delete, open } = self;
        let Some(binding) = bindings.get_mut(store.binding as usize) else {
            let problem = self.target(store.binding).err().unwrap_or_default();
            return Err(Error::request("Store", problem));
        };
        let key = store.key_packed.as_slice();
        if !binding.order.is_ordinary(key) {
            binding.keep_order(key, open);
        } else if binding.last_batch().is_full(open.limits) {
            binding.close(binding.last_operation, open);
        }
        binding.last_operation =
            if *hard_delete && store.delete { Operation::Delete } else { Operation::Add };
        binding.order.note(key);
        let before = binding.last_batch().allocated();
        let bytes = binding.push(store)?;
        let after = binding.last_batch().allocated();
        open.allocated = open.allocated + after - before;
        if after != before || binding.last_batch().bytes() > MAX_BODY {
            self.enforce_bounds(store)?;
        }
        Ok(bytes)
    }

    /// Whether there are batches to send, or too little memory to go on.
    #[inline(always)]
    pub fn is_ready(&self) -> bool {
        self.open.is_ready
    }

    /// The next batch to send.
    pub fn next(&mut self) -> Option<ReadyBatch> {
        self.open.is_ready = !self.open.ready.is_empty();
        self.open.ready.pop_front()
    }

    /// Whether all batches together take more memory than allowed.
    pub fn is_beyond_memory(&self) -> bool {
        self.open.pool.used() > self.open.memory
    }

    /// Closes all batches, at the end of a transaction. Keeps no memory for the next one, because
    /// its needs aren't known.
    pub fn drain(&mut self) -> impl Iterator<Item = ReadyBatch> + use<> {
        let Self { bindings, open, .. } = self;
        for binding in bindings {
            for operation in [Operation::Add, Operation::Delete] {
                binding.close(operation, open);
                *binding.batch(operation) = Batch::new(operation, &open.pool);
            }
            binding.order.forget();
        }
        open.is_ready = false;
        std::mem::take(&mut open.ready).into_iter()
    }

    /// Enforces all bounds, after a batch has grown.
    #[cold]
    #[inline(never)]
    fn enforce_bounds(&mut self, store: &Store<'_>) -> Result<(), Error> {
        let Self { bindings, open, .. } = self;
        if let Some(binding) = bindings.get_mut(store.binding as usize)
            && binding.last_batch().bytes() > MAX_BODY
        {
            binding.make_room(store, open)?;
        }
        if open.allocated > open.limits.open {
            self.close_largest();
        }
        if self.is_beyond_memory() {
            self.open.is_ready = true;
        }
        Ok(())
    }

    /// Closes batches until the total is within `limits.open`, with some room: first those that
    /// haven't grown since memory was last short, then the largest. If that is enough, the last
    /// document of each batch stays open, because its key may come again.
    fn close_largest(&mut self) {
        let Self { bindings, open, .. } = self;
        let enough = open.limits.open - open.limits.open / 16;
        let mut largest: Vec<(bool, usize, usize, Operation)> = Vec::new();
        for (index, binding) in bindings.iter_mut().enumerate() {
            let bytes = binding.additions.bytes() + binding.deletions.bytes();
            let is_idle = bytes == std::mem::replace(&mut binding.last_bytes, bytes);
            for batch in [&binding.additions, &binding.deletions] {
                if batch.allocated() > 0 {
                    let size = if is_idle { batch.allocated() } else { batch.bytes() };
                    largest.push((is_idle, size, index, batch.operation()));
                }
            }
        }
        largest.sort_unstable_by_key(|(is_idle, size, ..)| Reverse((*is_idle, *size)));
        for (.., index, operation) in &largest {
            if open.allocated > enough {
                bindings[*index].close_all_but_last(*operation, open);
            }
        }
        if open.allocated > open.limits.open {
            for (.., index, operation) in &largest {
                if open.allocated > enough {
                    bindings[*index].close(*operation, open);
                }
            }
        }
    }
}

impl Binding {
    fn batch(&mut self, operation: Operation) -> &mut Batch {
        match operation {
            Operation::Add => &mut self.additions,
            Operation::Delete => &mut self.deletions,
        }
    }

    /// The open batch for the operation of the last document.
    #[inline]
    fn last_batch(&mut self) -> &mut Batch {
        self.batch(self.last_operation)
    }

    /// Appends a document to the batch of its operation. Returns the number of bytes added.
    #[inline]
    fn push(&mut self, store: &Store<'_>) -> Result<usize, Error> {
        let Self { layout, additions, deletions, .. } = self;
        let key = store.key_packed.len();
        match self.last_operation {
            Operation::Add => {
                let about = key + store.values_packed.len() + store.doc_json.len();
                additions.push(about, |out| layout.write(store, out))
            }
            Operation::Delete => deletions.push(key, |out| layout.write_deletion(store, out)),
        }
    }

    /// Makes sure that a document with a key out of order comes after all others of this key. See
    /// [`super::order`].
    #[cold]
    #[inline(never)]
    fn keep_order(&mut self, key: &[u8], open: &mut Open) {
        if self.order.is_last(key) && !self.last_batch().is_empty() {
            self.last_batch().drop_last();
            return;
        }
        let is_full = self.last_batch().is_full(open.limits);
        if is_full || self.order.remember(key) {
            self.close(Operation::Add, open);
            self.close(Operation::Delete, open);
            self.order.remember_only(key);
        }
        let are_empty = self.additions.is_empty() && self.deletions.is_empty();
        self.order.advance(key, are_empty);
    }

    /// Closes a batch, if it has documents. The next one begins with memory of the same size,
    /// because growing again and again would cost as much as writing the documents.
    #[cold]
    #[inline(never)]
    fn close(&mut self, operation: Operation, open: &mut Open) {
        open.allocated -= self.batch(operation).allocated();
        let expected = self.batch(operation).bytes();
        let batch = self.batch(operation).take(expected);
        self.hand_over(batch, open);
    }

    /// Closes a batch, except for the binding's last document: the next one may replace it.
    fn close_all_but_last(&mut self, operation: Operation, open: &mut Open) {
        if operation != self.last_operation {
            return self.close(operation, open);
        }
        let before = self.last_batch().allocated();
        let expected = self.last_batch().bytes();
        let batch = self.last_batch().take_all_but_last(expected);
        open.allocated = open.allocated + self.last_batch().allocated() - before;
        self.hand_over(batch, open);
    }

    fn hand_over(&mut self, batch: Batch, open: &mut Open) {
        if !batch.is_empty() {
            let (target, runs) = (self.target.clone(), self.order.runs());
            open.ready.push_back(ReadyBatch { target, batch, runs });
            open.is_ready = true;
        }
    }

    /// Closes the documents before the last one, because the batch is larger than Rockset accepts.
    /// Fails if the last document alone is too large.
    fn make_room(&mut self, store: &Store<'_>, open: &mut Open) -> Result<(), Error> {
        self.close_all_but_last(self.last_operation, open);
        let size = self.last_batch().bytes();
        if size <= MAX_BODY {
            return Ok(());
        }
        Err(Error::TooLarge {
            binding: self.target.binding,
            collection: self.target.to_string(),
            id: self.layout.id(store),
            size,
            limit: MAX_BODY,
        })
    }
}
