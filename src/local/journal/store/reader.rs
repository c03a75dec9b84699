//! Reads the texts of segments again, for those who need them.

use super::documents;
use super::error::StoreError;
use super::frame;
use super::messages::GROUP;
use super::objects::Objects;
use super::scratch::Scratch;
use crate::local::storage::{Memory, ReadTexts, SegmentObject, Unreadable};
use bytes::Bytes;
use std::io;
use std::sync::mpsc;
use tokio::runtime::{Builder, Runtime};

/// The part of the memory for objects of the log that are read ahead: one in `AHEAD`.
const AHEAD: usize = 16;

/// What segments are read with. It has a thread of its own, since who needs a text may be on the
/// threads of any runtime.
#[derive(Debug)]
pub struct Reader {
    pub objects: Objects,
    /// The memory for what is read.
    pub memory: Memory,
    /// Where fields are kept that don't fit into memory, if segments may be deleted while somebody here
    /// needs them. `None` in the process that deletes them.
    pub scratch: Option<Scratch>,
    /// `None` once the reader has ended.
    runtime: Option<Runtime>,
}

impl Reader {
    /// A reader for the process that writes to the store, or for another one.
    pub fn new(objects: Objects, memory: Memory, scratch: Option<Scratch>) -> io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).thread_name("segments").enable_all().build()?;
        Ok(Self { objects, memory, scratch, runtime: Some(runtime) })
    }

    /// How many objects of the log to read at a time, so that they take no more than a part of the
    /// memory.
    pub fn ahead(&self, most: usize) -> usize {
        (self.memory.limit() / AHEAD / GROUP).clamp(1, most)
    }

    fn read(&self, segment: &SegmentObject) -> Result<String, StoreError> {
        match &segment.texts {
            Some(path) => documents::decode_text(path, frame::decode(path, &self.bytes(path)?)?),
            None => {
                let path = &segment.path;
                documents::decode_fields(path, frame::decode(path, &self.bytes(path)?)?)
            }
        }
    }

    fn bytes(&self, path: &str) -> Result<Bytes, StoreError> {
        let closed = || StoreError::damaged(path, "the store is closed");
        let (done, read) = mpsc::channel();
        let (objects, object) = (self.objects.clone(), path.to_string());
        self.runtime.as_ref().ok_or_else(closed)?.spawn(async move {
            // The other end waits.
            let _ = done.send(objects.read_bytes(&object).await);
        });
        read.recv().map_err(|_| closed())?
    }
}

impl ReadTexts for Reader {
    fn fields(&self, segment: &SegmentObject) -> Result<String, Unreadable> {
        self.read(segment).map_err(|error| Unreadable(error.to_string()))
    }
}

impl Drop for Reader {
    // Dropping a runtime waits for its threads, which async code must not do.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
