//! The functions of Rockset SQL that make a value of values, by family. Each has its
//! documentation and its examples beside it: `docs/sql.md` is written from them, and a test
//! asks every example.
//!
//! Aggregates, window functions, and what isn't computed from values alone (`CASE`, `TRY`,
//! `CURRENT_DATE` without a zone) are in `bind`.

pub mod arithmetic;
mod array;
mod array_set;
mod bitwise;
mod bytes;
mod call;
pub mod cast;
pub mod date_time;
mod function;
mod geography;
mod hash;
pub mod interval;
mod limit;
mod math;
mod number;
mod object;
mod re2;
mod regexp;
mod string;
#[cfg(test)]
mod tests;
mod text_search;
mod trigonometry;
mod types;
mod url;
mod vector;

pub use function::{Function, MANY, Returns};

pub use arithmetic::{add, divide, modulo, multiply, negate, subtract};
pub use cast::{cast, static_cast};
pub use date_time::{
    Part, at_time_zone, date_literal, datetime_literal, extract, time_literal, timestamp_literal,
};
pub use interval::{Unit, interval_literal};

/// A function by its name in any letter case.
pub fn find(name: &str) -> Option<&'static Function> {
    all().find(|function| function.name.eq_ignore_ascii_case(name))
}

/// All functions, by family.
pub fn all() -> impl Iterator<Item = &'static Function> {
    FAMILIES.iter().flat_map(|(_, functions)| functions.iter())
}

/// The families with their titles.
pub const FAMILIES: &[(&str, &[Function])] = &[
    ("Types and JSON", types::FUNCTIONS),
    ("Strings", string::FUNCTIONS),
    ("Regular expressions", regexp::FUNCTIONS),
    ("Text search", text_search::FUNCTIONS),
    ("URLs", url::FUNCTIONS),
    ("Bytes", bytes::FUNCTIONS),
    ("Hashes", hash::FUNCTIONS),
    ("Numbers", math::FUNCTIONS),
    ("Trigonometry", trigonometry::FUNCTIONS),
    ("Bits", bitwise::FUNCTIONS),
    ("Arrays", array::FUNCTIONS),
    ("Sets and order", array_set::FUNCTIONS),
    ("Objects", object::FUNCTIONS),
    ("Vectors", vector::FUNCTIONS),
    ("Dates and times", date_time::build::FUNCTIONS),
    ("Dates and times as text", date_time::format::FUNCTIONS),
    ("Text as dates and times", date_time::parse::FUNCTIONS),
    ("Rounding of dates and times", date_time::truncate::FUNCTIONS),
    ("Distance of dates and times", date_time::shift::FUNCTIONS),
    ("Intervals", interval::FUNCTIONS),
    ("Geography", geography::FUNCTIONS),
];
