//! The static types of expressions, and the Arrow types of their values.
//!
//! Where all values are of one type, they are a plain Arrow column. Otherwise, and for types that
//! Arrow lacks, each value is encoded as bytes (`value::encode`): such a column is *boxed*.

use super::value::Kind;
use arrow::datatypes::{DataType, TimeUnit};

/// The type of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Type {
    /// Values are of several types, or of unknown type. An Arrow null is undefined.
    Any,
    /// All values are of this type, or absent.
    Only(Kind, Missing),
    /// A whole document of a collection, as its number in what is scanned.
    Document(usize),
}

/// Meaning of an Arrow null in a column of one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Missing {
    Null,
    Undefined,
}

impl Type {
    /// Values of a type, or null.
    pub const fn of(kind: Kind) -> Self {
        Self::Only(kind, Missing::Null)
    }

    /// Nothing but nulls.
    pub const NULL: Self = Self::of(Kind::Null);
    /// Nothing at all: the field isn't there.
    pub const UNDEFINED: Self = Self::Only(Kind::Undefined, Missing::Undefined);
    pub const BOOL: Self = Self::of(Kind::Bool);
    pub const INT: Self = Self::of(Kind::Int);
    pub const FLOAT: Self = Self::of(Kind::Float);
    pub const STRING: Self = Self::of(Kind::String);

    /// The type of all values, if there is one.
    pub fn kind(self) -> Option<Kind> {
        match self {
            Self::Any => None,
            Self::Only(kind, _) => Some(kind),
            Self::Document(_) => Some(Kind::Object),
        }
    }

    /// Whether all values are absent.
    pub fn is_absent(self) -> bool {
        matches!(self.kind(), Some(Kind::Null | Kind::Undefined))
    }

    /// Whether each value is encoded as bytes.
    pub fn is_boxed(self) -> bool {
        self.arrow() == DataType::BinaryView
    }

    /// The type of the values in Arrow.
    pub fn arrow(self) -> DataType {
        match self {
            Self::Any => DataType::BinaryView,
            Self::Document(_) => DataType::Int64,
            Self::Only(kind, _) => match kind {
                Kind::Null | Kind::Undefined => DataType::Null,
                Kind::Bool => DataType::Boolean,
                Kind::Int | Kind::MonthInterval | Kind::MicrosecondInterval => DataType::Int64,
                Kind::Float => DataType::Float64,
                Kind::String => DataType::Utf8View,
                Kind::Date => DataType::Date32,
                Kind::Time => DataType::Time64(TimeUnit::Microsecond),
                Kind::Datetime => DataType::Timestamp(TimeUnit::Microsecond, None),
                Kind::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
                Kind::U256 | Kind::Bytes | Kind::Array | Kind::Object | Kind::Geography => {
                    DataType::BinaryView
                }
            },
        }
    }

    /// The narrowest type that fits the values of both.
    pub fn join(self, other: Self) -> Self {
        match (self, other) {
            (a, b) if a == b => a,
            (Self::Only(a, missing), Self::Only(b, other)) if a == b && missing != other => {
                // As an Arrow null, one kind of absence would turn into the other.
                Self::Any
            }
            (Self::Only(Kind::Null, _), Self::Only(kind, Missing::Null))
            | (Self::Only(kind, Missing::Null), Self::Only(Kind::Null, _)) => Self::of(kind),
            (Self::Only(Kind::Undefined, _), Self::Only(kind, Missing::Undefined))
            | (Self::Only(kind, Missing::Undefined), Self::Only(Kind::Undefined, _)) => {
                Self::Only(kind, Missing::Undefined)
            }
            _ => Self::Any,
        }
    }
}
