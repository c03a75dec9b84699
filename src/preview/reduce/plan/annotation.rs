//! Annotations: the keyword `reduce`.

use crate::preview::schema::pointer::Pointer;
use serde::Deserialize;
use serde_json::Value;

/// How two values become one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Strategy {
    Append,
    FirstWriteWins,
    JsonSchemaMerge,
    LastWriteWins,
    Maximize(Vec<Pointer>),
    Merge(Vec<Pointer>),
    Minimize(Vec<Pointer>),
    Set(Vec<Pointer>),
    Sum,
}

/// A `reduce` annotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    pub strategy: Strategy,
    /// Whether the location is deleted.
    pub delete: bool,
    /// Whether documents may be reduced before the first one of their key is known.
    pub associative: bool,
}

/// An annotation as a schema writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    strategy: String,
    #[serde(default)]
    key: Vec<String>,
    #[serde(default)]
    delete: bool,
    associative: Option<bool>,
}

impl Annotation {
    /// Parses the value of `reduce`.
    pub fn parse(annotation: &Value) -> Result<Self, String> {
        let form = Form::deserialize(annotation).map_err(|e| format!("\"reduce\": {e}"))?;
        let pointers = form.key.iter().map(|text| {
            Pointer::parse(text).ok_or_else(|| format!("\"reduce\": {text:?} is no JSON pointer"))
        });
        let key = pointers.collect::<Result<Vec<_>, _>>()?;
        let strategy = Strategy::named(&form.strategy, key)
            .ok_or_else(|| format!("\"reduce\": there is no strategy {:?}", form.strategy))?;
        let associative = form.associative.unwrap_or(true);
        Ok(Self { strategy, delete: form.delete, associative })
    }
}

impl Strategy {
    fn named(name: &str, key: Vec<Pointer>) -> Option<Self> {
        Some(match name {
            "append" => Self::Append,
            "firstWriteWins" => Self::FirstWriteWins,
            "jsonSchemaMerge" => Self::JsonSchemaMerge,
            "lastWriteWins" => Self::LastWriteWins,
            "maximize" => Self::Maximize(key),
            "merge" => Self::Merge(key),
            "minimize" => Self::Minimize(key),
            "set" => Self::Set(key),
            "sum" => Self::Sum,
            _ => return None,
        })
    }
}
