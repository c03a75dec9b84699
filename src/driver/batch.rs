//! Documents on their way into one request.

use crate::flow::buffer::{Buffer, Writer};
use bytes::Bytes;
use std::convert::Infallible;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How much is gathered before it's sent.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Of a request's body, in bytes: a batch that has reached them is sent.
    pub bytes: usize,
    /// In a batch.
    pub documents: usize,
    /// Of all batches that are open, in bytes: beyond them, the largest one is sent. So what
    /// is in memory doesn't depend on the number of bindings.
    pub open: usize,
}

/// The largest body that Rockset takes, in bytes.
pub const MAX_BODY: usize = 10 << 20;
/// The most documents that Rockset takes in one request.
pub const MAX_DOCUMENTS: usize = 20_000;

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 4 << 20, documents: MAX_DOCUMENTS, open: 16 << 20 }
    }
}

/// What a request does with its documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Operation {
    /// Adds them, in place of those with the same `_id`.
    #[default]
    Add,
    /// Deletes those with the same `_id`.
    Delete,
}

/// The documents of one request, as the JSON text of its body.
#[derive(Debug, Default)]
pub struct Batch {
    operation: Operation,
    /// `{"data":[document,document`
    body: Buffer,
    /// Where each document ends in the body.
    ends: Vec<usize>,
}

const OPENING: &[u8; 9] = b"{\"data\":[";
const CLOSING: &[u8; 2] = b"]}";

impl Batch {
    /// An empty batch.
    pub fn new(operation: Operation) -> Self {
        Self { operation, ..Self::default() }
    }

    /// Takes all documents, and leaves an empty batch of the same operation, with memory for
    /// as many.
    pub fn take(&mut self, pool: &Pool) -> Self {
        let body = pool.take(self.bytes());
        let ends = Vec::with_capacity(self.ends.len());
        std::mem::replace(self, Self { operation: self.operation, body, ends })
    }

    /// Takes all documents but the last one.
    pub fn take_settled(&mut self, pool: &Pool) -> Self {
        let mut settled = self.take(pool);
        if let Some(last) = settled.len().checked_sub(1) {
            self.push_text(&settled.body.as_slice()[range(&settled.ends, last)]);
            settled.drop_last();
        }
        settled
    }

    /// Whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// How many documents there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The size of the request's body, in bytes.
    #[inline]
    pub fn bytes(&self) -> usize {
        self.body.len() + CLOSING.len()
    }

    /// How much of it may be sent whatever comes next, in bytes: all but the last document.
    pub fn settled_bytes(&self) -> usize {
        let settled = self.len().checked_sub(2);
        settled.map_or(0, |last| self.ends.get(last).copied().unwrap_or_default())
    }

    /// Whether it is to be sent before another document comes.
    #[inline]
    pub fn is_full(&self, limits: Limits) -> bool {
        let has_reached = self.len() >= limits.documents || self.bytes() >= limits.bytes;
        has_reached && !self.is_empty()
    }

    /// Appends a document that `write` writes. Returns by how many bytes the batch grew.
    #[inline(always)]
    pub fn push<E>(
        &mut self,
        write: impl Fn(&mut Writer<'_>) -> Result<(), E>,
    ) -> Result<usize, E> {
        let before = self.body.len();
        self.body.append(|out| {
            match before {
                0 => out.extend_array(OPENING),
                _ => out.push(b','),
            }
            write(out)
        })?;
        self.ends.push(self.body.len());
        Ok(self.body.len() - before)
    }

    /// Takes the last document out again.
    pub fn drop_last(&mut self) {
        self.ends.pop();
        self.body.truncate(self.ends.last().copied().unwrap_or_default());
    }

    /// Closes the batch, to be sent. Its memory goes to the pool when nobody needs the
    /// body any more.
    pub fn close(self, pool: &Pool) -> Closed {
        let Self { operation, mut body, ends } = self;
        let Ok(()) = body.append(|out| {
            out.extend_array(CLOSING);
            Ok::<_, Infallible>(())
        });
        let body = Bytes::from_owner(Pooled { body, pool: pool.clone() });
        Closed { operation, body, ends }
    }

    fn push_text(&mut self, document: &[u8]) {
        let Ok(_) = self.push(|out| {
            out.extend(document);
            Ok::<_, Infallible>(())
        });
    }
}

/// A batch that has become the body of a request.
#[derive(Debug)]
pub struct Closed {
    operation: Operation,
    body: Bytes,
    ends: Vec<usize>,
}

impl Closed {
    /// What is to be done with the documents.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// The request's body.
    pub fn body(&self) -> Bytes {
        self.body.clone()
    }

    /// How many documents there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The text of each document.
    pub fn documents(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|index| &self.body[range(&self.ends, index)])
    }

    /// A batch of some of the documents.
    pub fn pick(&self, indices: impl IntoIterator<Item = usize>) -> Self {
        let mut picked = Batch::new(self.operation);
        for index in indices {
            picked.push_text(&self.body[range(&self.ends, index)]);
        }
        picked.close(&Pool::default())
    }
}

/// Memory of bodies that have been sent. To ask the system for it anew for every batch
/// would cost about as much as filling it.
#[derive(Debug, Clone, Default)]
pub struct Pool(Arc<Mutex<Vec<Buffer>>>);

/// The most that a pool keeps, in bytes: about what is under way with the default limits.
const KEPT: usize = 48 << 20;

impl Pool {
    /// Memory for so many bytes, and not for many more. What is kept and doesn't fit makes
    /// way, so that a pool doesn't add to the most that is in use at once.
    fn take(&self, bytes: usize) -> Buffer {
        let fitting = bytes..=2 * bytes;
        let mut buffers = self.lock();
        match buffers.iter().rposition(|buffer| fitting.contains(&buffer.capacity())) {
            Some(index) => buffers.swap_remove(index),
            None => {
                buffers.pop();
                Buffer::with_capacity(bytes + bytes / 8)
            }
        }
    }

    fn give(&self, mut buffer: Buffer) {
        buffer.truncate(0);
        let mut buffers = self.lock();
        let kept: usize = buffers.iter().map(Buffer::capacity).sum();
        if kept + buffer.capacity() <= KEPT {
            buffers.push(buffer);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Buffer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the memory back to the system.
    pub fn clear(&self) {
        self.lock().clear();
    }
}

/// A body that goes back to the pool in the end.
struct Pooled {
    body: Buffer,
    pool: Pool,
}

impl AsRef<[u8]> for Pooled {
    fn as_ref(&self) -> &[u8] {
        self.body.as_slice()
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        self.pool.give(std::mem::take(&mut self.body));
    }
}

/// Where a document stands in a body, given where each one ends.
fn range(ends: &[usize], index: usize) -> Range<usize> {
    let start = match index {
        0 => OPENING.len(),
        _ => ends[index - 1] + 1,
    };
    start..ends[index]
}
