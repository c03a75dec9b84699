//! Stores, read in place: a transaction has millions of them, and none is needed any more once its
//! document has been written.

use super::materialize::request;
use super::pack::pack;
use crate::encode::padded::Padded;
use bytes::Bytes;

/// A Store, borrowed from the frame that it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Store<'a> {
    /// Index of the binding.
    pub binding: u32,
    /// The key, as a packed tuple.
    pub key_packed: Padded<'a>,
    /// The values, as a packed tuple.
    pub values_packed: Padded<'a>,
    /// The root document's JSON text, if it is selected.
    pub doc_json: Padded<'a>,
    /// Whether the document is deleted.
    pub delete: bool,
}

impl<'a> From<&'a request::Store> for Store<'a> {
    fn from(store: &'a request::Store) -> Self {
        Self {
            binding: store.binding,
            key_packed: (&store.key_packed).into(),
            values_packed: (&store.values_packed).into(),
            doc_json: (&store.doc_json).into(),
            delete: store.delete,
        }
    }
}

/// Packs the key and the values of a Store that came with JSON only. The error says which element
/// can't be packed.
pub(super) fn complete(store: &mut request::Store) -> Result<(), String> {
    let parts = [
        ("key", &store.key_json, &mut store.key_packed),
        ("values", &store.values_json, &mut store.values_packed),
    ];
    for (name, json, packed) in parts {
        if packed.is_empty() && !matches!(json.as_ref(), b"" | b"null") {
            *packed = pack(json).map(Bytes::from).map_err(|e| format!("store.{name}: {e}"))?;
        }
    }
    Ok(())
}

/// `store` of a Request, as a field of protobuf.
const STORE: u8 = 7 << 3 | LENGTH_DELIMITED;

const VARINT: u8 = 0;
const LENGTH_DELIMITED: u8 = 2;

const BINDING: u8 = 1 << 3 | VARINT;
const KEY_JSON: u8 = 2 << 3 | LENGTH_DELIMITED;
const KEY_PACKED: u8 = 3 << 3 | LENGTH_DELIMITED;
const VALUES_JSON: u8 = 4 << 3 | LENGTH_DELIMITED;
const VALUES_PACKED: u8 = 5 << 3 | LENGTH_DELIMITED;
const DOC_JSON: u8 = 6 << 3 | LENGTH_DELIMITED;
const EXISTS: u8 = 7 << 3 | VARINT;
const DELETE: u8 = 8 << 3 | VARINT;

impl<'a> Store<'a> {
    /// Reads a protobuf Request that is a Store with packed tuples. `None` for any other request
    /// and for unknown fields, which are left to the generated decoder.
    #[inline(always)]
    pub fn from_request(frame: impl Into<Padded<'a>>) -> Option<Self> {
        let mut frame = frame.into();
        if take_byte(&mut frame)? != STORE {
            return None;
        }
        let mut rest = take_bytes(&mut frame)?;
        if !frame.is_empty() {
            return None;
        }
        let mut store = Self::default();
        let (mut has_key_json, mut has_values_json) = (false, false);
        while let Some((key, tail)) = rest.split_first() {
            rest = tail;
            match key {
                BINDING => store.binding = take_varint(&mut rest)?.try_into().ok()?,
                KEY_PACKED => store.key_packed = take_bytes(&mut rest)?,
                VALUES_PACKED => store.values_packed = take_bytes(&mut rest)?,
                DOC_JSON => store.doc_json = take_bytes(&mut rest)?,
                KEY_JSON => has_key_json = !take_bytes(&mut rest)?.is_empty(),
                VALUES_JSON => has_values_json = !take_bytes(&mut rest)?.is_empty(),
                EXISTS => drop(take_varint(&mut rest)?),
                DELETE => store.delete = take_varint(&mut rest)? != 0,
                _ => return None,
            }
        }
        let is_packed = !(has_key_json && store.key_packed.is_empty()
            || has_values_json && store.values_packed.is_empty());
        is_packed.then_some(store)
    }
}

#[inline(always)]
fn take_byte(bytes: &mut Padded<'_>) -> Option<u8> {
    let (first, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(first)
}

#[inline(always)]
fn take_varint(bytes: &mut Padded<'_>) -> Option<u64> {
    let first = take_byte(bytes)?;
    if first < 0x80 {
        return Some(first.into());
    }
    let mut value = u64::from(first & 0x7f);
    for shift in (7..64).step_by(7) {
        let byte = take_byte(bytes)?;
        if shift == 63 && byte > 1 {
            return None;
        }
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[inline(always)]
fn take_bytes<'a>(bytes: &mut Padded<'a>) -> Option<Padded<'a>> {
    let length = take_varint(bytes)?.try_into().ok()?;
    let (taken, rest) = bytes.split_at(length)?;
    *bytes = rest;
    Some(taken)
}
