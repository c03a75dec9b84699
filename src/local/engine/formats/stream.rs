//! An object as a stream of text: decompressed and taken apart into records on the pool,
//! a piece at a time.

use super::{BATCH, BATCH_BYTES, Fault, Record};
use crate::local::engine::ingest::Sink;
use bytes::{Bytes, BytesMut};
use flate2::write::MultiGzDecoder;
use futures_util::StreamExt;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use std::io::{self, Write};
use std::mem;
use std::sync::Arc;

/// Bytes that are taken apart together, if the object has as many.
const PIECE: usize = 256 << 10;

/// Compressed bytes that are decompressed at once: a byte can become a thousand.
const COMPRESSED: usize = 4 << 10;

/// Decompressed bytes between two looks at how many records there are.
const STEP: usize = 64 << 10;

/// What makes records of the pieces of a text.
pub(super) trait Parser: Send {
    /// Takes the next bytes, of which there is at least one.
    fn feed(&mut self, text: &[u8], records: &mut Gathered);

    /// Takes the end.
    fn end(&mut self, records: &mut Gathered);
}

/// Gathers records until they are worth handing on.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    records: Vec<Record>,
    bytes: usize,
}

impl Gathered {
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

/// A text on its way to records.
struct Text {
    /// Bytes of the object that have not been looked at.
    given: Bytes,
    gzip: Option<MultiGzDecoder<Vec<u8>>>,
    /// Decompressed bytes that have not been parsed.
    plain: Bytes,
    parser: Box<dyn Parser>,
    gathered: Gathered,
}

/// What a text needs or has after a step.
enum Step {
    Records(Vec<Record>),
    /// More of the object.
    Hungry,
    /// It can't be read on. Here are the records before.
    Bad(String, Vec<Record>),
}

impl Text {
    /// Goes on until there are records that are worth handing on, or no bytes any more.
    fn advance(&mut self) -> Step {
        loop {
            while !self.plain.is_empty() {
                let text = self.plain.split_to(self.plain.len().min(STEP));
                self.parser.feed(&text, &mut self.gathered);
                if self.gathered.is_worth_handing_on() {
                    return Step::Records(self.gathered.take());
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

    /// Takes the end of the object.
    fn end(&mut self) -> Step {
        let done = self.gzip.as_mut().map_or(Ok(()), MultiGzDecoder::try_finish);
        if let Some(gzip) = &mut self.gzip {
            self.plain = mem::take(gzip.get_mut()).into();
        }
        let records = self.all_records();
        match done {
            Err(error) => Step::Bad(error.to_string(), records),
            Ok(()) => {
                self.gathered.records = records;
                self.parser.end(&mut self.gathered);
                Step::Records(self.gathered.take())
            }
        }
    }

    /// The records of all that has been decompressed.
    fn all_records(&mut self) -> Vec<Record> {
        let text = mem::take(&mut self.plain);
        if !text.is_empty() {
            self.parser.feed(&text, &mut self.gathered);
        }
        self.gathered.take()
    }
}

/// Reads an object that may be compressed, and hands on what a parser makes of it.
pub(super) async fn read(
    store: &Arc<dyn ObjectStore>,
    object: &ObjectMeta,
    is_gzip: bool,
    parser: Box<dyn Parser>,
    sink: Sink,
) -> Result<(), Fault> {
    let gzip = is_gzip.then(|| MultiGzDecoder::new(Vec::new()));
    let (given, plain, gathered) = (Bytes::new(), Bytes::new(), Gathered::default());
    let text = Box::new(Text { given, gzip, plain, parser, gathered });
    let mut reading = Reading { text: Some(text), sink };
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
    reading.step(Text::end).await.map(drop)
}

/// A text that goes to the pool and back.
struct Reading {
    text: Option<Box<Text>>,
    sink: Sink,
}

impl Reading {
    async fn feed(&mut self, piece: Bytes) -> Result<(), Fault> {
        if let Some(text) = &mut self.text {
            text.given = piece;
        }
        while self.step(Text::advance).await? {}
        Ok(())
    }

    /// Does a step, and hands on the records that come of it. Answers whether there may be
    /// more.
    async fn step(
        &mut self,
        step: impl Fn(&mut Text) -> Step + Send + 'static,
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
