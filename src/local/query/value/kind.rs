//! The types of values.

use std::fmt;

/// A type, as `TYPEOF` and `DESCRIBE` name it. The order is that of `ORDER BY` over several
/// types; `int` and `float` are ordered as numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Undefined,
    Null,
    Bool,
    Int,
    Float,
    U256,
    String,
    Bytes,
    Date,
    Time,
    Datetime,
    Timestamp,
    MonthInterval,
    MicrosecondInterval,
    Array,
    Object,
    Geography,
}

/// All types with their names, and other names that `CAST` takes.
const NAMES: [(Kind, &str, &[&str]); 17] = [
    (Kind::Undefined, "undefined", &[]),
    (Kind::Null, "null", &[]),
    (Kind::Bool, "bool", &["boolean"]),
    (Kind::Int, "int", &["integer", "int64", "bigint"]),
    (Kind::Float, "float", &["double", "double precision", "real"]),
    (Kind::U256, "u256", &[]),
    (Kind::String, "string", &["char", "varchar", "text"]),
    (Kind::Bytes, "bytes", &["binary", "varbinary"]),
    (Kind::Date, "date", &[]),
    (Kind::Time, "time", &[]),
    (Kind::Datetime, "datetime", &[]),
    (Kind::Timestamp, "timestamp", &[]),
    (Kind::MonthInterval, "month_interval", &[]),
    (Kind::MicrosecondInterval, "microsecond_interval", &[]),
    (Kind::Array, "array", &[]),
    (Kind::Object, "object", &[]),
    (Kind::Geography, "geography", &[]),
];

impl Kind {
    /// The name in lower case, as `TYPEOF` tells it.
    pub fn name(self) -> &'static str {
        NAMES[self as usize].1
    }

    /// A type by its name or another one that `CAST` takes, in any letter case.
    pub fn from_name(name: &str) -> Option<Self> {
        let is = |known: &&str| known.eq_ignore_ascii_case(name);
        let found = NAMES.iter().find(|(_, main, others)| is(main) || others.iter().any(is));
        found.map(|(kind, ..)| *kind)
    }

    /// Whether the type is `int` or `float`.
    pub fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::Float)
    }

    /// Whether the type is a point in time, or a day: such types compare with one another, in UTC.
    pub fn is_moment(self) -> bool {
        matches!(self, Self::Date | Self::Datetime | Self::Timestamp)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
