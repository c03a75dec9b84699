//! Operations on whole columns give what they give value by value.

#![allow(clippy::unwrap_used, clippy::panic)]

use super::{Op, Operation, by_type};
use crate::local::query::columns::Reader;
use crate::local::query::functions::{Part, find};
use crate::local::query::scan::column;
use crate::local::query::types::Type;
use crate::local::query::value::{Kind, Value};
use arrow::array::ArrayRef;
use proptest::prelude::*;

const INTS: [&str; 3] = ["TIMESTAMP_MICROS", "TIMESTAMP_MILLIS", "TIMESTAMP_SECONDS"];
const PARTS: [&str; 7] = ["microsecond", "millisecond", "second", "minute", "hour", "epoch", "day"];

fn function(name: &str, of: Type) -> Operation {
    let op = Op::Function(find(name).unwrap());
    Operation::new(op, vec![of], Type::of(Kind::Timestamp), 0, None)
}

fn part(name: &str, of: Type) -> Operation {
    let part = Part::from_name(name).unwrap();
    Operation::new(Op::Extract(part), vec![of], part.of(), 0, None)
}

fn values(column: &ArrayRef, of: Type) -> Vec<Value> {
    let reader = Reader::new(column, of);
    (0..column.len()).map(|row| reader.get(row)).collect()
}

/// Whether the operation works on the whole column, with the same result.
fn agrees(operation: &Operation, column: &ArrayRef) -> bool {
    let columns = std::slice::from_ref(column);
    let Some(found) = by_type::evaluate(operation, columns, column.len()) else { return false };
    let expected = operation.row_by_row(columns, column.len(), &|args| operation.eval(args));
    let of = operation.returns;
    assert_eq!(values(&found, of), values(&expected.unwrap(), of), "{operation}");
    true
}

fn absent() -> impl Strategy<Value = Value> {
    prop_oneof![Just(Value::Null), Just(Value::Undefined)]
}

/// Values of which one in ten is absent.
fn column_of(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(prop_oneof![9 => value, 1 => absent()], 2..50)
}

/// The calendar knows each as a number of microseconds, milliseconds or seconds.
fn ints() -> impl Strategy<Value = Value> {
    (-1_000_000_000_i64..1_000_000_000).prop_map(Value::Int)
}

fn moments() -> impl Strategy<Value = Value> {
    (-4_000_000_000_000_000_i64..4_000_000_000_000_000).prop_map(Value::Timestamp)
}

proptest! {
    #[test]
    fn functions_of_ints(ints in column_of(ints())) {
        let (of, ints) = column(ints.iter().chain([&Value::Int(0)]));
        for name in INTS {
            prop_assert!(agrees(&function(name, of), &ints), "{name}");
        }
    }

    #[test]
    fn parts_of_moments(given in column_of(moments())) {
        let given = given.into_iter().map(|value| match value {
            Value::Undefined => Value::Null,
            value => value,
        });
        let given: Vec<Value> = given.chain([Value::Timestamp(0)]).collect();
        let (of, moments) = column(given.iter());
        for name in PARTS {
            prop_assert_eq!(agrees(&part(name, of), &moments), name != "day", "{}", name);
        }
    }

    #[test]
    fn what_is_beyond_the_calendar(ints in column_of(any::<i64>().prop_map(Value::Int))) {
        let (of, column) = column(ints.iter());
        for name in INTS {
            agrees(&function(name, of), &column);
        }
    }

    #[test]
    fn values_of_other_types(
        mut values in column_of(any::<i32>().prop_map(|int| Value::Int(int.into()))),
        at: prop::sample::Index,
    ) {
        values.insert(at.index(values.len()), Value::Float(1.5));
        let (of, mixed) = column(values.iter());
        for name in INTS {
            prop_assert!(!agrees(&function(name, of), &mixed));
        }
    }
}
