//! Batches: the documents of one request.

pub use super::pool::Pool;
use crate::encode::buffer::{Buffer, Writer};
use crate::rockset::rules::{MAX_BODY, MAX_DOCUMENTS};
use bytes::Bytes;
use std::convert::Infallible;
use std::ops::Range;

/// The sizes at which batches are sent.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The size of a body at which its batch is full, in bytes.
    pub bytes: usize,
    /// The number of documents at which a batch is full.
    pub documents: usize,
    /// The memory of all open batches at which the largest are sent, in bytes. So memory doesn't
    /// depend on the number of bindings.
    pub open: usize,
}

impl Default for Limits {
    /// A batch is full a little below 4 MiB, so that most documents still fit into a buffer of
    /// that size.
    fn default() -> Self {
        Self { bytes: (4 << 20) - (128 << 10), documents: MAX_DOCUMENTS, open: 44 << 20 }
    }
}

impl Limits {
    /// The memory of all batches, open or in flight, at which nothing more is read, in bytes.
    /// `concurrency` is the largest number of requests in flight.
    pub fn memory(&self, concurrency: usize) -> usize {
        self.open + concurrency * self.bytes
    }
}

/// The operation of a request on its documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Operation {
    /// Adds them, in place of those with the same `_id`.
    #[default]
    Add,
    /// Deletes those with the same `_id`.
    Delete,
}

/// The documents of one request, as the JSON text of its body. No two of them have the same key.
#[derive(Debug)]
pub struct Batch {
    operation: Operation,
    pool: Pool,
    /// `{"data":[document,document`
    body: Buffer,
    /// The index in the body at which each document ends.
    ends: Vec<u32>,
    /// The expected size of the full batch, in bytes.
    expected: usize,
}

const OPENING: &[u8; 9] = b"{\"data\":[";
const CLOSING: &[u8; 2] = b"]}";

/// The size in bytes below which a body doubles when it grows. Above, it gets the next size of the
/// pool.
const SMALL: usize = 64 << 10;

impl Batch {
    /// An empty batch. It allocates memory with its first document.
    pub fn new(operation: Operation, pool: &Pool) -> Self {
        let pool = pool.clone();
        Self { operation, pool, body: Buffer::default(), ends: Vec::new(), expected: 0 }
    }

    /// Takes all documents. Leaves an empty batch of the same operation, with `expected` bytes as
    /// its expected size.
    pub fn take(&mut self, expected: usize) -> Self {
        let mut empty = Self::new(self.operation, &self.pool);
        empty.expected = expected;
        std::mem::replace(self, empty)
    }

    /// Takes all documents but the last one. Leaves a batch with that, and with `expected` bytes as
    /// its expected size.
    pub fn take_all_but_last(&mut self, expected: usize) -> Self {
        if self.len() < 2 {
            return Self::new(self.operation, &self.pool);
        }
        let mut sealed = self.take(0);
        let last = sealed.len() - 1;
        self.push_text(&sealed.body.as_slice()[range(&sealed.ends, last)]);
        self.expected = expected;
        sealed.drop_last();
        sealed
    }

    /// The operation on the documents.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// Whether the batch has no documents.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The number of documents.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The size of the request's body, in bytes.
    #[inline]
    pub fn bytes(&self) -> usize {
        self.body.len() + CLOSING.len()
    }

    /// The allocated memory, in bytes.
    #[inline]
    pub fn allocated(&self) -> usize {
        self.body.capacity() + self.ends.capacity() * size_of::<u32>()
    }

    /// Whether the batch is to be sent before the next document of another key.
    #[inline]
    pub fn is_full(&self, limits: Limits) -> bool {
        let has_reached = self.len() >= limits.documents || self.bytes() >= limits.bytes;
        has_reached && !self.is_empty()
    }

    /// Appends the document that `write` writes. Returns the number of bytes added. If memory is
    /// too small, it grows for a document of `about` bytes, and `write` is called again, from the
    /// start, as in [`Buffer::append`].
    #[inline(always)]
    pub fn push<E>(
        &mut self,
        about: usize,
        write: impl Fn(&mut Writer<'_>) -> Result<(), E>,
    ) -> Result<usize, E> {
        let before = self.body.len();
        let append = |out: &mut Writer<'_>| {
            match before {
                0 => out.extend_array(OPENING),
                _ => out.push(b','),
            }
            write(out)
        };
        while !self.body.try_append(append)? {
            self.grow(about);
        }
        if self.ends.len() == self.ends.capacity() {
            self.grow_ends();
        }
        self.ends.push(self.body.len() as u32);
        Ok(self.body.len() - before)
    }

    /// Moves the body to more memory, enough for a document of `about` bytes.
    #[cold]
    #[inline(never)]
    fn grow(&mut self, about: usize) {
        let needed = self.body.len() + about + about / 8 + 256;
        let before = self.body.capacity();
        let larger = match before {
            few if few < self.expected => self.expected,
            SMALL..=MAX_BODY => before + 1,
            other => 2 * other,
        };
        let old = self.body.move_to(self.pool.take(needed.max(larger)));
        if before > 0 {
            self.pool.give(old);
        }
    }

    #[cold]
    #[inline(never)]
    fn grow_ends(&mut self) {
        let before = self.ends.capacity();
        self.ends.reserve(1);
        self.pool.charge((self.ends.capacity() - before) * size_of::<u32>());
    }

    /// Removes the last document.
    pub fn drop_last(&mut self) {
        self.ends.pop();
        self.body.truncate(self.ends.last().copied().unwrap_or_default() as usize);
    }

    /// Completes the body, to be sent. Its memory returns to the pool when the last clone of the
    /// body is dropped.
    pub fn close(mut self) -> Closed {
        while !finished(self.body.try_append(|out| {
            out.extend_array(CLOSING);
            Ok(())
        })) {
            self.grow(CLOSING.len());
        }
        let allocated = self.allocated();
        let (pool, operation) = (self.pool.clone(), self.operation);
        pool.depart(allocated);
        let (body, ends) = (std::mem::take(&mut self.body), std::mem::take(&mut self.ends));
        let body = Bytes::from_owner(Pooled { body, allocated, pool: pool.clone() });
        Closed { operation, pool, body, ends }
    }

    fn push_text(&mut self, document: &[u8]) {
        finished(self.push(document.len(), |out| {
            out.extend(document);
            Ok(())
        }));
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.pool.discharge(self.ends.capacity() * size_of::<u32>());
        if self.body.capacity() > 0 {
            self.pool.give(std::mem::take(&mut self.body));
        }
    }
}

/// The value of a result that can't be an error.
fn finished<T>(result: Result<T, Infallible>) -> T {
    let Ok(value) = result;
    value
}

/// A batch that has become the body of a request.
#[derive(Debug)]
pub struct Closed {
    operation: Operation,
    pool: Pool,
    body: Bytes,
    ends: Vec<u32>,
}

impl Closed {
    /// The operation on the documents.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// The request's body.
    pub fn body(&self) -> Bytes {
        self.body.clone()
    }

    /// The number of documents.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether the batch has no documents.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The text of each document.
    pub fn documents(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|index| &self.body[range(&self.ends, index)])
    }

    /// A batch of some of the documents.
    pub fn pick(&self, indices: impl IntoIterator<Item = usize>) -> Self {
        let mut picked = Batch::new(self.operation, &self.pool);
        for index in indices {
            picked.push_text(&self.body[range(&self.ends, index)]);
        }
        picked.close()
    }
}

/// A body whose memory returns to the pool when it is dropped.
struct Pooled {
    body: Buffer,
    /// The memory of the batch, in bytes: of the body, and of the ends of documents.
    allocated: usize,
    pool: Pool,
}

impl AsRef<[u8]> for Pooled {
    fn as_ref(&self) -> &[u8] {
        self.body.as_slice()
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        self.pool.arrive(self.allocated);
        self.pool.discharge(self.allocated - self.body.capacity());
        self.pool.give(std::mem::take(&mut self.body));
    }
}

/// The range of a document in a body, from the ends of all documents.
fn range(ends: &[u32], index: usize) -> Range<usize> {
    let start = match index {
        0 => OPENING.len(),
        _ => ends[index - 1] as usize + 1,
    };
    start..ends[index] as usize
}
