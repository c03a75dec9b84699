//! Values of Rockset SQL. Each has a type of its own, whatever field it is in.
//!
//! - `kind`: the types and their names.
//! - `compare`: comparison in SQL, and the total order of `ORDER BY`.
//! - `encoding`: a value as bytes whose order is that of values, for columns of several types;
//!   `encoded`: what can be told from the bytes alone.
//! - `json`: values of documents and of answers, with extended JSON for types that JSON lacks;
//!   `document`: values to be stored.
//! - `text`: dates, times and numbers as text.

mod compare;
mod encoded;
mod encoding;
mod json;
mod kind;
#[cfg(test)]
mod tests;
mod text;

pub use compare::{compare, equal, total_order};
pub use encoded::{element, elements, equality_key, field, int_in_view, kind_of, number_in_view};
pub use encoding::{decode, encode, encode_into};
pub use json::{parse, write_document, write_json};
pub use kind::Kind;
pub use text::{date_text, datetime_text, float_text, time_text, timestamp_text};

pub use ethnum::U256;
pub use geo_types::Geometry;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A field that isn't there.
    Undefined,
    /// A null that is there.
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    U256(Box<U256>),
    String(String),
    Bytes(Vec<u8>),
    /// Days since 1970-01-01.
    Date(i32),
    /// Microseconds since midnight.
    Time(i64),
    /// Microseconds since 1970-01-01T00:00:00 on a clock without a zone.
    Datetime(i64),
    /// Microseconds since 1970-01-01T00:00:00Z.
    Timestamp(i64),
    /// Months.
    MonthInterval(i64),
    /// Microseconds.
    MicrosecondInterval(i64),
    Array(Vec<Value>),
    /// Fields in their order; each name once.
    Object(Vec<(String, Value)>),
    Geography(Box<Geometry<f64>>),
}

impl Value {
    /// Whether the value is null or undefined, which most functions treat alike.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Undefined | Self::Null)
    }

    pub fn kind(&self) -> Kind {
        match self {
            Self::Undefined => Kind::Undefined,
            Self::Null => Kind::Null,
            Self::Bool(_) => Kind::Bool,
            Self::Int(_) => Kind::Int,
            Self::Float(_) => Kind::Float,
            Self::U256(_) => Kind::U256,
            Self::String(_) => Kind::String,
            Self::Bytes(_) => Kind::Bytes,
            Self::Date(_) => Kind::Date,
            Self::Time(_) => Kind::Time,
            Self::Datetime(_) => Kind::Datetime,
            Self::Timestamp(_) => Kind::Timestamp,
            Self::MonthInterval(_) => Kind::MonthInterval,
            Self::MicrosecondInterval(_) => Kind::MicrosecondInterval,
            Self::Array(_) => Kind::Array,
            Self::Object(_) => Kind::Object,
            Self::Geography(_) => Kind::Geography,
        }
    }

    /// The value's type with an article, for messages.
    pub fn described(&self) -> String {
        match self.kind() {
            kind @ (Kind::Int | Kind::Array | Kind::Object) => format!("an {kind}"),
            kind @ (Kind::Null | Kind::Undefined | Kind::Bytes) => kind.to_string(),
            kind => format!("a {kind}"),
        }
    }

    pub fn string(text: impl Into<String>) -> Self {
        Self::String(text.into())
    }

    /// An `int` or a `float` as a float.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(int) => Some(*int as f64),
            Self::Float(float) => Some(*float),
            _ => None,
        }
    }

    /// A field of an object; undefined where there is none, and of everything that is no object.
    pub fn field(&self, name: &str) -> &Value {
        let Self::Object(fields) = self else { return &Self::Undefined };
        fields.iter().find(|(field, _)| field == name).map_or(&Self::Undefined, |(_, value)| value)
    }

    /// An element of an array, counted from 1; undefined where there is none.
    pub fn element(&self, index: i64) -> &Value {
        let Self::Array(elements) = self else { return &Self::Undefined };
        let index = usize::try_from(index - 1).ok();
        index.and_then(|index| elements.get(index)).unwrap_or(&Self::Undefined)
    }
}
