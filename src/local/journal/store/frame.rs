//! The form of all objects: a header, and a message that is compressed.
//!
//! | bytes | |
//! |---|---|
//! | 0..8 | [`MAGIC`] |
//! | 8..12 | version of the form, little-endian as all numbers here |
//! | 12..16 | CRC-32 of the object's path and of all that follows |
//! | 16..24 | the process that has written the object: a random number |
//! | 24..32 | bytes of the message |
//! | 32.. | the message, compressed with zstd; nothing if it has no bytes |

use super::error::StoreError;
use bytes::Bytes;
use prost::Message;

const MAGIC: [u8; 8] = *b"RKLOCAL\n";

/// Version of the form of objects, and of the messages in them. In version 1, the fields of a
/// segment's documents were in the segment itself.
pub const VERSION: u32 = 2;

/// Bytes of the header.
pub const HEADER: usize = 32;

/// A low level: with higher ones, compression takes longer than a disk.
const LEVEL: i32 = 1;

/// Maximum bytes of a message: more than any batch or chunk has.
const MAX_MESSAGE: u64 = 8 << 30;

/// An object without a message.
pub fn empty(object: &str, writer: u64) -> Bytes {
    framed(object, writer, 0, &[])
}

/// An object with a message.
pub fn encode(object: &str, writer: u64, message: &impl Message) -> std::io::Result<Bytes> {
    let message = message.encode_to_vec();
    let compressed = zstd::bulk::compress(&message, LEVEL)?;
    Ok(framed(object, writer, message.len() as u64, &compressed))
}

fn framed(object: &str, writer: u64, length: u64, compressed: &[u8]) -> Bytes {
    let mut frame = Vec::with_capacity(HEADER + compressed.len());
    frame.extend_from_slice(&MAGIC);
    frame.extend_from_slice(&VERSION.to_le_bytes());
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(&writer.to_le_bytes());
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(compressed);
    let sum = checksum(object, &frame[16..]);
    frame[12..16].copy_from_slice(&sum.to_le_bytes());
    frame.into()
}

/// The message of an object; an empty one if it has none.
pub fn decode<M: Message + Default>(object: &str, frame: &[u8]) -> Result<M, StoreError> {
    let rest = checked(object, frame)?;
    let damaged = |error: String| StoreError::damaged(object, error);
    let length = rest[8..16].try_into().map(u64::from_le_bytes).unwrap_or_default();
    let message = decompressed(&rest[16..], length).map_err(damaged)?;
    M::decode(message.as_slice()).map_err(|error| damaged(error.to_string()))
}

/// Fails if an object is damaged, or of a newer version.
pub fn check(object: &str, frame: &[u8]) -> Result<(), StoreError> {
    checked(object, frame).map(drop)
}

/// What the checksum is of, but for the path.
fn checked<'a>(object: &str, frame: &'a [u8]) -> Result<&'a [u8], StoreError> {
    let damaged = |how: &str| StoreError::damaged(object, how);
    let number = |at: usize| frame.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
    if frame.get(..8) != Some(&MAGIC) {
        return Err(damaged("it doesn't begin as an object of a local Rockset"));
    }
    match number(8) {
        Some(found) if found > VERSION => {
            let object = object.to_string();
            return Err(StoreError::TooNew { object, found, known: VERSION });
        }
        Some(1..=VERSION) => {}
        _ => return Err(damaged("it has no version that there ever was")),
    }
    let rest = frame.get(16..).unwrap_or_default();
    match frame.len() >= HEADER && number(12) == Some(checksum(object, rest)) {
        true => Ok(rest),
        false => Err(damaged("its checksum is that of other content")),
    }
}

fn decompressed(compressed: &[u8], length: u64) -> Result<Vec<u8>, String> {
    if length == 0 {
        return Ok(Vec::new());
    }
    if length > MAX_MESSAGE {
        return Err(format!("its message would have {length} bytes"));
    }
    let length = usize::try_from(length).map_err(|error| error.to_string())?;
    let message = zstd::bulk::decompress(compressed, length).map_err(|error| error.to_string())?;
    match message.len() == length {
        true => Ok(message),
        false => Err(format!("its message has {} bytes, not {length}", message.len())),
    }
}

/// Includes the path, so that an object in the place of another one is noticed.
fn checksum(object: &str, rest: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(object.as_bytes());
    hasher.update(rest);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    #[test]
    fn every_flipped_bit_is_noticed() {
        let text = "the same again and again, the same again and again".to_string();
        let good = encode("log/1", 7, &text).unwrap();
        assert_eq!(decode::<String>("log/1", &good).unwrap(), text);
        for bit in 0..good.len() * 8 {
            let mut bad = good.to_vec();
            bad[bit / 8] ^= 1 << (bit % 8);
            let error = decode::<String>("log/1", &bad).unwrap_err();
            assert!(error.to_string().starts_with("log/1 "), "{error}");
        }
    }

    #[test]
    fn an_object_that_is_cut_off_or_moved_is_noticed() {
        let good = encode("log/1", 7, &"text".to_string()).unwrap();
        for length in 0..good.len() {
            decode::<String>("log/1", &good[..length]).unwrap_err();
        }
        decode::<String>("log/2", &good).unwrap_err();
    }

    #[test]
    fn a_newer_version_is_refused_by_its_name() {
        let mut newer = encode("log/1", 7, &"text".to_string()).unwrap().to_vec();
        newer[8] = u8::try_from(VERSION).unwrap() + 1;
        let error = decode::<String>("log/1", &newer).unwrap_err();
        assert!(matches!(error, StoreError::TooNew { .. }), "{error}");
    }
}
