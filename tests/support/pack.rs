//! FoundationDB's tuple encoding, as the runtime writes it.

use serde_json::Value;

/// Packs a tuple. Objects and arrays become byte strings of JSON text.
pub fn pack(elements: &[Value]) -> Vec<u8> {
    let mut out = Vec::new();
    for element in elements {
        match element {
            Value::Null => out.push(0x00),
            Value::Bool(value) => out.push(if *value { 0x27 } else { 0x26 }),
            Value::String(text) => pack_string(0x02, text.as_bytes(), &mut out),
            Value::Number(number) => match number.as_i128() {
                Some(integer) => pack_integer(integer, &mut out),
                None => pack_double(number.as_f64().unwrap(), &mut out),
            },
            json => pack_string(0x01, json.to_string().as_bytes(), &mut out),
        }
    }
    out
}

/// Packs JSON text as a byte string, as for a location of several types.
pub fn pack_embedded(json: &str) -> Vec<u8> {
    let mut out = Vec::new();
    pack_string(0x01, json.as_bytes(), &mut out);
    out
}

/// Packs bytes as a string, under its type code.
pub fn pack_string(code: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(code);
    for byte in bytes {
        out.push(*byte);
        if *byte == 0 {
            out.push(0xff);
        }
    }
    out.push(0x00);
}

/// Packs an integer of any width up to sixteen bytes.
pub fn pack_integer(value: i128, out: &mut Vec<u8>) {
    let magnitude: Vec<u8> =
        value.unsigned_abs().to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
    let width = magnitude.len() as u8;
    match (value < 0, width) {
        (false, 0..=8) => out.push(0x14 + width),
        (false, _) => out.extend([0x1d, width]),
        (true, 0..=8) => out.push(0x14 - width),
        (true, _) => out.extend([0x0b, !width]),
    }
    out.extend(magnitude.iter().map(|byte| if value < 0 { !byte } else { *byte }));
}

/// Packs a number with a fraction.
pub fn pack_double(value: f64, out: &mut Vec<u8>) {
    let bits = value.to_bits();
    let ordered = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
    out.push(0x21);
    out.extend(ordered.to_be_bytes());
}
