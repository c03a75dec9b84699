//! Protobuf by its tags, written and read without anybody's types.

use serde_json::Value;

/// A field that holds bytes, text or a message.
pub fn field(tag: u32, content: impl AsRef<[u8]>) -> Vec<u8> {
    let content = content.as_ref();
    let mut out = varint(u64::from(tag << 3 | 2));
    out.extend(varint(content.len() as u64));
    out.extend(content);
    out
}

/// A field that holds a number or a boolean.
pub fn number(tag: u32, value: u64) -> Vec<u8> {
    [varint(u64::from(tag << 3)), varint(value)].concat()
}

/// A field that holds four bytes.
pub fn fixed32(tag: u32, value: u32) -> Vec<u8> {
    [varint(u64::from(tag << 3 | 5)), value.to_le_bytes().to_vec()].concat()
}

/// A field that holds JSON text.
pub fn json(tag: u32, value: &Value) -> Vec<u8> {
    field(tag, value.to_string())
}

/// A field for each of these texts.
pub fn texts(tag: u32, texts: &[&str]) -> Vec<u8> {
    texts.iter().flat_map(|text| field(tag, text)).collect()
}

/// A message with its length before it, as the codec `proto` has it.
pub fn frame(message: impl AsRef<[u8]>) -> Vec<u8> {
    let message = message.as_ref();
    [&(message.len() as u32).to_le_bytes(), message].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

/// The messages of an output in the codec `proto`.
pub fn messages(mut output: &[u8]) -> Vec<&[u8]> {
    let mut messages = Vec::new();
    while let Some((length, rest)) = output.split_first_chunk::<4>() {
        let (message, rest) = rest.split_at(u32::from_le_bytes(*length) as usize);
        messages.push(message);
        output = rest;
    }
    assert!(output.is_empty(), "the output ends inside a message");
    messages
}

/// What the fields of this tag hold, each number as its decimal text.
pub fn all(mut message: &[u8], wanted: u32) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    while !message.is_empty() {
        let key = take_varint(&mut message);
        let content = match key & 7 {
            0 => take_varint(&mut message).to_string().into_bytes(),
            1 => take(&mut message, 8),
            2 => {
                let length = take_varint(&mut message) as usize;
                take(&mut message, length)
            }
            5 => take(&mut message, 4),
            other => panic!("wire type {other}"),
        };
        if key >> 3 == u64::from(wanted) {
            found.push(content);
        }
    }
    found
}

/// What the only field of this tag holds.
#[track_caller]
pub fn one(message: &[u8], tag: u32) -> Vec<u8> {
    match all(message, tag).as_slice() {
        [one] => one.clone(),
        other => panic!("{} fields of tag {tag}", other.len()),
    }
}

/// The same, as text; empty where the field is left out.
#[track_caller]
pub fn text(message: &[u8], tag: u32) -> String {
    match all(message, tag).as_slice() {
        [] => String::new(),
        [one] => String::from_utf8(one.clone()).unwrap(),
        other => panic!("{} fields of tag {tag}", other.len()),
    }
}

fn take(message: &mut &[u8], count: usize) -> Vec<u8> {
    let (taken, rest) = message.split_at(count);
    *message = rest;
    taken.to_vec()
}

fn take_varint(message: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let byte = take(message, 1)[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    value
}
