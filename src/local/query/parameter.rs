//! Values of parameters, in all the spellings that clients send.

use super::functions::cast;
use super::value::{Kind, Value, parse};
use crate::local::json::{excerpt, string};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;

/// The value of a parameter that is sent as any JSON, most often as a string, with the name of its
/// type. Without a name, it has the type of its JSON. An error says what is wrong.
pub fn parameter(kind: Option<&str>, json: &RawValue) -> Result<Value, String> {
    let given = parse(json.get()).map_err(|error| error.to_string())?;
    let Some(name) = kind.map(str::trim).filter(|name| !name.is_empty()) else {
        return Ok(given);
    };
    let kind = Kind::from_name(name).ok_or_else(|| format!("there is no type {name:?}"))?;
    if given == Value::Null || kind == Kind::Null {
        return Ok(Value::Null);
    }
    if given.kind() == kind {
        return Ok(given);
    }
    // The JSON of a number or a bool is its text.
    let text = string(json).unwrap_or_else(|| json.get().into());
    of_text(kind, text.trim(), given).ok_or_else(|| format!("{} is no {kind}", excerpt(json)))
}

fn of_text(kind: Kind, text: &str, given: Value) -> Option<Value> {
    let read = || cast(&Value::string(text), kind).ok();
    match kind {
        Kind::Int => read().or_else(|| whole(text)),
        Kind::Array | Kind::Object => structure(kind, text),
        Kind::Bytes => STANDARD.decode(text).ok().map(Value::Bytes),
        Kind::MonthInterval | Kind::MicrosecondInterval => {
            cast(&given, kind).ok().filter(|_| !matches!(given, Value::Float(_)))
        }
        Kind::Geography => structure(kind, text).or_else(read),
        Kind::Undefined => Some(Value::Undefined),
        _ => read().filter(|value| *value != Value::Null),
    }
}

/// An integer that is written as a float: `12.0`.
fn whole(text: &str) -> Option<Value> {
    let digits = text.strip_suffix(".0")?;
    digits.parse().ok().map(Value::Int)
}

/// An array or object as JSON, or as Python writes one.
fn structure(kind: Kind, text: &str) -> Option<Value> {
    let parsed = parse(text).ok().or_else(|| parse(&from_python(text)?).ok());
    parsed.filter(|value| value.kind() == kind)
}

/// JSON of a list or dictionary as Python's `str` writes it: `['a', True, None]`.
fn from_python(text: &str) -> Option<String> {
    let mut json = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(next) = rest.next() {
        match next {
            '\'' | '"' => json.push_str(&python_string(next, &mut rest)?),
            _ if next.is_ascii_alphabetic() => {
                let mut word = next.to_string();
                while let Some(letter) = rest.next_if(char::is_ascii_alphanumeric) {
                    word.push(letter);
                }
                json.push_str(match word.as_str() {
                    "True" => "true",
                    "False" => "false",
                    "None" => "null",
                    other => other,
                });
            }
            _ => json.push(next),
        }
    }
    Some(json)
}

/// A Python string, from behind its opening quote to its end, as a string of JSON.
fn python_string(quote: char, rest: &mut impl Iterator<Item = char>) -> Option<String> {
    let mut text = String::new();
    loop {
        match rest.next()? {
            end if end == quote => return serde_json::to_string(&text).ok(),
            '\\' => text.push(match rest.next()? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                other => other,
            }),
            other => text.push(other),
        }
    }
}
