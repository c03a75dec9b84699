//! Strings. Lengths and positions count characters.

use super::limit;
use crate::local::query::functions::call::Call;
use crate::local::query::functions::function::Returns::Always;
use crate::local::query::functions::function::{Function, MANY};
use crate::local::query::value::{Kind, Value};
use crate::local::query::value::{date_text, datetime_text, time_text, timestamp_text, write_json};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;

const STRING: super::Returns = Always(Kind::String);
const INT: super::Returns = Always(Kind::Int);
const BOOL: super::Returns = Always(Kind::Bool);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("CONCAT", "CONCAT(value, …)", (1, MANY), STRING, concat)
        .meaning("Returns the texts of values in a row.")
        .examples(&[
            ("CONCAT('a', 'b', 'c')", "\"abc\""),
            ("CONCAT('p', 25)", "\"p25\""),
            ("CONCAT('a', null)", "null"),
        ]),
    Function::new("LENGTH", "LENGTH(string | bytes | array | object)", (1, 1), INT, length)
        .meaning("Returns the number of characters, bytes, elements or fields.")
        .examples(&[
            ("LENGTH('größer')", "6"),
            ("LENGTH(bytes 'größer')", "8"),
            ("LENGTH([1, 2, 'hello', null])", "4"),
            ("LENGTH({'a': 1})", "1"),
            ("LENGTH(null)", "null"),
        ]),
    Function::new("LOWER", "LOWER(string)", (1, 1), STRING, |call| {
        Ok(Value::String(call.string(0)?.to_lowercase()))
    })
    .meaning("Returns the string in lower case, by the rules of no language in particular.")
    .examples(&[("LOWER('ÄB')", "\"äb\"")]),
    Function::new("UPPER", "UPPER(string)", (1, 1), STRING, |call| {
        Ok(Value::String(call.string(0)?.to_uppercase()))
    })
    .meaning("Returns the string in upper case, by the rules of no language in particular.")
    .examples(&[("UPPER('äb')", "\"ÄB\"")]),
    Function::new("TRIM", "TRIM(string)", (1, 1), STRING, |call| trim(call, str::trim))
        .meaning("Returns the string without white space at both ends.")
        .examples(&[("TRIM('  a b ')", "\"a b\"")]),
    Function::new("LTRIM", "LTRIM(string)", (1, 1), STRING, |call| trim(call, str::trim_start))
        .meaning("Returns the string without white space at its start.")
        .examples(&[("LTRIM('  a b ')", "\"a b \"")]),
    Function::new("RTRIM", "RTRIM(string)", (1, 1), STRING, |call| trim(call, str::trim_end))
        .meaning("Returns the string without white space at its end.")
        .examples(&[("RTRIM('  a b ')", "\"  a b\"")]),
    Function::new("REPLACE", "REPLACE(string, search[, replacement])", (2, 3), STRING, replace)
        .meaning("Returns the string with every `search` replaced, or removed.")
        .examples(&[("REPLACE('aba', 'a')", "\"b\""), ("REPLACE('aba', 'a', 'x')", "\"xbx\"")]),
    Function::new("REVERSE", "REVERSE(string)", (1, 1), STRING, |call| {
        Ok(Value::String(call.string(0)?.chars().rev().collect()))
    })
    .meaning("Returns the characters in reverse order.")
    .examples(&[("REVERSE('größer')", "\"reßörg\"")]),
    Function::new("CHR", "CHR(int)", (1, 1), STRING, chr)
        .meaning("Returns the character of a Unicode code point.")
        .examples(&[("CHR(8364)", "\"€\""), ("CHR(-1)", "Error: CHR: -1 is no code point")]),
    Function::new("SPLIT", "SPLIT(string, delimiter[, limit])", (2, 3), Always(Kind::Array), split)
        .meaning("Returns the parts between delimiters: at most `limit`, the last with the rest.")
        .examples(&[
            ("SPLIT('a,b,c', ',')", r#"["a","b","c"]"#),
            ("SPLIT('a,b,c', ',', 2)", r#"["a","b,c"]"#),
        ]),
    Function::new("STRPOS", "STRPOS(string, substring)", (2, 2), INT, strpos)
        .meaning(
            "Returns the position of the first `substring`, from 1, or 0 if there is none. \
             `POSITION(a IN b)` is `STRPOS(b, a)`.",
        )
        .examples(&[("STRPOS('abc', 'c')", "3"), ("STRPOS('abc', 'x')", "0")]),
    Function::new("SUBSTR", "SUBSTR(string, start[, length])", (2, 3), STRING, substr)
        .meaning(
            "Returns the part from position `start`, counted from 1, or from the end if it is \
             negative. `SUBSTRING(s FROM a FOR b)` is `SUBSTR(s, a, b)`.",
        )
        .examples(&[
            ("SUBSTR('hello', 2, 3)", "\"ell\""),
            ("SUBSTR('hello', -2)", "\"lo\""),
            ("SUBSTR('hello', 9)", "\"\""),
        ]),
    Function::new("SUBSTRING", "SUBSTRING(string, start[, length])", (2, 3), STRING, substr)
        .meaning("Returns what `SUBSTR` does.")
        .examples(&[("SUBSTRING('hello', 2, 3)", "\"ell\"")]),
    Function::new("STARTS_WITH", "STARTS_WITH(string, prefix)", (2, 2), BOOL, |call| {
        Ok(Value::Bool(call.string(0)?.starts_with(call.string(1)?)))
    })
    .meaning("Returns whether the string starts with `prefix`.")
    .examples(&[("STARTS_WITH('hello', 'he')", "true")]),
    Function::new("ENDS_WITH", "ENDS_WITH(string, suffix)", (2, 2), BOOL, |call| {
        Ok(Value::Bool(call.string(0)?.ends_with(call.string(1)?)))
    })
    .meaning("Returns whether the string ends with `suffix`.")
    .examples(&[("ENDS_WITH('hello', 'he')", "false")]),
    Function::new("LPAD", "LPAD(string, size, pad)", (3, 3), STRING, |call| {
        let (kept, padding) = pad(call)?;
        Ok(Value::String(padding + &kept))
    })
    .meaning("Returns the string with `pad` before it, or cut, to have `size` characters.")
    .examples(&[("LPAD('7', 3, '0')", "\"007\""), ("LPAD('hello', 2, '0')", "\"he\"")]),
    Function::new("RPAD", "RPAD(string, size, pad)", (3, 3), STRING, |call| {
        let (kept, padding) = pad(call)?;
        Ok(Value::String(kept + &padding))
    })
    .meaning("Returns the string with `pad` after it, or cut, to have `size` characters.")
    .examples(&[("RPAD('a', 6, 'xyz')", "\"axyzxy\"")]),
    Function::new("FORMAT", "FORMAT(format, value, …)", (1, MANY), STRING, format)
        .meaning(
            "Returns the format with the next value for each `{}`, and with braces for `{{` and \
             `}}`.",
        )
        .examples(&[
            ("FORMAT('%{}%', 'x')", "\"%x%\""),
            ("FORMAT('{}: {} {{}}', 'a', 1.5)", "\"a: 1.5 {}\""),
        ]),
];

/// A value as text: strings as they are, dates and times as in ISO 8601, bytes in base64, and
/// all others as JSON.
pub(super) fn text_of(value: &Value) -> Cow<'_, str> {
    Cow::Owned(match value {
        Value::String(text) => return Cow::Borrowed(text),
        Value::Bytes(bytes) => STANDARD.encode(bytes),
        Value::U256(int) => int.to_string(),
        Value::Date(days) => date_text(*days),
        Value::Time(micros) => time_text(*micros),
        Value::Datetime(micros) => datetime_text(*micros),
        Value::Timestamp(micros) => timestamp_text(*micros),
        other => {
            let mut json = String::new();
            write_json(other, &mut json);
            json
        }
    })
}

/// A size as SQL's integer. No value in memory has more than `i64::MAX` parts.
pub(super) fn int_of(size: usize) -> Value {
    Value::Int(i64::try_from(size).unwrap_or(i64::MAX))
}

/// A place, counted from 0, of a position that is counted from 1, or from the end if it is
/// negative. `None` if it is outside of `size` parts.
pub(super) fn place(position: i64, size: usize) -> Option<usize> {
    let place = match position {
        0 => return None,
        1.. => usize::try_from(position - 1).ok()?,
        _ => size.checked_sub(usize::try_from(position.unsigned_abs()).ok()?)?,
    };
    Some(place).filter(|place| *place < size)
}

/// An argument that counts something, and so isn't negative.
pub(super) fn count(call: &Call<'_>, index: usize) -> Result<usize, String> {
    let int = call.int(index)?;
    usize::try_from(int)
        .map_err(|_| call.error(format!("argument {} is negative: {int}", index + 1)))
}

fn concat(call: &Call<'_>) -> Result<Value, String> {
    let mut all = String::new();
    for index in 0..call.args.len() {
        all.push_str(&text_of(call.value(index)));
        limit::bytes(call, all.len())?;
    }
    Ok(Value::String(all))
}

fn length(call: &Call<'_>) -> Result<Value, String> {
    Ok(int_of(match call.value(0) {
        Value::String(text) => text.chars().count(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Array(elements) => elements.len(),
        Value::Object(fields) => fields.len(),
        _ => return Err(call.wrong(0, "a string, bytes, an array or an object")),
    }))
}

fn trim(call: &Call<'_>, trim: fn(&str) -> &str) -> Result<Value, String> {
    Ok(Value::string(trim(call.string(0)?)))
}

fn replace(call: &Call<'_>) -> Result<Value, String> {
    let (text, search) = (call.string(0)?, call.string(1)?);
    let replacement = if call.has(2) { call.string(2)? } else { "" };
    if replacement.len() > search.len() {
        let added = text.matches(search).count().saturating_mul(replacement.len());
        limit::bytes(call, text.len().saturating_add(added))?;
    }
    Ok(Value::String(text.replace(search, replacement)))
}

fn chr(call: &Call<'_>) -> Result<Value, String> {
    let int = call.int(0)?;
    let char = u32::try_from(int).ok().and_then(char::from_u32);
    char.map(Value::string).ok_or_else(|| call.error(format!("{int} is no code point")))
}

fn split(call: &Call<'_>) -> Result<Value, String> {
    let (text, delimiter) = (call.string(0)?, call.string(1)?);
    if delimiter.is_empty() {
        return Err(call.error("the delimiter is empty"));
    }
    let limit = if call.has(2) { count(call, 2)? } else { usize::MAX };
    if limit == 0 {
        return Err(call.error("the limit has to be greater than 0"));
    }
    Ok(Value::Array(text.splitn(limit, delimiter).map(Value::string).collect()))
}

fn strpos(call: &Call<'_>) -> Result<Value, String> {
    let text = call.string(0)?;
    let found = text.find(call.string(1)?);
    Ok(int_of(found.map_or(0, |at| text[..at].chars().count() + 1)))
}

fn substr(call: &Call<'_>) -> Result<Value, String> {
    let (text, start) = (call.string(0)?, call.int(1)?);
    let length = if call.has(2) { count(call, 2)? } else { usize::MAX };
    // Only a start from the end needs to know how many characters there are.
    let size = if start < 0 { text.chars().count() } else { usize::MAX };
    let Some(start) = place(start, size) else { return Ok(Value::string("")) };
    Ok(Value::string(first(rest(text, start), length)))
}

/// The first characters of a string.
fn first(text: &str, count: usize) -> &str {
    &text[..text.len() - rest(text, count).len()]
}

/// What follows the first characters of a string.
fn rest(text: &str, count: usize) -> &str {
    text.char_indices().nth(count).map_or("", |(at, _)| &text[at..])
}

/// What is kept of a string that is padded, and the padding.
fn pad(call: &Call<'_>) -> Result<(String, String), String> {
    let (text, size, pad) = (call.string(0)?, count(call, 1)?, call.string(2)?);
    if pad.is_empty() {
        return Err(call.error("the padding is empty"));
    }
    let kept = first(text, size);
    let missing = size - kept.chars().count();
    limit::bytes(call, missing.saturating_mul(pad.len()).saturating_add(kept.len()))?;
    Ok((kept.to_string(), pad.chars().cycle().take(missing).collect()))
}

fn format(call: &Call<'_>) -> Result<Value, String> {
    let mut rest = call.string(0)?;
    let mut values = call.args.iter().skip(1);
    let mut out = String::new();
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        match rest.get(at..at + 2) {
            Some("{}") => match values.next() {
                Some(value) => out.push_str(&text_of(value)),
                None => return Err(call.error("the format has more `{}` than there are values")),
            },
            Some("{{") => out.push('{'),
            Some("}}") => out.push('}'),
            _ => return Err(call.error("a brace in the format is none of `{}`, `{{` and `}}`")),
        }
        limit::bytes(call, out.len())?;
        rest = &rest[at + 2..];
    }
    out.push_str(rest);
    Ok(Value::String(out))
}
