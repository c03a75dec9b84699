//! Types, and values as JSON.

use super::string::text_of;
use crate::local::query::functions::call::Call;
use crate::local::query::functions::function::Returns::{Always, Any};
use crate::local::query::functions::function::{Function, MANY};
use crate::local::query::value::{Kind, Value};
use crate::local::query::value::{encode_into, parse, write_json};
use sha2::{Digest, Sha256};

const STRING: super::Returns = Always(Kind::String);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("TYPEOF", "TYPEOF(value)", (1, 1), STRING, |call| {
        Ok(Value::string(call.value(0).kind().name()))
    })
    .sees_absent()
    .meaning("Returns the name of the value's type.")
    .examples(&[
        ("TYPEOF(1)", "\"int\""),
        ("TYPEOF('a')", "\"string\""),
        ("TYPEOF(null)", "\"null\""),
        ("TYPEOF(undefined)", "\"undefined\""),
    ]),
    Function::new("IS_SCALAR", "IS_SCALAR(value)", (1, 1), Always(Kind::Bool), |call| {
        let kinds = [Kind::Array, Kind::Object, Kind::Null, Kind::Undefined];
        Ok(Value::Bool(!kinds.contains(&call.value(0).kind())))
    })
    .sees_absent()
    .meaning("Returns whether the value is no array and no object, and isn't null.")
    .examples(&[
        ("IS_SCALAR(DATE '2018-05-26')", "true"),
        ("IS_SCALAR([])", "false"),
        ("IS_SCALAR(null)", "false"),
    ]),
    Function::new("JSON_PARSE", "JSON_PARSE(string)", (1, 1), Any, |call| {
        parse(call.string(0)?).map_err(|error| call.error(error))
    })
    .meaning("Returns the value of a JSON text.")
    .examples(&[
        ("JSON_PARSE('{\"a\": [1, 2.0]}')", r#"{"a":[1,2.0]}"#),
        ("JSON_PARSE('null')", "null"),
    ]),
    Function::new("JSON_FORMAT", "JSON_FORMAT(value)", (1, 1), STRING, json_format)
        .sees_absent()
        .meaning("Returns the value as a JSON text: `null` of null, and null of undefined.")
        .examples(&[
            ("JSON_FORMAT({'a': [1, 2.0, 'b']})", r#""{\"a\":[1,2.0,\"b\"]}""#),
            ("JSON_FORMAT(null)", "\"null\""),
            ("JSON_FORMAT(undefined)", "null"),
        ]),
    Function::new("ID_HASH", "ID_HASH(value, …)", (1, MANY), STRING, id_hash)
        .sees_absent()
        .meaning("Returns a string that is the same for the same values, for use as `_id`.")
        .examples(&[("LENGTH(ID_HASH('a', 1, null))", "64")]),
    Function::new("ERROR", "ERROR(message)", (1, 1), Any, |call| {
        Err(text_of(call.value(0)).into_owned())
    })
    .sees_absent()
    .meaning("Returns nothing: the query fails with the message.")
    .examples(&[("ERROR('no such user')", "Error: no such user")]),
];

fn json_format(call: &Call<'_>) -> Result<Value, String> {
    if *call.value(0) == Value::Undefined {
        return Ok(Value::Null);
    }
    let mut json = String::new();
    write_json(call.value(0), &mut json);
    Ok(Value::String(json))
}

/// The SHA-256 hash of the values' bytes, which tell where each value ends.
fn id_hash(call: &Call<'_>) -> Result<Value, String> {
    let mut bytes = Vec::new();
    call.args.iter().for_each(|value| encode_into(value, &mut bytes));
    Ok(Value::String(hex::encode(Sha256::digest(&bytes))))
}
