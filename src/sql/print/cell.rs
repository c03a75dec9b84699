//! Values as they are shown.

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// A value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// The row has no such field.
    Missing,
    Null,
    /// As the server wrote it.
    Number(String),
    Text(String),
}

/// A value of a type that JSON does not have.
#[derive(Deserialize)]
struct Extended<'a> {
    #[serde(rename = "__rockset_type")]
    _type: String,
    #[serde(borrow)]
    value: &'a RawValue,
}

impl From<&str> for Cell {
    /// Of JSON. What has no shorter form stays JSON.
    fn from(json: &str) -> Self {
        match json.as_bytes().first() {
            Some(b'n') => Self::Null,
            Some(b'-' | b'0'..=b'9') => Self::Number(json.to_string()),
            Some(b'"') => Self::Text(serde_json::from_str(json).unwrap_or_default()),
            Some(b'{') => match serde_json::from_str::<Extended<'_>>(json) {
                Ok(extended) => Self::from(extended.value.get()),
                Err(_) => Self::Text(json.to_string()),
            },
            _ => Self::Text(json.to_string()),
        }
    }
}

/// The fields of a row, in its order.
#[derive(Debug)]
pub struct Fields(pub Vec<(String, Cell)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a row")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    fields.push((name, Cell::from(value.get())));
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Object)
    }
}
