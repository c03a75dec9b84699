//! Sets of JSON types, as Flow names them.

use serde_json::{Number, Value};

bitflags::bitflags! {
    /// The types that a location may take; none if the location can't exist.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Types: u8 {
        /// `array`
        const ARRAY = 1;
        /// `boolean`
        const BOOLEAN = 1 << 1;
        /// `number`, which names both of its parts. It comes before them, so that they aren't
        /// named where it is.
        const NUMBER = 0b11 << 2;
        /// `integer`
        const INTEGER = 1 << 2;
        /// A number with a fractional part.
        const FRACTIONAL = 1 << 3;
        /// `null`
        const NULL = 1 << 4;
        /// `object`
        const OBJECT = 1 << 5;
        /// `string`
        const STRING = 1 << 6;
    }
}

impl Types {
    /// The set that the keyword `type` of a valid schema stands for.
    pub fn of_keyword(keyword: &Value) -> Self {
        match keyword {
            Value::String(name) => Self::named(name),
            Value::Array(names) => {
                names.iter().filter_map(Value::as_str).map(Self::named).collect()
            }
            _ => Self::all(),
        }
    }

    fn named(name: &str) -> Self {
        Self::from_name(&name.to_ascii_uppercase()).unwrap_or(Self::empty())
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

    /// The names of the types, sorted.
    pub fn names(self) -> Vec<String> {
        let mut names: Vec<String> =
            self.iter_names().map(|(name, _)| name.to_ascii_lowercase()).collect();
        names.sort();
        names
    }
}

/// JSON Schema takes `1.0` as an integer, and so does Flow.
fn is_fractional(number: &Number) -> bool {
    number.is_f64() && number.as_f64().is_some_and(|float| float.fract() != 0.0)
}
