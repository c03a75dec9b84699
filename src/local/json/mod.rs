//! JSON by the rules of the API.
//!
//! - `strict`: structs are objects in braces, enumerations have only values that are listed.
//! - `extended`: values of types that JSON does not have; `time`: points in time.

pub mod extended;
mod strict;
pub mod time;

use super::error::ApiError;
use crate::rockset::enums::ErrorType;
use serde::Deserialize;
use serde::de::DeserializeSeed;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::marker::PhantomData;
use strict::Strict;

/// Characters of a value in a message.
const EXCERPT: usize = 100;

/// Parses a text. An error names its place in the text.
pub fn parse<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, ApiError> {
    parse_with(text, PhantomData)
}

/// Parses a text with a seed. An error names its place in the text.
pub fn parse_with<'a, T: DeserializeSeed<'a>>(
    text: &'a [u8],
    seed: T,
) -> Result<T::Value, ApiError> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let mut track = serde_path_to_error::Track::new();
    let parsed = seed
        .deserialize(serde_path_to_error::Deserializer::new(Strict(&mut json), &mut track))
        .and_then(|value| json.end().map(|()| value));
    parsed.map_err(|error| {
        let place = match track.path().to_string().as_str() {
            "." => "the body".to_string(),
            path => path.to_string(),
        };
        let kind = if error.is_data() { ErrorType::Invalidinput } else { ErrorType::Badrequest };
        ApiError::new(kind, format!("Wrong in {place}: {}", in_words_of_json(&error.to_string())))
    })
}

/// Rewrites an error of serde in words of JSON, for readers who don't know the Rust types.
fn in_words_of_json(error: &str) -> String {
    const BEGINNINGS: [(&str, &str); 6] = [
        ("missing field ", "missing property "),
        ("duplicate field ", "duplicate property "),
        ("invalid type: map, ", "invalid type: object, "),
        ("invalid type: sequence, ", "invalid type: array, "),
        ("invalid type: floating point ", "invalid type: number "),
        ("invalid value: floating point ", "invalid value: number "),
    ];
    let known = BEGINNINGS.iter().find_map(|(from, to)| Some((to, error.strip_prefix(from)?)));
    let text = known.map_or_else(|| error.to_string(), |(to, rest)| format!("{to}{rest}"));
    // The message may quote a text that was sent before the words of serde: the last match counts.
    let Some((found, expected)) = text.rsplit_once(", expected ") else {
        return text;
    };
    let (expected, place) = match expected.find(" at line ") {
        None => (expected, ""),
        Some(end) => expected.split_at(end),
    };
    let expected = match expected {
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" => "an integer",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "an array",
        "a map" => "an object",
        text if text.starts_with("struct ") => "an object",
        text => text,
    };
    format!("{found}, expected {expected}{place}")
}

/// The content of a JSON string. `None` if the value isn't a string, or has a lone surrogate.
pub fn string(json: &RawValue) -> Option<Cow<'_, str>> {
    let json = json.get();
    let text = json.strip_prefix('"')?.strip_suffix('"')?;
    if text.contains('\\') {
        serde_json::from_str::<String>(json).ok().map(Cow::from)
    } else {
        Some(text.into())
    }
}

/// The beginning of a value, for a message.
pub fn excerpt(json: &RawValue) -> Cow<'_, str> {
    shortened(json.get(), EXCERPT)
}

/// The first `characters` characters of a text, for a message.
pub fn shortened(text: &str, characters: usize) -> Cow<'_, str> {
    match text.char_indices().nth(characters) {
        None => text.into(),
        Some((end, _)) => format!("{}…", &text[..end]).into(),
    }
}
