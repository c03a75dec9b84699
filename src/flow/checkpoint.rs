//! Checkpoints, kept as they were encoded.

use super::consumer;
use bytes::{Buf, BufMut};
use prost::encoding::{DecodeContext, WireType, decode_varint, encode_key, skip_field};
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

    /// What it says, as far as that is known here.
    pub fn message(&self) -> Result<consumer::Checkpoint, DecodeError> {
        consumer::Checkpoint::decode(self.encoded.as_slice())
    }
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
