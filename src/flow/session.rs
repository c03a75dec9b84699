//! A session: which message may follow which.
//!
//! ```text
//! Spec | Validate | Apply      one answer each, any number of them
//! Open                         then transactions until the input ends:
//!   Acknowledge
//!   Load*  Flush
//!   Store* StartCommit
//! ```

use super::codec::{FrameReader, FrameWriter};
use super::{Codec, Error, Request, Response, materialize};
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

/// Where in the protocol a session stands: what it waits for.
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
        }
    }

    /// The next request; `None` at the clean end of the input. Nothing is lost when
    /// the future is dropped.
    pub async fn next(&mut self) -> Result<Option<Request>, Error> {
        match self.reader.next().await? {
            Some(frame) => self.accept(frame).map(Some),
            None => Ok(None),
        }
    }

    /// The next request, if all of it has been read already.
    pub fn buffered(&mut self) -> Result<Option<Request>, Error> {
        match self.reader.buffered()? {
            Some(frame) => self.accept(frame).map(Some),
            None => Ok(None),
        }
    }

    /// Waits for the input to end, while an answer is being prepared. For ever, if
    /// there is another request first. Nothing is lost when the future is dropped.
    pub async fn end(&mut self) {
        self.reader.end().await
    }

    fn accept(&mut self, frame: Bytes) -> Result<Request, Error> {
        let wire: materialize::Request = self.reader.codec().decode("Request", frame)?;
        let request = Request::try_from(wire)?;
        self.phase = self.phase.after(&request)?;
        Ok(request)
    }

    /// Sends a response.
    pub async fn respond(&mut self, response: Response) -> Result<(), Error> {
        self.writer.write("Response", &materialize::Response::from(response)).await
    }
}
