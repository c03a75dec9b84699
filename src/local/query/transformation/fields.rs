//! The fields of a document, whose values stay text.

use super::paths::{Path, Step};
use crate::local::json::string;
use crate::local::query::value::{self, Value};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// A JSON object.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    /// The whole object.
    pub(super) text: &'a str,
    pub(super) fields: Vec<Field<'a>>,
}

#[derive(Debug)]
pub(super) struct Field<'a> {
    pub(super) name: Cow<'a, str>,
    /// The name as it is written.
    pub(super) key: &'a str,
    pub(super) value: &'a RawValue,
}

impl<'a> Fields<'a> {
    pub(super) fn read(text: &'a str) -> Result<Self, serde_json::Error> {
        let mut json = serde_json::Deserializer::from_str(text);
        let fields = json.deserialize_map(ReadFields)?;
        json.end().map(|()| Self { text, fields })
    }

    /// The value that these names lead to.
    pub(super) fn at(&self, names: &[String]) -> Option<&'a RawValue> {
        let (first, rest) = names.split_first()?;
        let mut value = self.field(first)?;
        for name in rest {
            value = Fields::read(value.get()).ok()?.field(name)?;
        }
        Some(value)
    }

    /// The value at names, or the whole document if there are none.
    pub(super) fn value(&self, names: &[String]) -> Value {
        let value = match names.is_empty() {
            true => value::parse(self.text).ok(),
            false => self.at(names).and_then(|json| value::parse(json.get()).ok()),
        };
        value.unwrap_or(Value::Undefined)
    }

    /// The value that a path leads to.
    pub(super) fn get(&self, path: &Path) -> Option<&'a RawValue> {
        let (first, rest) = path.steps().split_first()?;
        let mut value = match first {
            Step::Field(name) => self.field(name)?,
            Step::Element(_) => return None,
        };
        for step in rest {
            value = match step {
                Step::Field(name) => Fields::read(value.get()).ok()?.field(name)?,
                Step::Element(at) => {
                    let elements: Vec<&RawValue> = serde_json::from_str(value.get()).ok()?;
                    elements.get(*at).copied()?
                }
            };
        }
        Some(value)
    }

    /// The last field of a name, should there be several.
    fn field(&self, name: &str) -> Option<&'a RawValue> {
        self.fields.iter().rev().find(|field| field.name == name).map(|field| field.value)
    }
}

struct ReadFields;

impl<'a> Visitor<'a> for ReadFields {
    type Value = Vec<Field<'a>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a document, which is a JSON object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Vec<Field<'a>>, A::Error> {
        let mut fields = Vec::new();
        while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            let name = string(key).unwrap_or_else(|| key.get().into());
            fields.push(Field { name, key: key.get(), value });
        }
        Ok(fields)
    }
}
