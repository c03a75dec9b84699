//! Documents of all bindings, gathered into batches until these are to be sent.

use super::Error;
use super::batch::{Batch, Limits, MAX_BODY, Operation, Pool};
use super::document::Layout;
use super::task::Target;
use crate::flow::Store;
use crate::flow::buffer::Buffer;
use std::collections::VecDeque;
use std::sync::Arc;

/// The open batches of a transaction.
#[derive(Debug)]
pub(super) struct Gathering {
    bindings: Vec<Binding>,
    limits: Limits,
    /// Whether a deletion in Flow is one in Rockset.
    hard_delete: bool,
    pool: Pool,
    /// The size of all open batches, in bytes.
    open: usize,
    ready: VecDeque<Gathered>,
}

/// A batch that is to be sent.
#[derive(Debug)]
pub(super) struct Gathered {
    pub target: Arc<Target>,
    pub batch: Batch,
}

/// A binding, with the batches that its next documents go into.
#[derive(Debug)]
pub(super) struct Binding {
    target: Arc<Target>,
    layout: Layout,
    additions: Batch,
    deletions: Batch,
    /// The packed key of the last document, within the open transaction.
    last_key: Buffer,
    /// What is done with the last document.
    last_operation: Operation,
}

impl Gathering {
    pub fn new(bindings: Vec<Binding>, limits: Limits, hard_delete: bool) -> Self {
        let (pool, ready) = (Pool::default(), VecDeque::new());
        Self { bindings, limits, hard_delete, pool, open: 0, ready }
    }

    /// What the batches get their memory from.
    pub fn pool(&self) -> &Pool {
        &self.pool
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

    /// Takes a document in. Returns how many bytes it adds. There may be batches to send
    /// then.
    ///
    /// A runtime that can't combine the documents of a key within a transaction stores
    /// them one after the other, and the last one is to stay. So a full batch waits for
    /// the next key.
    #[inline(always)]
    pub fn take(&mut self, store: &Store<'_>) -> Result<usize, Error> {
        let Self { bindings, limits, hard_delete, pool, open, ready } = self;
        let Some(binding) = bindings.get_mut(store.binding as usize) else {
            let problem = self.target(store.binding).err().unwrap_or_default();
            return Err(Error::request("Store", problem));
        };
        let before = binding.open();
        if binding.last_key.as_slice() == store.key_packed.as_slice() {
            binding.last_batch().drop_last();
        } else if binding.last_batch().is_full(*limits) {
            let batch = binding.last_batch().take(pool);
            ready.push_back(binding.gathered(batch));
        }
        binding.last_operation = match *hard_delete && store.delete {
            true => Operation::Delete,
            false => Operation::Add,
        };
        binding.last_key.replace(store.key_packed.as_slice());
        let bytes = binding.push(store)?;
        if binding.last_batch().bytes() > MAX_BODY {
            ready.extend(binding.make_room(store, pool)?);
        }
        *open = *open + binding.open() - before;
        if *open > limits.open {
            self.bound();
        }
        Ok(bytes)
    }

    /// Whether there is a batch to send.
    #[inline(always)]
    pub fn is_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// The next batch to send.
    pub fn next(&mut self) -> Option<Gathered> {
        self.ready.pop_front()
    }

    /// All that is left, at the end of a transaction. Keeps no memory for the next one: what
    /// it needs isn't known.
    pub fn rest(&mut self) -> impl Iterator<Item = Gathered> + use<> {
        let mut rest = std::mem::take(&mut self.ready);
        for binding in &mut self.bindings {
            binding.last_key.truncate(0);
            for operation in [Operation::Add, Operation::Delete] {
                let batch = std::mem::replace(binding.batch(operation), Batch::new(operation));
                if !batch.is_empty() {
                    rest.push_back(binding.gathered(batch));
                }
            }
        }
        self.open = self.bindings.iter().map(Binding::open).sum();
        rest.into_iter()
    }

    /// Readies the largest batches until the open ones are within their bound, as far as
    /// there is more than a last document to send.
    #[cold]
    fn bound(&mut self) {
        while self.open > self.limits.open
            && let Some(binding) =
                self.bindings.iter_mut().max_by_key(|binding| binding.settled().1)
            && let (operation, 1..) = binding.settled()
        {
            let before = binding.open();
            let batch = binding.batch(operation).take_settled(&self.pool);
            self.open = self.open + binding.open() - before;
            self.ready.push_back(binding.gathered(batch));
        }
    }
}

impl Binding {
    pub fn new(target: Arc<Target>, layout: Layout) -> Self {
        Self {
            target,
            layout,
            additions: Batch::new(Operation::Add),
            deletions: Batch::new(Operation::Delete),
            last_key: Buffer::default(),
            last_operation: Operation::Add,
        }
    }

    /// The size of its open batches, in bytes.
    #[inline]
    fn open(&self) -> usize {
        self.additions.bytes() + self.deletions.bytes()
    }

    fn batch(&mut self, operation: Operation) -> &mut Batch {
        match operation {
            Operation::Add => &mut self.additions,
            Operation::Delete => &mut self.deletions,
        }
    }

    /// The batch that the last document is in.
    #[inline]
    fn last_batch(&mut self) -> &mut Batch {
        self.batch(self.last_operation)
    }

    /// The batch of which most may be sent whatever comes next, and how many bytes of it.
    fn settled(&self) -> (Operation, usize) {
        let additions = (Operation::Add, self.additions.settled_bytes());
        let deletions = (Operation::Delete, self.deletions.settled_bytes());
        if additions.1 >= deletions.1 { additions } else { deletions }
    }

    /// Puts a document into the batch of its operation, and says by how many bytes it grew.
    #[inline]
    fn push(&mut self, store: &Store<'_>) -> Result<usize, Error> {
        let Self { layout, additions, deletions, .. } = self;
        match self.last_operation {
            Operation::Add => additions.push(|out| layout.write(store, out)),
            Operation::Delete => deletions.push(|out| layout.write_deletion(store, out)),
        }
    }

    /// Takes the documents before the last one out of a batch that has become larger than
    /// Rockset takes.
    #[cold]
    fn make_room(&mut self, store: &Store<'_>, pool: &Pool) -> Result<Option<Gathered>, Error> {
        let before = self.last_batch().take_settled(pool);
        let size = self.last_batch().bytes();
        if size > MAX_BODY {
            return Err(Error::TooLarge {
                binding: self.target.binding,
                collection: self.target.to_string(),
                id: self.layout.id(store),
                size,
                limit: MAX_BODY,
            });
        }
        Ok((!before.is_empty()).then(|| self.gathered(before)))
    }

    fn gathered(&self, batch: Batch) -> Gathered {
        Gathered { target: self.target.clone(), batch }
    }
}
