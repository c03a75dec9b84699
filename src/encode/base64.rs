//! Base64 of packed keys, which makes the `_id` of documents.

use super::buffer::Writer;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Appends bytes in the standard alphabet of base64 (RFC 4648), without padding.
#[inline(always)]
pub fn write(bytes: &[u8], out: &mut Writer<'_>) {
    let (triples, rest) = bytes.as_chunks::<3>();
    for [a, b, c] in triples {
        out.extend_array(&digits(*a, *b, *c));
    }
    match rest {
        [a] => out.extend_piece(&digits(*a, 0, 0), 2),
        [a, b] => out.extend_piece(&digits(*a, *b, 0), 3),
        _ => {}
    }
}

#[inline(always)]
fn digits(a: u8, b: u8, c: u8) -> [u8; 4] {
    let bits = u32::from(a) << 16 | u32::from(b) << 8 | u32::from(c);
    [digit(bits >> 18), digit(bits >> 12), digit(bits >> 6), digit(bits)]
}

/// The digit of the lowest six bits.
#[inline(always)]
fn digit(bits: u32) -> u8 {
    ALPHABET[bits as usize & 0x3f]
}
