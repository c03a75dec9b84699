//! Checkpoints, kept in their encoding.

use super::consumer;
use bytes::{Buf, BufMut};
use prost::encoding::{
    DecodeContext, WireType, decode_key, decode_varint, encode_key, encode_varint, skip_field,
};
use prost::{DecodeError, Message};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

/// A `consumer.Checkpoint` of the runtime. The connector passes it on without looking into it, so
/// it keeps the encoding: maps stay in their order, and fields that this crate doesn't know stay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checkpoint {
    encoded: Vec<u8>,
}

impl Checkpoint {
    /// A checkpoint from its encoding. Fails if that doesn't decode.
    pub fn from_encoded(encoded: Vec<u8>) -> Result<Self, DecodeError> {
        consumer::Checkpoint::decode(encoded.as_slice())?;
        Ok(Self { encoded })
    }

    /// This checkpoint, with the sources renamed for which `rename` returns a name. Everything
    /// else keeps its encoding.
    pub fn rename_sources(
        &self,
        rename: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, DecodeError> {
        const SOURCES: u32 = 1;
        const NAME: u32 = 1;
        let encoded = replace(&self.encoded, SOURCES, |entry| {
            replace(entry, NAME, |name| {
                let other = std::str::from_utf8(name).ok().and_then(&rename);
                Ok(other.map_or_else(|| name.to_vec(), String::into_bytes))
            })
        })?;
        Ok(Self { encoded })
    }

    /// The checkpoint as a decoded message, without unknown fields.
    pub fn message(&self) -> Result<consumer::Checkpoint, DecodeError> {
        consumer::Checkpoint::decode(self.encoded.as_slice())
    }
}

/// An encoded message, with each length-delimited field of one tag replaced.
fn replace(
    mut message: &[u8],
    replaced: u32,
    with: impl Fn(&[u8]) -> Result<Vec<u8>, DecodeError>,
) -> Result<Vec<u8>, DecodeError> {
    let mut out = Vec::with_capacity(message.len());
    while !message.is_empty() {
        let whole = message;
        let (tag, wire_type) = decode_key(&mut message)?;
        let mut content = message;
        skip_field(wire_type, tag, &mut message, DecodeContext::default())?;
        let end = content.len() - message.len();
        if tag == replaced && wire_type == WireType::LengthDelimited {
            content = &content[..end];
            decode_varint(&mut content)?;
            let content = with(content)?;
            encode_key(tag, wire_type, &mut out);
            encode_varint(content.len() as u64, &mut out);
            out.extend(content);
        } else {
            out.extend(&whole[..whole.len() - message.len()]);
        }
    }
    Ok(out)
}

impl From<consumer::Checkpoint> for Checkpoint {
    fn from(message: consumer::Checkpoint) -> Self {
        Self { encoded: message.encode_to_vec() }
    }
}

impl Message for Checkpoint {
    fn encode_raw(&self, buf: &mut impl BufMut) {
        buf.put_slice(&self.encoded);
    }

    /// Appends a field as it is encoded.
    ///
    /// Its length is read ahead in `buf.chunk()`, so `buf` has to be contiguous there: a varint
    /// that is split between two chunks is an error. Frames are decoded from one slice.
    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl Buf,
        context: DecodeContext,
    ) -> Result<(), DecodeError> {
        let mut ahead = buf.chunk();
        let before = ahead.len();
        let length = match wire_type {
            WireType::Varint => {
                decode_varint(&mut ahead)?;
                before - ahead.len()
            }
            WireType::LengthDelimited => {
                let length = usize::try_from(decode_varint(&mut ahead)?).unwrap_or(usize::MAX);
                (before - ahead.len()).saturating_add(length)
            }
            WireType::ThirtyTwoBit => 4,
            WireType::SixtyFourBit => 8,
            WireType::StartGroup | WireType::EndGroup => {
                return skip_field(wire_type, tag, buf, context);
            }
        };
        if buf.remaining() < length {
            // It fails, with the error of prost.
            return skip_field(wire_type, tag, buf, context);
        }
        encode_key(tag, wire_type, &mut self.encoded);
        self.encoded.put(buf.take(length));
        Ok(())
    }

    fn encoded_len(&self) -> usize {
        self.encoded.len()
    }

    fn clear(&mut self) {
        self.encoded.clear();
    }
}

impl Serialize for Checkpoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.message().map_err(ser::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Checkpoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        consumer::Checkpoint::deserialize(deserializer).map(Self::from).map_err(de::Error::custom)
    }
}
