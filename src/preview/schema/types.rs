//! Sets of JSON types, as Flow names them.

use serde_json::{Number, Value};

/// The types that a location may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Types(u8);

impl Types {
    /// No type: the location can't exist.
    pub const NONE: Self = Self(0);
    /// `array`
    pub const ARRAY: Self = Self(1);
    /// `boolean`
    pub const BOOLEAN: Self = Self(2);
    /// `integer`
    pub const INTEGER: Self = Self(4);
    /// A number with a fractional part.
    pub const FRACTIONAL: Self = Self(8);
    /// `number`
    pub const NUMBER: Self = Self(12);
    /// `null`
    pub const NULL: Self = Self(16);
    /// `object`
    pub const OBJECT: Self = Self(32);
    /// `string`
    pub const STRING: Self = Self(64);
    /// Any type.
    pub const ANY: Self = Self(127);

    /// The set that the keyword `type` stands for.
    pub fn of_keyword(keyword: &Value) -> Self {
        match keyword {
            Value::String(name) => Self::named(name),
            Value::Array(names) => names
                .iter()
                .filter_map(Value::as_str)
                .fold(Self::NONE, |set, name| set.union(Self::named(name))),
            _ => Self::ANY,
        }
    }

    fn named(name: &str) -> Self {
        match name {
            "array" => Self::ARRAY,
            "boolean" => Self::BOOLEAN,
            "fractional" => Self::FRACTIONAL,
            "integer" => Self::INTEGER,
            "number" => Self::NUMBER,
            "null" => Self::NULL,
            "object" => Self::OBJECT,
            "string" => Self::STRING,
            _ => Self::NONE,
        }
    }

    /// The type of a value.
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Array(_) => Self::ARRAY,
            Value::Bool(_) => Self::BOOLEAN,
            Value::Null => Self::NULL,
            Value::Object(_) => Self::OBJECT,
            Value::String(_) => Self::STRING,
            Value::Number(number) if is_fractional(number) => Self::FRACTIONAL,
            Value::Number(_) => Self::INTEGER,
        }
    }

    /// The types of both.
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The types that both have.
    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The types without those of the other.
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether there are types that both have.
    pub fn overlaps(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The names of the types, sorted.
    pub fn names(self) -> Vec<String> {
        let number = match (self.overlaps(Self::INTEGER), self.overlaps(Self::FRACTIONAL)) {
            (true, true) => ("number", Self::NUMBER),
            (true, false) => ("integer", Self::INTEGER),
            _ => ("fractional", Self::FRACTIONAL),
        };
        let mut names: Vec<String> = [
            ("array", Self::ARRAY),
            ("boolean", Self::BOOLEAN),
            number,
            ("null", Self::NULL),
            ("object", Self::OBJECT),
            ("string", Self::STRING),
        ]
        .into_iter()
        .filter(|(_, types)| self.overlaps(*types))
        .map(|(name, _)| name.to_string())
        .collect();
        names.sort();
        names
    }
}

/// JSON Schema takes `1.0` as an integer, and so does Flow.
fn is_fractional(number: &Number) -> bool {
    number.is_f64() && number.as_f64().is_some_and(|float| float.fract() != 0.0)
}
