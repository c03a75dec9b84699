//! Packed tuples: keys and values as Flow hands them to a connector.
//!
//! The encoding is that of FoundationDB's tuple layer, whose bytes sort as the
//! values do. An object or an array is a byte string that holds its JSON text, and
//! so is any value of a location that may have several types.

use serde_json::{Number, Value};

const NULL: u8 = 0x00;
const BYTES: u8 = 0x01;
const STRING: u8 = 0x02;
/// An integer of n bytes has the code of zero plus or minus n.
const ZERO: u8 = 0x14;
const DOUBLE: u8 = 0x21;
const FALSE: u8 = 0x26;
const TRUE: u8 = 0x27;

/// Appends a value.
pub fn value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(NULL),
        Value::Bool(false) => out.push(FALSE),
        Value::Bool(true) => out.push(TRUE),
        Value::Number(value) => number(value, out),
        Value::String(text) => terminated(STRING, text.as_bytes(), out),
        Value::Array(_) | Value::Object(_) => json(value, out),
    }
}

/// Appends a value's JSON text, as a byte string.
pub fn json(value: &Value, out: &mut Vec<u8>) {
    terminated(BYTES, value.to_string().as_bytes(), out);
}

fn number(value: &Number, out: &mut Vec<u8>) {
    match (value.as_i128(), value.as_f64()) {
        (Some(integer), _) => pack_integer(integer, out),
        (None, Some(float)) => {
            out.push(DOUBLE);
            let bits = float.to_bits();
            // Negative numbers sort backwards, and before positive ones.
            let flip = if bits >> 63 == 1 { u64::MAX } else { 1 << 63 };
            out.extend((bits ^ flip).to_be_bytes());
        }
        (None, None) => out.push(NULL),
    }
}

/// Every integer of a JSON number has at most eight bytes and a sign.
fn pack_integer(integer: i128, out: &mut Vec<u8>) {
    let magnitude = integer.unsigned_abs().to_be_bytes();
    let leading = magnitude.iter().take_while(|byte| **byte == 0).count();
    let bytes = &magnitude[leading..];
    let length = bytes.len() as u8;
    if integer < 0 {
        out.push(ZERO - length);
        out.extend(bytes.iter().map(|byte| !byte));
    } else {
        out.push(ZERO + length);
        out.extend(bytes);
    }
}

/// A zero byte ends the text, so that one within it is escaped.
fn terminated(code: u8, text: &[u8], out: &mut Vec<u8>) {
    out.push(code);
    let mut parts = text.split(|byte| *byte == 0);
    out.extend(parts.next().unwrap_or_default());
    for part in parts {
        out.extend([0x00, 0xff]);
        out.extend(part);
    }
    out.push(0x00);
}
