//! Checkpoints, kept as they were encoded.

use super::consumer;
use bytes::{Buf, BufMut};
use prost::encoding::{
    DecodeContext, WireType, decode_key, decode_varint, encode_key, encode_varint, skip_field,
};
use prost::{DecodeError, Message};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

/// A `consumer.Checkpoint` of the runtime. The connector passes it on and looks at no
/// part of it, so it stays as it was encoded: with its maps in their order, and with
/// fields that aren't known here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checkpoint {
    encoded: Vec<u8>,
}

impl Checkpoint {
    /// A checkpoint from its encoding. Fails if it isn't one.
    pub fn from_encoded(encoded: Vec<u8>) -> Result<Self, DecodeError> {
        consumer::Checkpoint::decode(encoded.as_slice())?;
        Ok(Self { encoded })
    }

    /// This checkpoint with other names of some sources. All else stays as it was encoded.
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

    /// What it says, as far as that is known here.
    pub fn message(&self) -> Result<consumer::Checkpoint, DecodeError> {
        consumer::Checkpoint::decode(self.encoded.as_slice())
    }
}

/// An encoded message whose length-delimited fields of one tag are replaced.
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

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl Buf,
        context: DecodeContext,
    ) -> Result<(), DecodeError> {
        let kept = &mut self.encoded;
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
            // Says so, in its own words.
            return skip_field(wire_type, tag, buf, context);
        }
        encode_key(tag, wire_type, kept);
        kept.put(buf.take(length));
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
