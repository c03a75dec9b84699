//! An object as a stream of text: decompressed and parsed into records on the pool, a piece at a
//! time.

use super::{BATCH, BATCH_BYTES, Fault, Record};
use crate::local::ingest::sources::sink::Sink;
use bytes::{Bytes, BytesMut};
use flate2::write::MultiGzDecoder;
use futures_util::StreamExt;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use std::io::{self, Write};
use std::mem;
use std::sync::Arc;

/// Bytes that are parsed together, if the object has as many.
const PIECE: usize = 256 << 10;

/// Compressed bytes that are decompressed at once: one byte can become a thousand.
const COMPRESSED: usize = 4 << 10;

/// Decompressed bytes between two checks of the number of records.
const STEP: usize = 64 << 10;

/// Parser from the pieces of a text to records.
pub(super) trait Parser: Send {
    /// Parses the next bytes, at least one.
    fn feed(&mut self, text: &[u8], records: &mut RecordBuffer);

    /// Parses the end of the text.
    fn end(&mut self, records: &mut RecordBuffer);
}

/// Collects records until they are worth handing on.
#[derive(Debug, Default)]
pub(super) struct RecordBuffer {
    records: Vec<Record>,
    bytes: usize,
}

impl RecordBuffer {
    pub(super) fn push(&mut self, record: Record) {
        let (Ok(text) | Err(text)) = &record;
        self.bytes += text.len();
        self.records.push(record);
    }

    fn is_worth_handing_on(&self) -> bool {
        self.records.len() >= BATCH || self.bytes >= BATCH_BYTES
    }

    fn take(&mut self) -> Vec<Record> {
        self.bytes = 0;
        mem::take(&mut self.records)
    }
}

/// State of a text that is decompressed and parsed.
struct Decoder {
    /// Bytes of the object that are not decompressed yet.
    given: Bytes,
    gzip: Option<MultiGzDecoder<Vec<u8>>>,
    /// Decompressed bytes that are not parsed yet.
    plain: Bytes,
    parser: Box<dyn Parser>,
    buffer: RecordBuffer,
}

/// Result of a step.
enum Step {
    Records(Vec<Record>),
    /// More bytes of the object are needed.
    Hungry,
    /// The text can't be read any further. Holds the records before.
    Bad(String, Vec<Record>),
}

impl Decoder {
    /// Decodes until there are records that are worth handing on, or no bytes any more.
    fn advance(&mut self) -> Step {
        loop {
            while !self.plain.is_empty() {
                let text = self.plain.split_to(self.plain.len().min(STEP));
                self.parser.feed(&text, &mut self.buffer);
                if self.buffer.is_worth_handing_on() {
                    return Step::Records(self.buffer.take());
                }
            }
            if self.given.is_empty() {
                return Step::Hungry;
            }
            if let Err(error) = self.decompress() {
                return Step::Bad(error.to_string(), self.all_records());
            }
        }
    }

    fn decompress(&mut self) -> io::Result<()> {
        let Some(gzip) = &mut self.gzip else {
            self.plain = mem::take(&mut self.given);
            return Ok(());
        };
        let compressed = self.given.split_to(self.given.len().min(COMPRESSED));
        let done = gzip.write_all(&compressed).and_then(|()| gzip.flush());
        self.plain = mem::take(gzip.get_mut()).into();
        done
    }

    /// Decodes the end of the object.
    fn end(&mut self) -> Step {
        let done = self.gzip.as_mut().map_or(Ok(()), MultiGzDecoder::try_finish);
        if let Some(gzip) = &mut self.gzip {
            self.plain = mem::take(gzip.get_mut()).into();
        }
        let records = self.all_records();
        match done {
            Err(error) => Step::Bad(error.to_string(), records),
            Ok(()) => {
                self.buffer.records = records;
                self.parser.end(&mut self.buffer);
                Step::Records(self.buffer.take())
            }
        }
    }

    /// Records of all decompressed bytes.
    fn all_records(&mut self) -> Vec<Record> {
        let text = mem::take(&mut self.plain);
        if !text.is_empty() {
            self.parser.feed(&text, &mut self.buffer);
        }
        self.buffer.take()
    }
}

/// Reads an object that may be compressed, and hands on the records of a parser.
pub(super) async fn read(
    store: &Arc<dyn ObjectStore>,
    object: &ObjectMeta,
    is_gzip: bool,
    parser: Box<dyn Parser>,
    sink: Sink,
) -> Result<(), Fault> {
    let gzip = is_gzip.then(|| MultiGzDecoder::new(Vec::new()));
    let (given, plain, buffer) = (Bytes::new(), Bytes::new(), RecordBuffer::default());
    let text = Box::new(Decoder { given, gzip, plain, parser, buffer });
    let mut reading = Reader { text: Some(text), sink };
    let got = store.get(&object.location).await.map_err(Fault::Store)?;
    let mut chunks = got.into_stream();
    let mut piece = BytesMut::new();
    while let Some(chunk) = chunks.next().await {
        match chunk {
            Ok(chunk) => piece.extend_from_slice(&chunk),
            Err(error) => {
                reading.feed(piece.split().freeze()).await?;
                reading.step(|text| Step::Records(text.all_records())).await?;
                return Err(Fault::Store(error));
            }
        }
        if piece.len() >= PIECE {
            reading.feed(piece.split().freeze()).await?;
        }
    }
    reading.feed(piece.freeze()).await?;
    reading.step(Decoder::end).await.map(drop)
}

/// Reader of a text, which moves to the pool and back.
struct Reader {
    text: Option<Box<Decoder>>,
    sink: Sink,
}

impl Reader {
    async fn feed(&mut self, piece: Bytes) -> Result<(), Fault> {
        if let Some(text) = &mut self.text {
            text.given = piece;
        }
        while self.step(Decoder::advance).await? {}
        Ok(())
    }

    /// Runs a step, and hands on its records. Returns whether there may be more.
    async fn step(
        &mut self,
        step: impl Fn(&mut Decoder) -> Step + Send + 'static,
    ) -> Result<bool, Fault> {
        let sink = self.sink.clone();
        let Some(mut text) = self.text.take() else {
            return Ok(false);
        };
        let done = self.sink.pool().run_in_background(move || {
            let (records, bad, more) = match step(&mut text) {
                Step::Records(records) => (records, None, true),
                Step::Hungry => (Vec::new(), None, false),
                Step::Bad(reason, records) => (records, Some(reason), false),
            };
            let part = (!records.is_empty()).then(|| sink.part(records));
            (text, part, bad, more)
        });
        let (text, part, bad, more) = done.await.map_err(Fault::from)?;
        self.text = Some(text);
        if let Some(part) = part {
            self.sink.send(part?).await?;
        }
        match bad {
            Some(reason) => Err(Fault::Bad(reason)),
            None => Ok(more),
        }
    }
}
