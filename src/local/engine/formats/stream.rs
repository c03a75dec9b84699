//! An object as a stream of bytes, for readers that block.

use super::Fault;
use bytes::{Buf, Bytes};
use futures_util::StreamExt;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use std::io::{self, Read};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Chunks that may wait for the reader.
const AHEAD: usize = 4;

/// The bytes of an object, as they come.
pub(super) struct Chunks {
    current: Bytes,
    coming: mpsc::Receiver<Result<Bytes, object_store::Error>>,
    ended: bool,
}

/// That nobody wants to read on.
#[derive(Debug, thiserror::Error)]
#[error("nobody reads on")]
struct Unwanted;

pub(super) fn unwanted() -> io::Error {
    io::Error::other(Unwanted)
}

impl Read for Chunks {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() && !self.ended {
            match self.coming.blocking_recv() {
                // An empty chunk is the end; without it, whoever sends them is gone.
                Some(Ok(chunk)) if chunk.is_empty() => self.ended = true,
                Some(Ok(chunk)) => self.current = chunk,
                Some(Err(error)) => return Err(io::Error::other(error)),
                None => return Err(unwanted()),
            }
        }
        let n = self.current.len().min(into.len());
        self.current.copy_to_slice(&mut into[..n]);
        Ok(n)
    }
}

/// Lets a reader that blocks read an object.
pub(super) async fn read(
    store: &Arc<dyn ObjectStore>,
    object: &ObjectMeta,
    reader: impl FnOnce(Chunks) -> io::Result<()> + Send + 'static,
) -> Result<(), Fault> {
    let (chunks, coming) = mpsc::channel(AHEAD);
    let reading = tokio::task::spawn_blocking(move || {
        reader(Chunks { current: Bytes::new(), coming, ended: false })
    });
    let got = store.get(&object.location).await.map_err(Fault::Store)?;
    let mut stream = got.into_stream();
    while let Some(chunk) = stream.next().await {
        if matches!(&chunk, Ok(chunk) if chunk.is_empty()) {
            continue;
        }
        if chunks.send(chunk).await.is_err() {
            break;
        }
    }
    // The reader may have ended before.
    let _ = chunks.send(Ok(Bytes::new())).await;
    match reading.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(fault(error)),
        Err(error) => Err(Fault::Bad(error.to_string())),
    }
}

/// What an error of a reader comes from: the store, or what the object holds.
fn fault(error: io::Error) -> Fault {
    let text = error.to_string();
    match error.downcast::<object_store::Error>() {
        Ok(error) => Fault::Store(error),
        Err(error) => match error.downcast::<Unwanted>() {
            Ok(Unwanted) => Fault::Unwanted,
            Err(_) => Fault::Bad(text),
        },
    }
}
