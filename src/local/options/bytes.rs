//! Numbers of bytes.

use bytesize::ByteSize;

/// Reads a number of bytes, with or without a unit.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    text.parse().map(|ByteSize(bytes)| bytes)
}
