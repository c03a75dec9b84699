//! A session: the order of messages.
//!
//! ```text
//! Spec | Validate | Apply      any number of them, with one answer each
//! Open                         then transactions until the input ends:
//!   Acknowledge
//!   Load*  Flush
//!   Store* StartCommit
//! ```

use super::codec::{FrameReader, FrameWriter};
use super::materialize::request;
use super::store::complete;
use super::{Codec, Error, Request, Response, Store, materialize};
use crate::encode::padded::Padded;
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

/// The phase of the protocol, named after the requests that a session waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Unary,
    Acknowledge,
    Loads,
    Stores,
}

impl Phase {
    fn after(self, request: &Request) -> Result<Self, Error> {
        use Request as R;
        match (self, request) {
            (Self::Unary, R::Spec(_) | R::Validate(_) | R::Apply(_)) => Ok(Self::Unary),
            (Self::Unary, R::Open(_)) => Ok(Self::Acknowledge),
            (Self::Acknowledge, R::Acknowledge(_)) => Ok(Self::Loads),
            (Self::Loads, R::Load(_)) => Ok(Self::Loads),
            (Self::Loads, R::Flush(_)) => Ok(Self::Stores),
            (Self::Stores, R::Store(_)) => Ok(Self::Stores),
            (Self::Stores, R::StartCommit(_)) => Ok(Self::Acknowledge),
            _ => Err(Error::OutOfOrder { expected: self.expected(), got: request.name() }),
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Self::Unary => "Spec, Validate, Apply or Open",
            Self::Acknowledge => "Acknowledge",
            Self::Loads => "Load or Flush",
            Self::Stores => "Store or StartCommit",
        }
    }
}

/// Requests in, responses out, in the protocol's order.
#[derive(Debug)]
pub struct Session<R, W> {
    reader: FrameReader<R>,
    writer: FrameWriter<W>,
    phase: Phase,
    /// The last Store that could not be read in place.
    store: request::Store,
}

/// A request within transactions.
#[derive(Debug)]
pub enum Incoming<'a> {
    /// A document, borrowed from its frame.
    Store(Store<'a>),
    /// Any other request.
    Other(Request),
}

impl<R, W> Session<R, W>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    /// A session over these streams.
    pub fn new(input: R, output: W, codec: Codec) -> Self {
        Self {
            reader: FrameReader::new(input, codec),
            writer: FrameWriter::new(output, codec),
            phase: Phase::Unary,
            store: request::Store::default(),
        }
    }

    /// The next request; `None` at the clean end of the input. Nothing is lost when
    /// the future is dropped.
    pub async fn next(&mut self) -> Result<Option<Request>, Error> {
        match self.reader.next().await? {
            Some(frame) => accept(self.reader.codec(), &mut self.phase, frame).map(Some),
            None => Ok(None),
        }
    }

    /// The next request, if all of it has been read already.
    #[inline(always)]
    pub fn buffered(&mut self) -> Result<Option<Incoming<'_>>, Error> {
        let codec = self.reader.codec();
        let Some(frame) = self.reader.buffered()? else { return Ok(None) };
        if codec == Codec::Proto
            && self.phase == Phase::Stores
            && let Some(store) = Store::from_request(frame)
        {
            return Ok(Some(Incoming::Store(store)));
        }
        incoming(codec, &mut self.phase, &mut self.store, frame).map(Some)
    }

    /// Reads more of the input. Returns whether there was any. Nothing is lost when the
    /// future is dropped.
    pub async fn fill(&mut self) -> Result<bool, Error> {
        self.store = request::Store::default();
        self.reader.fill().await
    }

    /// The rest when the input has ended: nothing, or a last request.
    pub fn last(&mut self) -> Result<Option<Incoming<'_>>, Error> {
        let codec = self.reader.codec();
        let frame = self.reader.last()?;
        frame.map(|frame| incoming(codec, &mut self.phase, &mut self.store, frame)).transpose()
    }

    /// Waits for the input to end, while an answer is being prepared. Waits for ever if another
    /// request comes first. Nothing is lost when the future is dropped.
    pub async fn end(&mut self) {
        self.reader.end().await
    }

    /// Sends a response.
    pub async fn respond(&mut self, response: Response) -> Result<(), Error> {
        self.writer.write("Response", &materialize::Response::from(response)).await
    }
}

fn accept(codec: Codec, phase: &mut Phase, frame: Bytes) -> Result<Request, Error> {
    let wire: materialize::Request = codec.decode("Request", frame)?;
    let request = Request::try_from(wire)?;
    *phase = phase.after(&request)?;
    Ok(request)
}

/// Decodes a request. A Store is put into `kept`, so that it can be borrowed.
fn incoming<'a>(
    codec: Codec,
    phase: &mut Phase,
    kept: &'a mut request::Store,
    frame: Padded<'_>,
) -> Result<Incoming<'a>, Error> {
    Ok(match accept(codec, phase, Bytes::copy_from_slice(frame.as_slice()))? {
        Request::Store(mut store) => {
            complete(&mut store).map_err(|reason| Error::Malformed {
                kind: "Request",
                codec,
                reason,
            })?;
            *kept = store;
            Incoming::Store(Store::from(&*kept))
        }
        other => Incoming::Other(other),
    })
}
