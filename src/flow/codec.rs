//! Frames and messages: how the bytes of stdin and stdout are cut and read.
//!
//! Two codecs, named by `FLOW_RUNTIME_CODEC`. `proto`: a four-byte little-endian
//! length, then the protobuf message. `json`: a JSON object a line.

use super::Error;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The longest frame that is read, in bytes without its length prefix or newline.
pub const MAX_FRAME: usize = 512 << 20;

const LENGTH_PREFIX: usize = 4;
const READ_AHEAD: usize = 256 << 10;

/// How messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Codec {
    /// Length-delimited protobuf.
    #[default]
    Proto,
    /// JSON lines.
    Json,
}

impl Codec {
    /// The codec of a `FLOW_RUNTIME_CODEC` value.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "proto" => Some(Self::Proto),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    /// Reads a message from the content of a frame. `kind` names it in errors.
    pub fn decode<M>(self, kind: &'static str, frame: Bytes) -> Result<M, Error>
    where
        M: prost::Message + Default + DeserializeOwned,
    {
        let malformed = |reason: String| Error::Malformed { kind, codec: self, reason };
        match self {
            Self::Proto => M::decode(frame).map_err(|e| malformed(e.to_string())),
            Self::Json => {
                let deserializer = &mut serde_json::Deserializer::from_slice(&frame);
                let message = serde_path_to_error::deserialize(&mut *deserializer)
                    .map_err(|e| malformed(at_path(&e)))?;
                deserializer.end().map_err(|e| malformed(e.to_string()))?;
                Ok(message)
            }
        }
    }

    /// Appends a whole frame with this message.
    pub fn encode<M>(self, kind: &'static str, message: &M, out: &mut BytesMut) -> Result<(), Error>
    where
        M: prost::Message + Serialize,
    {
        let malformed = |reason: String| Error::Malformed { kind, codec: self, reason };
        match self {
            Self::Proto => {
                let length = message.encoded_len();
                let prefix = u32::try_from(length)
                    .map_err(|_| Error::FrameTooLong { claimed: length, limit: MAX_FRAME })?;
                out.put_u32_le(prefix);
                message.encode(out).map_err(|e| malformed(e.to_string()))
            }
            Self::Json => {
                serde_json::to_writer((&mut *out).writer(), message)
                    .map_err(|e| malformed(e.to_string()))?;
                out.put_u8(b'\n');
                Ok(())
            }
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Proto => "proto",
            Self::Json => "json",
        })
    }
}

fn at_path(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    match error.path().to_string().as_str() {
        "." => error.inner().to_string(),
        path => format!("{path}: {}", error.inner()),
    }
}

/// Cuts an input into frames.
///
/// Frames are slices of one buffer that grows with what has really arrived, never
/// with what a frame claims.
#[derive(Debug)]
pub struct FrameReader<R> {
    input: R,
    codec: Codec,
    buffer: BytesMut,
    /// How much of the buffer has been read as a frame in place, and is to go.
    consumed: usize,
    /// How much of the buffer is known to hold no newline.
    scanned: usize,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    /// Reads `input` in that codec.
    pub fn new(input: R, codec: Codec) -> Self {
        Self { input, codec, buffer: BytesMut::new(), consumed: 0, scanned: 0 }
    }

    /// The codec in use.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// The next frame's content; `None` at the clean end of the input. Nothing is
    /// lost when the future is dropped.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            if let Some(frame) = self.buffered()? {
                return Ok(Some(frame));
            }
            if !self.fill().await? {
                return self.last();
            }
        }
    }

    /// Reads more of the input. Returns whether there was any. Nothing is lost when the
    /// future is dropped.
    pub async fn fill(&mut self) -> Result<bool, Error> {
        self.discard_consumed();
        self.buffer.reserve(READ_AHEAD);
        let read = self.input.read_buf(&mut self.buffer).await;
        Ok(read.map_err(|e| Error::Io("reading the input", e))? > 0)
    }

    /// Waits for the input to end. For ever, if something else comes of it first.
    pub async fn end(&mut self) {
        self.discard_consumed();
        if self.buffer.is_empty() {
            self.buffer.reserve(READ_AHEAD);
            if matches!(self.input.read_buf(&mut self.buffer).await, Ok(0)) {
                return;
            }
        }
        std::future::pending().await
    }

    /// The next frame's content, if all of it has been read already.
    pub fn buffered(&mut self) -> Result<Option<Bytes>, Error> {
        self.discard_consumed();
        match self.codec {
            Codec::Proto => Ok(self.delimited()?.map(|length| {
                self.buffer.advance(LENGTH_PREFIX);
                self.buffer.split_to(length).freeze()
            })),
            Codec::Json => self.line(),
        }
    }

    /// The next frame's content in place, if it is of the proto codec and all of it has
    /// been read already.
    pub fn buffered_in_place(&mut self) -> Result<Option<&[u8]>, Error> {
        self.discard_consumed();
        match self.codec {
            Codec::Json => Ok(None),
            Codec::Proto => Ok(match self.delimited()? {
                None => None,
                Some(length) => {
                    self.consumed = LENGTH_PREFIX + length;
                    Some(&self.buffer[LENGTH_PREFIX..self.consumed])
                }
            }),
        }
    }

    #[inline]
    fn discard_consumed(&mut self) {
        self.buffer.advance(std::mem::take(&mut self.consumed));
    }

    /// The length of the next frame, if all of it is there.
    #[inline]
    fn delimited(&self) -> Result<Option<usize>, Error> {
        let Some(prefix) = self.buffer.first_chunk::<LENGTH_PREFIX>() else {
            return Ok(None);
        };
        let length = u32::from_le_bytes(*prefix) as usize;
        check_length(length)?;
        Ok((self.buffer.len() >= LENGTH_PREFIX + length).then_some(length))
    }

    fn line(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let unscanned = &self.buffer[self.scanned..];
            let Some(newline) = unscanned.iter().position(|byte| *byte == b'\n') else {
                self.scanned = self.buffer.len();
                check_length(self.scanned)?;
                return Ok(None);
            };
            let length = self.scanned + newline;
            self.scanned = 0;
            check_length(length)?;
            let line = self.buffer.split_to(length).freeze();
            self.buffer.advance(1);
            if !line.trim_ascii().is_empty() {
                return Ok(Some(line));
            }
        }
    }

    /// What is left at the end of the input: nothing, or a last line without its
    /// newline, if that is whole.
    pub fn last(&mut self) -> Result<Option<Bytes>, Error> {
        let rest = self.buffer.split().freeze();
        self.scanned = 0;
        match self.codec {
            Codec::Json if rest.trim_ascii().is_empty() => Ok(None),
            Codec::Json if serde_json::from_slice::<serde::de::IgnoredAny>(&rest).is_ok() => {
                Ok(Some(rest))
            }
            Codec::Proto if rest.is_empty() => Ok(None),
            _ => Err(Error::Truncated(rest.len())),
        }
    }
}

fn check_length(length: usize) -> Result<(), Error> {
    match length > MAX_FRAME {
        true => Err(Error::FrameTooLong { claimed: length, limit: MAX_FRAME }),
        false => Ok(()),
    }
}

/// Writes messages as frames.
#[derive(Debug)]
pub struct FrameWriter<W> {
    output: W,
    codec: Codec,
    buffer: BytesMut,
}

impl<W: AsyncWrite + Unpin> FrameWriter<W> {
    /// Writes to `output` in that codec.
    pub fn new(output: W, codec: Codec) -> Self {
        Self { output, codec, buffer: BytesMut::new() }
    }

    /// Encodes one message without sending it yet. Returns how many bytes wait.
    pub fn push<M>(&mut self, kind: &'static str, message: &M) -> Result<usize, Error>
    where
        M: prost::Message + Serialize,
    {
        self.codec.encode(kind, message, &mut self.buffer)?;
        Ok(self.buffer.len())
    }

    /// Sends all that has been pushed.
    pub async fn flush(&mut self) -> Result<(), Error> {
        let failed = |e| Error::Io("writing the output", e);
        self.output.write_all_buf(&mut self.buffer).await.map_err(failed)?;
        self.output.flush().await.map_err(failed)
    }

    /// Encodes one message and sends it.
    pub async fn write<M>(&mut self, kind: &'static str, message: &M) -> Result<(), Error>
    where
        M: prost::Message + Serialize,
    {
        self.push(kind, message)?;
        self.flush().await
    }
}
