//! Packed tuples, made of values or of JSON text, for runtimes that send keys and values as JSON
//! only.
//!
//! The encoding is that of FoundationDB's tuple layer. As in Flow, an object or an array is a byte
//! string of its JSON text.

use crate::encode::tuple::{
    BYTES, DOUBLE, FALSE, NEGATIVE_WIDE, NULL, POSITIVE_WIDE, STRING, TRUE, ZERO,
};
use serde_json::Value;
use serde_json::value::RawValue;
use std::fmt;

/// Packs the elements of a JSON array. The error says what the text is instead, or which element
/// has no packed form.
pub fn pack(array: &[u8]) -> Result<Vec<u8>, String> {
    let elements: Vec<&RawValue> = serde_json::from_slice(array).map_err(|e| e.to_string())?;
    let mut out = Vec::with_capacity(array.len());
    for (index, element) in elements.iter().enumerate() {
        let packed = push(element.get(), &mut out);
        packed.map_err(|problem| format!("element {index} {problem}"))?;
    }
    Ok(out)
}

/// Appends a packed value.
pub fn push_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(NULL),
        Value::Bool(false) => out.push(FALSE),
        Value::Bool(true) => out.push(TRUE),
        Value::String(text) => push_terminated(STRING, text.bytes(), out),
        Value::Array(_) | Value::Object(_) => {
            push_terminated(BYTES, value.to_string().bytes(), out);
        }
        Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
            (Some(integer), _, _) => push_short(false, integer, out),
            (None, Some(integer), _) => push_short(true, integer.unsigned_abs(), out),
            (None, None, float) => push_double(float.unwrap_or_default(), out),
        },
    }
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
        _ if json.contains(['.', 'e', 'E']) => push_double(double(json)?, out),
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

fn double(json: &str) -> Result<f64, String> {
    let value: f64 = json.parse().map_err(|e: std::num::ParseFloatError| e.to_string())?;
    if !value.is_finite() {
        return Err(format!("is {}, which is no number of 64 bits", Shown(json)));
    }
    Ok(value)
}

fn push_double(value: f64, out: &mut Vec<u8>) {
    // Negative numbers sort backwards, and before positive ones.
    let bits = value.to_bits();
    let flip = if bits >> 63 == 1 { u64::MAX } else { 1 << 63 };
    out.push(DOUBLE);
    out.extend((bits ^ flip).to_be_bytes());
}

fn push_integer(digits: &[u8], is_negative: bool, out: &mut Vec<u8>) -> Result<(), String> {
    if let Some(value) = std::str::from_utf8(digits).ok().and_then(|text| text.parse().ok()) {
        push_short(is_negative, value, out);
        return Ok(());
    }
    let magnitude = magnitude(digits);
    let width = u8::try_from(magnitude.len())
        .map_err(|_| format!("is an integer of {} digits, which is too wide", digits.len()))?;
    let (code, invert) = if is_negative { (NEGATIVE_WIDE, 0xff) } else { (POSITIVE_WIDE, 0x00) };
    out.extend([code, width ^ invert]);
    out.extend(magnitude.iter().map(|byte| byte ^ invert));
    Ok(())
}

/// Appends an integer of up to 8 bytes.
fn push_short(is_negative: bool, value: u64, out: &mut Vec<u8>) {
    let zeros = value.leading_zeros() / 8;
    let width = 8 - zeros as u8;
    let (code, bits) = if is_negative { (ZERO - width, !value) } else { (ZERO + width, value) };
    out.push(code);
    out.extend(&bits.to_be_bytes()[zeros as usize..]);
}

/// The bytes of a decimal integer, the highest first; none for zero.
fn magnitude(digits: &[u8]) -> Vec<u8> {
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

/// The first characters of a text, for errors.
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
