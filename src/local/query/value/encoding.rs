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
use super::{Kind, U256, Value};
use std::borrow::Cow;

const UNDEFINED: u8 = 0x01;
const NULL: u8 = 0x02;
const FALSE: u8 = 0x04;
const TRUE: u8 = 0x05;
const NUMBER: u8 = 0x10;
const U256_: u8 = 0x18;
const STRING: u8 = 0x20;
const BYTES: u8 = 0x28;
const DATE: u8 = 0x30;
const DATETIME: u8 = 0x31;
const TIMESTAMP: u8 = 0x32;
const TIME: u8 = 0x34;
const MONTHS: u8 = 0x38;
const MICROSECONDS: u8 = 0x39;
const ARRAY: u8 = 0x40;
const OBJECT: u8 = 0x48;
const GEOGRAPHY: u8 = 0x50;

/// Ends an array, an object or a string.
const END: u8 = 0x00;
const ESCAPED_ZERO: u8 = 0xff;
/// Precedes the name of a field.
const FIELD: u8 = 0x01;

const SIGN: u64 = 1 << 63;
const RESIDUE_BIAS: i64 = 1 << 15;
const IS_INT: u8 = 0;
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

fn text_into(tag: u8, text: &[u8], out: &mut Vec<u8>) {
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

/// The bytes of a number, without the one that tells an integer from a float, as an integer: it is
/// ordered as numbers are. The view is that of Arrow: the length in 4 bytes, and then the value, if
/// it has no more than 12 bytes. `None` if the value is no number.
pub fn number_in_view(view: u128) -> Option<u128> {
    const LENGTH: u32 = 12;
    // Views are of the machine's byte order.
    let bytes = u128::from_be_bytes(view.to_le_bytes());
    let value = bytes & ((1 << 96) - 1);
    let is_number = view as u32 == LENGTH && (value >> 88) as u8 == NUMBER;
    is_number.then_some(value >> 8)
}

/// The type of an encoded value, from its first byte, or from its last one if it is a number.
pub fn kind_of(bytes: &[u8]) -> Kind {
    match bytes.first() {
        Some(&NULL) => Kind::Null,
        Some(&(FALSE | TRUE)) => Kind::Bool,
        Some(&NUMBER) if bytes.last() == Some(&IS_INT) => Kind::Int,
        Some(&NUMBER) => Kind::Float,
        Some(&U256_) => Kind::U256,
        Some(&STRING) => Kind::String,
        Some(&BYTES) => Kind::Bytes,
        Some(&DATE) => Kind::Date,
        Some(&DATETIME) => Kind::Datetime,
        Some(&TIMESTAMP) => Kind::Timestamp,
        Some(&TIME) => Kind::Time,
        Some(&MONTHS) => Kind::MonthInterval,
        Some(&MICROSECONDS) => Kind::MicrosecondInterval,
        Some(&ARRAY) => Kind::Array,
        Some(&OBJECT) => Kind::Object,
        Some(&GEOGRAPHY) => Kind::Geography,
        _ => Kind::Undefined,
    }
}

/// The value that bytes of [`encode`] stand for; undefined for anything else.
pub fn decode(bytes: &[u8]) -> Value {
    Decoder { rest: bytes }.value().unwrap_or(Value::Undefined)
}

/// The bytes of a field of an encoded object, found without decoding anything else. `None`
/// where there is no such field, or no object.
pub fn field<'a>(bytes: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mut rest = bytes.strip_prefix(&[OBJECT])?;
    while rest.first() == Some(&FIELD) {
        let end = text_length(&rest[1..])? + 1;
        let is_it = is_text(&rest[1..end], name.as_bytes());
        let value = rest.get(end..)?;
        let length = length(value)?;
        if is_it {
            return Some(&value[..length]);
        }
        rest = &value[length..];
    }
    None
}

/// The bytes of an element of an encoded array, counted from 1.
pub fn element(bytes: &[u8], index: i64) -> Option<&[u8]> {
    let mut rest = bytes.strip_prefix(&[ARRAY])?;
    for _ in 1..index {
        rest = rest.get(length(rest)?..)?;
    }
    let found = index >= 1 && rest.first()? != &END;
    found.then(|| length(rest).map(|length| &rest[..length])).flatten()
}

/// The elements of an encoded array; `None` if it is none.
pub fn elements(bytes: &[u8]) -> Option<impl Iterator<Item = &[u8]>> {
    let mut rest = bytes.strip_prefix(&[ARRAY])?;
    Some(std::iter::from_fn(move || {
        let length = rest.first().filter(|first| **first != END).and_then(|_| length(rest))?;
        let (element, after) = rest.split_at(length);
        rest = after;
        Some(element)
    }))
}

/// Length in bytes of the first one of encoded values. A stack on the heap replaces recursion into
/// arrays and objects, so that no document can exhaust the thread's stack.
fn length(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    let mut containers: Vec<u8> = Vec::new();
    loop {
        let tag = *bytes.get(at)?;
        at += match (tag, containers.last()) {
            (END, Some(_)) => {
                containers.pop();
                1
            }
            (FIELD, Some(&OBJECT)) => {
                at += 1 + text_length(bytes.get(at + 1..)?)?;
                scalar_or_open(bytes.get(at..)?, &mut containers)?
            }
            _ => scalar_or_open(&bytes[at..], &mut containers)?,
        };
        if containers.is_empty() {
            return Some(at);
        }
    }
}

/// Length of a scalar, or of the beginning of an array or object, which is pushed to `containers`.
fn scalar_or_open(bytes: &[u8], containers: &mut Vec<u8>) -> Option<usize> {
    Some(match *bytes.first()? {
        UNDEFINED | NULL | FALSE | TRUE => 1,
        NUMBER => 12,
        U256_ => 33,
        STRING | BYTES | GEOGRAPHY => 1 + text_length(&bytes[1..])?,
        DATE | DATETIME | TIMESTAMP | TIME | MONTHS | MICROSECONDS => 9,
        tag @ (ARRAY | OBJECT) => {
            containers.push(tag);
            1
        }
        _ => return None,
    })
}

/// Length of a text with the zero byte that ends it.
fn text_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr(END, bytes.get(at..)?)? + 1;
        if bytes.get(at) != Some(&ESCAPED_ZERO) {
            return Some(at);
        }
        at += 1;
    }
}

/// Whether an encoded text, with its end, equals `text`.
fn is_text(encoded: &[u8], text: &[u8]) -> bool {
    match memchr::memchr(0, text) {
        None => encoded.len() == text.len() + 1 && encoded.starts_with(text),
        Some(_) => {
            let mut expected = Vec::new();
            text_into(FIELD, text, &mut expected);
            encoded == &expected[1..]
        }
    }
}

/// Key for joins: bytes that are equal for values that SQL's `=` finds equal, and for no others.
/// Numbers lack the mark of their type, moments are in microseconds, and the fields of objects are
/// in the order of their names. `None` for an absent value.
pub fn equality_key(bytes: &[u8]) -> Option<Cow<'_, [u8]>> {
    match *bytes.first()? {
        UNDEFINED | NULL => None,
        NUMBER => Some(bytes[..bytes.len() - 1].into()),
        DATE | DATETIME | ARRAY | OBJECT => {
            let mut key = Vec::with_capacity(bytes.len());
            encode_into(&normal(decode(bytes)), &mut key);
            Some(key.into())
        }
        _ => Some(bytes.into()),
    }
}

/// The canonical value among all equal ones.
fn normal(value: Value) -> Value {
    match value {
        Value::Date(days) => Value::Timestamp(i64::from(days).saturating_mul(86_400_000_000)),
        Value::Datetime(micros) => Value::Timestamp(micros),
        Value::Float(float) if float.fract() == 0.0 && float.abs() < 9e15 => {
            Value::Int(float as i64)
        }
        Value::Array(elements) => Value::Array(elements.into_iter().map(normal).collect()),
        Value::Object(fields) => {
            let mut fields: Vec<_> =
                fields.into_iter().map(|(name, value)| (name, normal(value))).collect();
            fields.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(fields)
        }
        other => other,
    }
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
        let bits = if ordered & SIGN == 0 { !ordered } else { ordered ^ SIGN };
        let float = f64::from_bits(bits);
        let residue = i64::from(u16::from_be_bytes(*self.take()?)) - RESIDUE_BIAS;
        Some(match self.byte()? {
            IS_INT => Value::Int((float as i128 + i128::from(residue)) as i64),
            _ => Value::Float(float),
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
