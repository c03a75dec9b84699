//! Order-preserving encoding: the bytes of values are ordered as the values are, so that columns of
//! several types can be sorted, grouped and compared by their bytes.
//!
//! The first byte is the type's. Integers of 64 bits are big-endian with the sign bit flipped.
//! Numbers are the IEEE 754 bits of the nearest float, made ordered by flipping the sign bit, or
//! all bits of negative ones; the difference of an integer to that float follows in 16 bits, and a
//! last byte tells an integer from a float. Strings end with a zero byte, and a zero byte within is
//! followed by `0xff` (as in FoundationDB's tuple layer). Elements of arrays follow each other
//! until a zero byte.

use super::json::write_json;
use super::{U256, Value};

pub(super) const UNDEFINED: u8 = 0x01;
pub(super) const NULL: u8 = 0x02;
pub(super) const FALSE: u8 = 0x04;
pub(super) const TRUE: u8 = 0x05;
pub(super) const NUMBER: u8 = 0x10;
pub(super) const U256_: u8 = 0x18;
pub(super) const STRING: u8 = 0x20;
pub(super) const BYTES: u8 = 0x28;
pub(super) const DATE: u8 = 0x30;
pub(super) const DATETIME: u8 = 0x31;
pub(super) const TIMESTAMP: u8 = 0x32;
pub(super) const TIME: u8 = 0x34;
pub(super) const MONTHS: u8 = 0x38;
pub(super) const MICROSECONDS: u8 = 0x39;
pub(super) const ARRAY: u8 = 0x40;
pub(super) const OBJECT: u8 = 0x48;
pub(super) const GEOGRAPHY: u8 = 0x50;

/// Ends an array, an object or a string.
pub(super) const END: u8 = 0x00;
pub(super) const ESCAPED_ZERO: u8 = 0xff;
/// Precedes the name of a field.
pub(super) const FIELD: u8 = 0x01;

const SIGN: u64 = 1 << 63;
const RESIDUE_BIAS: i64 = 1 << 15;
pub(super) const IS_INT: u8 = 0;
const IS_FLOAT: u8 = 1;

/// The bytes of a value.
pub fn encode(value: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(16);
    encode_into(value, &mut out);
    out
}

/// Appends the bytes of a value.
pub fn encode_into(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Undefined => out.push(UNDEFINED),
        Value::Null => out.push(NULL),
        Value::Bool(false) => out.push(FALSE),
        Value::Bool(true) => out.push(TRUE),
        Value::Int(int) => int_into(*int, out),
        Value::Float(float) => float_into(*float, out),
        Value::U256(int) => {
            out.push(U256_);
            out.extend_from_slice(&int.to_be_bytes());
        }
        Value::String(text) => text_into(STRING, text.as_bytes(), out),
        Value::Bytes(bytes) => text_into(BYTES, bytes, out),
        Value::Date(days) => i64_into(DATE, i64::from(*days), out),
        Value::Datetime(micros) => i64_into(DATETIME, *micros, out),
        Value::Timestamp(micros) => i64_into(TIMESTAMP, *micros, out),
        Value::Time(micros) => i64_into(TIME, *micros, out),
        Value::MonthInterval(months) => i64_into(MONTHS, *months, out),
        Value::MicrosecondInterval(micros) => i64_into(MICROSECONDS, *micros, out),
        Value::Array(elements) => {
            out.push(ARRAY);
            elements.iter().for_each(|element| encode_into(element, out));
            out.push(END);
        }
        Value::Object(fields) => {
            out.push(OBJECT);
            for (name, value) in fields {
                text_into(FIELD, name.as_bytes(), out);
                encode_into(value, out);
            }
            out.push(END);
        }
        Value::Geography(_) => {
            let mut json = String::new();
            write_json(value, &mut json);
            text_into(GEOGRAPHY, json.as_bytes(), out);
        }
    }
}

fn i64_into(tag: u8, int: i64, out: &mut Vec<u8>) {
    out.push(tag);
    out.extend_from_slice(&(int as u64 ^ SIGN).to_be_bytes());
}

fn int_into(int: i64, out: &mut Vec<u8>) {
    let nearest = int as f64;
    // The nearest float is at most 512 away. 2^63 saturates to the greatest integer, from
    // which the difference is one less.
    let residue = (i128::from(int) - nearest as i128) as i64;
    number_into(nearest, residue, IS_INT, out);
}

fn float_into(float: f64, out: &mut Vec<u8>) {
    number_into(float, 0, IS_FLOAT, out);
}

fn number_into(float: f64, residue: i64, kind: u8, out: &mut Vec<u8>) {
    // Zeros are equal, and so are all NaNs, above infinity.
    let float = if float == 0.0 { 0.0 } else { float };
    let bits = if float.is_nan() { f64::NAN.to_bits() & !SIGN } else { float.to_bits() };
    let ordered = if bits & SIGN == 0 { bits ^ SIGN } else { !bits };
    out.push(NUMBER);
    out.extend_from_slice(&ordered.to_be_bytes());
    out.extend_from_slice(&((residue + RESIDUE_BIAS) as u16).to_be_bytes());
    out.push(kind);
}

/// The float of bits that are ordered.
fn float_of(ordered: u64) -> f64 {
    f64::from_bits(if ordered & SIGN == 0 { !ordered } else { ordered ^ SIGN })
}

/// The integer that is so far from a float.
pub(super) fn int_of(ordered: u64, residue: u16) -> i64 {
    let residue = i64::from(residue) - RESIDUE_BIAS;
    (float_of(ordered) as i128 + i128::from(residue)) as i64
}

pub(super) fn text_into(tag: u8, text: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    let mut rest = text;
    while let Some(zero) = memchr::memchr(0, rest) {
        out.extend_from_slice(&rest[..=zero]);
        out.push(ESCAPED_ZERO);
        rest = &rest[zero + 1..];
    }
    out.extend_from_slice(rest);
    out.push(END);
}

/// The value that bytes of [`encode`] stand for; undefined for anything else.
pub fn decode(bytes: &[u8]) -> Value {
    Decoder { rest: bytes }.value().unwrap_or(Value::Undefined)
}

struct Decoder<'a> {
    rest: &'a [u8],
}

impl<'a> Decoder<'a> {
    fn value(&mut self) -> Option<Value> {
        Some(match self.byte()? {
            NULL => Value::Null,
            FALSE => Value::Bool(false),
            TRUE => Value::Bool(true),
            NUMBER => self.number()?,
            U256_ => Value::U256(Box::new(U256::from_be_bytes(*self.take::<32>()?))),
            STRING => Value::String(self.string()?),
            BYTES => Value::Bytes(self.text()?),
            DATE => Value::Date(i32::try_from(self.int()?).ok()?),
            DATETIME => Value::Datetime(self.int()?),
            TIMESTAMP => Value::Timestamp(self.int()?),
            TIME => Value::Time(self.int()?),
            MONTHS => Value::MonthInterval(self.int()?),
            MICROSECONDS => Value::MicrosecondInterval(self.int()?),
            ARRAY => Value::Array(self.elements()?),
            OBJECT => Value::Object(self.fields()?),
            GEOGRAPHY => super::parse(&self.string()?).ok()?,
            _ => return None,
        })
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn take<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(taken)
    }

    fn int(&mut self) -> Option<i64> {
        Some((u64::from_be_bytes(*self.take()?) ^ SIGN) as i64)
    }

    fn number(&mut self) -> Option<Value> {
        let ordered = u64::from_be_bytes(*self.take()?);
        let residue = u16::from_be_bytes(*self.take()?);
        Some(match self.byte()? {
            IS_INT => Value::Int(int_of(ordered, residue)),
            _ => Value::Float(float_of(ordered)),
        })
    }

    fn text(&mut self) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        loop {
            let zero = memchr::memchr(END, self.rest)?;
            text.extend_from_slice(&self.rest[..zero]);
            self.rest = &self.rest[zero + 1..];
            if self.rest.first() != Some(&ESCAPED_ZERO) {
                return Some(text);
            }
            text.push(0);
            self.rest = &self.rest[1..];
        }
    }

    fn string(&mut self) -> Option<String> {
        String::from_utf8(self.text()?).ok()
    }

    fn elements(&mut self) -> Option<Vec<Value>> {
        let mut elements = Vec::new();
        while *self.rest.first()? != END {
            elements.push(match self.rest.first() {
                Some(&UNDEFINED) => self.byte().map(|_| Value::Undefined)?,
                _ => self.value()?,
            });
        }
        self.byte()?;
        Some(elements)
    }

    fn fields(&mut self) -> Option<Vec<(String, Value)>> {
        let mut fields = Vec::new();
        while self.byte()? == FIELD {
            let name = self.string()?;
            let value = match self.rest.first() {
                Some(&UNDEFINED) => self.byte().map(|_| Value::Undefined)?,
                _ => self.value()?,
            };
            fields.push((name, value));
        }
        Some(fields)
    }
}
