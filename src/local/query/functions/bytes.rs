//! Bytes as text, and text as bytes.

use crate::local::query::functions::call::Call;
use crate::local::query::functions::function::Function;
use crate::local::query::functions::function::Returns::Always;
use crate::local::query::value::{Kind, Value};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const STRING: super::Returns = Always(Kind::String);
const BYTES: super::Returns = Always(Kind::Bytes);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("TO_HEX", "TO_HEX(bytes)", (1, 1), STRING, |call| {
        Ok(Value::String(hex::encode(call.bytes(0)?)))
    })
    .meaning("Returns the bytes as hexadecimal digits in lower case.")
    .examples(&[("TO_HEX(bytes 'Az')", "\"417a\"")]),
    Function::new("FROM_HEX", "FROM_HEX(string)", (1, 1), BYTES, |call| {
        decoded(call, hex::decode(call.string(0)?))
    })
    .meaning("Returns the bytes of hexadecimal digits in any letter case.")
    .examples(&[
        ("FROM_HEX('417A')", "\"QXo=\""),
        ("FROM_HEX('4')", "Error: FROM_HEX: Odd number of digits"),
    ]),
    Function::new("TO_BASE64", "TO_BASE64(bytes)", (1, 1), STRING, |call| {
        Ok(Value::String(STANDARD.encode(call.bytes(0)?)))
    })
    .meaning("Returns the bytes in base64.")
    .examples(&[("TO_BASE64(bytes 'hello')", "\"aGVsbG8=\"")]),
    Function::new("FROM_BASE64", "FROM_BASE64(string)", (1, 1), BYTES, |call| {
        decoded(call, STANDARD.decode(call.string(0)?))
    })
    .meaning("Returns the bytes of base64.")
    .examples(&[("FROM_UTF8(FROM_BASE64('aGVsbG8='))", "\"hello\"")]),
    Function::new("TO_UTF8", "TO_UTF8(string)", (1, 1), BYTES, |call| {
        Ok(Value::Bytes(call.string(0)?.as_bytes().to_vec()))
    })
    .meaning("Returns the bytes of a string in UTF-8.")
    .examples(&[("TO_HEX(TO_UTF8('é'))", "\"c3a9\"")]),
    Function::new("FROM_UTF8", "FROM_UTF8(bytes)", (1, 1), STRING, |call| {
        let text = std::str::from_utf8(call.bytes(0)?).map_err(|error| call.error(error))?;
        Ok(Value::string(text))
    })
    .meaning("Returns the string of bytes in UTF-8.")
    .examples(&[("FROM_UTF8(FROM_HEX('c3a9'))", "\"é\"")]),
];

fn decoded<E: std::fmt::Display>(
    call: &Call<'_>,
    bytes: Result<Vec<u8>, E>,
) -> Result<Value, String> {
    bytes.map(Value::Bytes).map_err(|error| call.error(error))
}
