//! Frames and messages on stdin and stdout.
//!
//! There are two codecs, named by `FLOW_RUNTIME_CODEC`. `proto`: a little-endian length of four
//! bytes, then the protobuf message. `json`: one JSON object per line.

use super::Error;
use super::read_buffer::Window;
use crate::encode::padded::Padded;
use bytes::{BufMut, Bytes, BytesMut};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The longest frame that is read, in bytes without its length prefix or newline.
pub const MAX_FRAME: usize = 512 << 20;

const LENGTH_PREFIX: usize = 4;

/// The encoding of messages and frames.
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

/// An error of deserializing as text, with the path to the value, such as `open.range: …`.
pub fn at_path<E: fmt::Display>(error: &serde_path_to_error::Error<E>) -> String {
    match error.path().to_string().as_str() {
        "." => error.inner().to_string(),
        path => format!("{path}: {}", error.inner()),
    }
}

/// Reads frames from an input.
///
/// Frames are slices of one buffer. It grows with what has arrived, never with the length that a
/// frame claims.
#[derive(Debug)]
pub struct FrameReader<R> {
    input: R,
    codec: Codec,
    window: Window,
    /// Length of the part of the window that is known to hold no newline.
    scanned: usize,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    /// Reads `input`, which is written in `codec`.
    pub fn new(input: R, codec: Codec) -> Self {
        Self { input, codec, window: Window::default(), scanned: 0 }
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
                return Ok(Some(Bytes::copy_from_slice(frame.as_slice())));
            }
            if !self.fill().await? {
                let last = self.last()?;
                return Ok(last.map(|frame| Bytes::copy_from_slice(frame.as_slice())));
            }
        }
    }

    /// Reads more of the input. Returns whether there was any. Nothing is lost when the
    /// future is dropped.
    pub async fn fill(&mut self) -> Result<bool, Error> {
        let read = self.input.read(self.window.room()).await;
        let count = read.map_err(|e| Error::Io("reading the input", e))?;
        self.window.advance(count);
        Ok(count > 0)
    }

    /// Waits for the input to end. Waits for ever if more input comes first.
    pub async fn end(&mut self) {
        if self.window.bytes().is_empty() && matches!(self.fill().await, Ok(false)) {
            return;
        }
        std::future::pending().await
    }

    /// The next frame's content, if all of it has been read already.
    #[inline(always)]
    pub fn buffered(&mut self) -> Result<Option<Padded<'_>>, Error> {
        match self.codec {
            Codec::Proto => self.delimited(),
            Codec::Json => self.line(),
        }
    }

    #[inline(always)]
    fn delimited(&mut self) -> Result<Option<Padded<'_>>, Error> {
        let Some((prefix, rest)) = self.window.bytes().split_first_chunk::<LENGTH_PREFIX>() else {
            return Ok(None);
        };
        let length = u32::from_le_bytes(*prefix) as usize;
        check_length(length)?;
        if rest.len() < length {
            return Ok(None);
        }
        Ok(Some(self.window.take(LENGTH_PREFIX + length).skip(LENGTH_PREFIX)))
    }

    fn line(&mut self) -> Result<Option<Padded<'_>>, Error> {
        while let Some(length) = self.line_length()? {
            if self.window.bytes()[..length].trim_ascii().is_empty() {
                self.window.take(length + 1);
                continue;
            }
            return Ok(self.window.take(length + 1).split_at(length).map(|(line, _)| line));
        }
        Ok(None)
    }

    /// The length of the next line, if its newline has been read already.
    fn line_length(&mut self) -> Result<Option<usize>, Error> {
        let bytes = self.window.bytes();
        let newline = memchr::memchr(b'\n', &bytes[self.scanned..]);
        let seen = newline.map_or(bytes.len(), |newline| self.scanned + newline);
        self.scanned = if newline.is_some() { 0 } else { seen };
        check_length(seen)?;
        Ok(newline.map(|_| seen))
    }

    /// The rest at the end of the input: nothing, or a complete last line without its newline.
    pub fn last(&mut self) -> Result<Option<Padded<'_>>, Error> {
        self.scanned = 0;
        let rest = self.window.take(self.window.bytes().len());
        let text = rest.as_slice();
        match self.codec {
            Codec::Json if text.trim_ascii().is_empty() => Ok(None),
            Codec::Json if serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok() => {
                Ok(Some(rest))
            }
            Codec::Proto if rest.is_empty() => Ok(None),
            _ => Err(Error::Truncated(rest.len())),
        }
    }
}

fn check_length(length: usize) -> Result<(), Error> {
    if length > MAX_FRAME {
        Err(Error::FrameTooLong { claimed: length, limit: MAX_FRAME })
    } else {
        Ok(())
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
    /// Writes to `output` in `codec`.
    pub fn new(output: W, codec: Codec) -> Self {
        Self { output, codec, buffer: BytesMut::new() }
    }

    /// Encodes one message without sending it yet. Returns the number of bytes to send.
    pub fn push<M>(&mut self, kind: &'static str, message: &M) -> Result<usize, Error>
    where
        M: prost::Message + Serialize,
    {
        self.codec.encode(kind, message, &mut self.buffer)?;
        Ok(self.buffer.len())
    }

    /// Sends everything that has been pushed.
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
