//! Packed tuples from JSON, for runtimes that send keys and values as JSON alone.
//!
//! The encoding is that of FoundationDB's tuple layer, as Flow packs values: each by what it
//! is, an object or an array as a byte string of its JSON text.

use serde_json::value::RawValue;
use std::fmt;

const NULL: u8 = 0x00;
const BYTES: u8 = 0x01;
const STRING: u8 = 0x02;
const NEGATIVE_WIDE: u8 = 0x0b;
/// An integer of n bytes has this code plus or minus n, up to 8.
const ZERO: u8 = 0x14;
const POSITIVE_WIDE: u8 = 0x1d;
const DOUBLE: u8 = 0x21;
const FALSE: u8 = 0x26;
const TRUE: u8 = 0x27;

/// Packs the elements of a JSON array. Fails with words on what it is instead, or on which
/// element has no packed form.
pub fn pack(array: &[u8]) -> Result<Vec<u8>, String> {
    let elements: Vec<&RawValue> = serde_json::from_slice(array).map_err(|e| e.to_string())?;
    let mut out = Vec::with_capacity(array.len());
    for (index, element) in elements.iter().enumerate() {
        let packed = push(element.get(), &mut out);
        packed.map_err(|problem| format!("element {index} {problem}"))?;
    }
    Ok(out)
}

fn push(json: &str, out: &mut Vec<u8>) -> Result<(), String> {
    match json.as_bytes() {
        [b'n', ..] => out.push(NULL),
        [b'f', ..] => out.push(FALSE),
        [b't', ..] => out.push(TRUE),
        [b'"', ..] => {
            let text: String = serde_json::from_str(json).map_err(|e| e.to_string())?;
            push_terminated(STRING, text.bytes(), out);
        }
        [b'{' | b'[', ..] => push_terminated(BYTES, compact(json), out),
        _ if json.contains(['.', 'e', 'E']) => push_double(json, out)?,
        [b'-', digits @ ..] => push_integer(digits, true, out)?,
        digits => push_integer(digits, false, out)?,
    }
    Ok(())
}

fn push_terminated(code: u8, bytes: impl Iterator<Item = u8>, out: &mut Vec<u8>) {
    out.push(code);
    for byte in bytes {
        out.push(byte);
        if byte == 0x00 {
            out.push(0xff);
        }
    }
    out.push(0x00);
}

/// JSON text without the white space between its tokens.
fn compact(json: &str) -> impl Iterator<Item = u8> {
    let (mut in_string, mut escaped) = (false, false);
    json.bytes().filter(move |byte| {
        let was_in_string = in_string;
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            _ => {}
        }
        was_in_string || !byte.is_ascii_whitespace()
    })
}

fn push_double(json: &str, out: &mut Vec<u8>) -> Result<(), String> {
    let value: f64 = json.parse().map_err(|e: std::num::ParseFloatError| e.to_string())?;
    if !value.is_finite() {
        return Err(format!("is {}, which is no number of 64 bits", Shown(json)));
    }
    // Negative numbers sort backwards, and before positive ones.
    let bits = value.to_bits();
    let flip = if bits >> 63 == 1 { u64::MAX } else { 1 << 63 };
    out.push(DOUBLE);
    out.extend((bits ^ flip).to_be_bytes());
    Ok(())
}

fn push_integer(digits: &[u8], is_negative: bool, out: &mut Vec<u8>) -> Result<(), String> {
    let magnitude = magnitude(digits);
    let is_negative = is_negative && !magnitude.is_empty();
    let width = u8::try_from(magnitude.len())
        .map_err(|_| format!("is an integer of {} digits, which is too wide", digits.len()))?;
    match (is_negative, width) {
        (false, 0..=8) => out.push(ZERO + width),
        (false, _) => out.extend([POSITIVE_WIDE, width]),
        (true, 0..=8) => out.push(ZERO - width),
        (true, _) => out.extend([NEGATIVE_WIDE, !width]),
    }
    let invert = if is_negative { 0xff } else { 0x00 };
    out.extend(magnitude.iter().map(|byte| byte ^ invert));
    Ok(())
}

/// The bytes of a decimal integer, the highest first; none for zero.
fn magnitude(digits: &[u8]) -> Vec<u8> {
    if let Some(value) = std::str::from_utf8(digits).ok().and_then(|text| text.parse::<u64>().ok())
    {
        return value.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
    }
    let mut bytes: Vec<u8> = Vec::new();
    for digit in digits {
        let mut carry = u32::from(digit - b'0');
        for byte in bytes.iter_mut().rev() {
            carry += u32::from(*byte) * 10;
            *byte = carry as u8;
            carry >>= 8;
        }
        if carry > 0 {
            bytes.insert(0, carry as u8);
        }
    }
    bytes
}

/// The begin of a text, for errors.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 40;
        match self.0.char_indices().nth(MOST) {
            Some((end, _)) => write!(f, "{}…", &self.0[..end]),
            None => f.write_str(self.0),
        }
    }
}
