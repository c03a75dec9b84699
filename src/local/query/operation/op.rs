//! The kinds of operations.

use crate::local::query::functions::{self, Function, Part};
use crate::local::query::scan::Scan;
use crate::local::query::script::ScriptFunction;
use crate::local::query::value::{Kind, Value};
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Kind of operation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Op {
    /// Encodes a value of a known type.
    Box,
    /// Field of an object; undefined for anything else.
    Field(String),
    /// `container[key]`: undefined where nothing has that key.
    Subscript,
    IsAbsent,
    IsUndefined,
    /// Arrow bool of an encoded bool; an error for any other type.
    Truth,
    /// Key for joins: equal bytes for equal values. Null for an absent value.
    EqualityKey,
    /// The value, or an Arrow null if it is absent, for aggregates and for sorting.
    Present,
    /// Null in place of an Arrow null, which aggregates return.
    OrNull,
    Compare(Comparison),
    /// `IS NOT DISTINCT FROM`.
    Same,
    Arithmetic(Arithmetic),
    Negate,
    Concat,
    Cast {
        to: Kind,
        is_static: bool,
    },
    Like,
    Extract(Part),
    AtTimeZone,
    Array,
    Object(Vec<String>),
    /// Arrow list of an array, for `UNNEST`. An empty list if there is no array.
    Elements,
    /// 1, 2, … for the elements of an array.
    Ordinals,
    /// Array of the values that `array_agg` has collected.
    FromList,
    /// Arrow float of a number, for aggregates. Null for an absent value.
    Number,
    /// A function, by its name.
    Function(&'static Function),
    /// A function of the query's script.
    Script(ScriptFunction),
    /// The same value, unless the query has been asked to end.
    UnlessStopped,
    /// The first of two values. The optimizer can't tell that it is constant, if the second one is
    /// `Unknown`.
    First,
    /// Null, of which the optimizer knows nothing.
    Unknown,
    /// A document, by its number.
    Document(Documents),
}

/// Documents, by their numbers.
#[derive(Debug, Clone)]
pub struct Documents(pub Arc<Scan>);

impl PartialEq for Documents {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Documents {}

impl Hash for Documents {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

/// Comparison of two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    pub fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

impl Arithmetic {
    /// The result for two values.
    pub fn of(self, a: &Value, b: &Value) -> std::result::Result<Value, String> {
        match self {
            Self::Add => functions::add(a, b),
            Self::Subtract => functions::subtract(a, b),
            Self::Multiply => functions::multiply(a, b),
            Self::Divide => functions::divide(a, b),
            Self::Modulo => functions::modulo(a, b),
        }
    }
}

impl Op {
    /// The name that plans show.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Function(function) => function.name,
            Self::Script(function) => &function.name,
            Self::Box => "box",
            Self::UnlessStopped => "unless_stopped",
            Self::First => "first",
            Self::Unknown => "unknown",
            Self::Field(name) => name,
            Self::Subscript => "subscript",
            Self::IsAbsent => "is_absent",
            Self::IsUndefined => "is_undefined",
            Self::Truth => "truth",
            Self::EqualityKey => "equality_key",
            Self::Present => "present",
            Self::OrNull => "or_null",
            Self::Compare(_) => "compare",
            Self::Same => "same",
            Self::Arithmetic(_) => "arithmetic",
            Self::Negate => "negate",
            Self::Concat => "concat",
            Self::Cast { .. } => "cast",
            Self::Like => "like",
            Self::Extract(_) => "extract",
            Self::AtTimeZone => "at_time_zone",
            Self::Array => "array",
            Self::Object(_) => "object",
            Self::Elements => "elements",
            Self::Ordinals => "ordinals",
            Self::FromList => "from_list",
            Self::Number => "number",
            Self::Document(_) => "document",
        }
    }
}
