//! Encoded values, of which no more is decoded than is needed.

use super::encoding::*;
use super::{Kind, Value};
use std::borrow::Cow;

/// The bytes of a number, without the one that tells an integer from a float, as an integer: it is
/// ordered as numbers are. The view is that of Arrow: the length in 4 bytes, and then the value, if
/// it has no more than 12 bytes. `None` if the value is no number.
pub fn number_in_view(view: u128) -> Option<u128> {
    number_bytes(view).map(|bytes| bytes >> 8)
}

/// The integer in a view of Arrow. `None` if the value is something else.
pub fn int_in_view(view: u128) -> Option<i64> {
    let bytes = number_bytes(view)?;
    (bytes as u8 == IS_INT).then(|| int_of((bytes >> 24) as u64, (bytes >> 8) as u16))
}

fn number_bytes(view: u128) -> Option<u128> {
    const LENGTH: u32 = 12;
    // Views are of the machine's byte order.
    let bytes = u128::from_be_bytes(view.to_le_bytes());
    let value = bytes & ((1 << 96) - 1);
    let is_number = view as u32 == LENGTH && (value >> 88) as u8 == NUMBER;
    is_number.then_some(value)
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
