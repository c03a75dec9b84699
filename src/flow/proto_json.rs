//! The JSON mapping of proto3 as Flow uses it, field by field.
//!
//! The generated messages name these helpers in their serde attributes; `build/flow.rs` chooses
//! the helper of a field. One rule is Flow's own: a field whose name ends in `_json` holds the
//! JSON value itself, and so do the values of a map or a list whose name ends in `_json_map` or
//! `_json_vec`.

use bytes::Bytes;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _};
use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Whether a field has its default, and is left out.
pub fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Reads a field that may be `null`, which stands for its default.
pub fn or_default<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Default + DeserializeOwned,
    D: Deserializer<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Writes an enumeration by the name of its value. [`read_enum`] accepts the number, too.
pub fn write_enum<E, S>(value: &i32, serializer: S) -> Result<S::Ok, S::Error>
where
    E: ProtoEnum,
    S: Serializer,
{
    match E::try_from(*value) {
        Ok(known) => serializer.serialize_str(known.name()),
        Err(_) => serializer.serialize_i32(*value),
    }
}

/// See [`write_enum`].
pub fn read_enum<'de, E, D>(deserializer: D) -> Result<i32, D::Error>
where
    E: ProtoEnum,
    D: Deserializer<'de>,
{
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Form {
        Number(i32),
        Name(String),
    }
    match Option::deserialize(deserializer)? {
        None => Ok(0),
        Some(Form::Number(number)) => Ok(number),
        Some(Form::Name(name)) => E::from_name(&name)
            .map(Into::into)
            .ok_or_else(|| D::Error::custom(format!("{name:?} is no value of this enumeration"))),
    }
}

/// The functions that prost generates for each enumeration, as a trait.
pub trait ProtoEnum: TryFrom<i32> + Into<i32> + Copy {
    /// The name in the `.proto` file.
    fn name(&self) -> &'static str;
    /// The value of that name.
    fn from_name(name: &str) -> Option<Self>;
}

macro_rules! proto_enums {
    ($($name:path),* $(,)?) => {$(
        impl ProtoEnum for $name {
            fn name(&self) -> &'static str {
                self.as_str_name()
            }
            fn from_name(name: &str) -> Option<Self> {
                Self::from_str_name(name)
            }
        }
    )*};
}

proto_enums!(
    super::proto::flow::inference::Exists,
    super::proto::flow::inference::Redact,
    super::proto::flow::inference::Reduce,
    super::proto::flow::materialization_spec::ConnectorType,
    super::proto::materialize::response::validated::constraint::Type,
);

fn embed<S: Serializer>(json: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    let raw: &RawValue = serde_json::from_slice(json)
        .map_err(|e| S::Error::custom(format!("embedded JSON is not valid: {e}")))?;
    raw.serialize(serializer)
}

fn base64_text(value: &[u8]) -> String {
    use ::base64::Engine as _;
    ::base64::engine::general_purpose::STANDARD.encode(value)
}

fn base64_value<E: serde::de::Error>(text: &str) -> Result<Bytes, E> {
    use ::base64::Engine as _;
    ::base64::engine::general_purpose::STANDARD
        .decode(text)
        .map(Bytes::from)
        .map_err(|e| E::custom(format!("not base64: {e}")))
}

/// A `_json` field: the value itself.
pub mod embedded {
    use super::*;

    #[allow(missing_docs)]
    pub fn serialize<S: Serializer>(json: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
        embed(json, serializer)
    }

    #[allow(missing_docs)]
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Bytes::from(String::from(Box::<str>::from(raw))))
    }
}

/// A `_json_map` field: its values are the values themselves.
pub mod embedded_map {
    use super::*;
    use serde::ser::SerializeMap;

    #[allow(missing_docs)]
    pub fn serialize<S: Serializer>(
        map: &BTreeMap<String, String>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_map(Some(map.len()))?;
        for (key, json) in map {
            let raw: &RawValue = serde_json::from_str(json).map_err(|e| {
                S::Error::custom(format!("embedded JSON of {key:?} is not valid: {e}"))
            })?;
            out.serialize_entry(key, raw)?;
        }
        out.end()
    }

    #[allow(missing_docs)]
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<String, String>, D::Error> {
        let map: BTreeMap<String, Box<RawValue>> = or_default(deserializer)?;
        Ok(map.into_iter().map(|(key, raw)| (key, Box::<str>::from(raw).into())).collect())
    }
}

/// A `_json_vec` field: its items are the values themselves.
pub mod embedded_vec {
    use super::*;

    #[allow(missing_docs)]
    pub fn serialize<S: Serializer>(items: &[String], serializer: S) -> Result<S::Ok, S::Error> {
        let raw: Result<Vec<&RawValue>, _> =
            items.iter().map(|json| serde_json::from_str(json)).collect();
        raw.map_err(|e| S::Error::custom(format!("embedded JSON is not valid: {e}")))?
            .serialize(serializer)
    }

    #[allow(missing_docs)]
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<String>, D::Error> {
        let items: Vec<Box<RawValue>> = or_default(deserializer)?;
        Ok(items.into_iter().map(|raw| Box::<str>::from(raw).into()).collect())
    }
}

/// A `bytes` field, in padded standard base64.
pub mod base64 {
    use super::*;

    #[allow(missing_docs)]
    pub fn serialize<S: Serializer>(value: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&base64_text(value))
    }

    #[allow(missing_docs)]
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        base64_value(&or_default::<String, D>(deserializer)?)
    }
}

/// A map whose values are `bytes`.
pub mod base64_map {
    use super::*;

    #[allow(missing_docs)]
    pub fn serialize<S: Serializer>(
        map: &BTreeMap<String, Bytes>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(map.iter().map(|(key, value)| (key, base64_text(value))))
    }

    #[allow(missing_docs)]
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<String, Bytes>, D::Error> {
        let map: BTreeMap<String, String> = or_default(deserializer)?;
        map.into_iter().map(|(key, text)| Ok((key, base64_value(&text)?))).collect()
    }
}

/// A 64-bit integer, written as a string. Reading accepts a number, too.
pub mod integer_64 {
    use super::*;
    use std::fmt::Display;
    use std::str::FromStr;

    #[allow(missing_docs)]
    pub fn serialize<T: Display, S: Serializer>(
        value: &T,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    #[allow(missing_docs)]
    pub fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
    where
        T: FromStr + Default,
        D: Deserializer<'de>,
    {
        #[derive(serde::Deserialize)]
        #[serde(untagged)]
        enum Form {
            Number(serde_json::Number),
            Text(String),
        }
        let text = match Option::deserialize(deserializer)? {
            None => return Ok(T::default()),
            Some(Form::Number(number)) => number.to_string(),
            Some(Form::Text(text)) => text,
        };
        text.parse().map_err(|_| D::Error::custom(format!("{text:?} is no 64-bit integer")))
    }
}
