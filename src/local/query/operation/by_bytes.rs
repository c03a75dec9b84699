//! Operations on encoded values that don't decode them.

use super::{Comparison, Op, Operation, at};
use crate::local::query::types::Type;
use crate::local::query::value::{
    Kind, Value, decode, element, elements, encode, equality_key, field, kind_of, number_in_view,
};
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryViewArray, BinaryViewBuilder, BooleanBuilder, Float64Builder,
    Int64Builder, ListBuilder,
};
use datafusion::common::Result;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

/// A part of an encoded value, or a value made of it; `None` where there is none.
type Part<'a> = Option<Cow<'a, [u8]>>;

/// The result, if the operation can work on bytes.
pub(super) fn evaluate(
    operation: &Operation,
    columns: &[ArrayRef],
    rows: usize,
) -> Result<Option<ArrayRef>> {
    let boxed = |index: usize| {
        let column = columns.get(index).filter(|_| operation.argument(index).is_boxed())?;
        Some((column, column.as_binary_view_opt()?))
    };
    let Some((column, values)) = boxed(0) else {
        return Ok(match operation.op() {
            Op::FromList => Some(from_list(&columns[0], rows)),
            _ => None,
        });
    };
    let value = |row: usize| {
        let row = at(column, row);
        values.is_valid(row).then(|| values.value(row))
    };
    let parts = |part: &dyn Fn(&[u8]) -> Part<'_>| {
        let mut out = BinaryViewBuilder::with_capacity(rows);
        (0..rows).for_each(|row| out.append_option(value(row).and_then(part)));
        Arc::new(out.finish()) as ArrayRef
    };
    let bools = |test: &dyn Fn(Option<&[u8]>) -> Option<bool>| {
        let mut out = BooleanBuilder::with_capacity(rows);
        (0..rows).for_each(|row| out.append_option(test(value(row))));
        Arc::new(out.finish()) as ArrayRef
    };
    let is_absent = |bytes: &[u8]| matches!(kind_of(bytes), Kind::Null | Kind::Undefined);
    Ok(Some(match operation.op() {
        Op::Box if operation.argument(0) == Type::Any => column.clone(),
        Op::Field(name) => parts(&|bytes| field(bytes, name).map(Cow::from)),
        Op::Subscript if columns[1].len() == 1 => match operation.argument(1).kind() {
            Some(Kind::Int) => {
                let index = columns[1].as_primitive::<arrow::datatypes::Int64Type>().value(0);
                parts(&|bytes| element(bytes, index).map(Cow::from))
            }
            _ => return Ok(None),
        },
        Op::IsAbsent => bools(&|bytes| Some(bytes.is_none_or(is_absent))),
        Op::IsUndefined => {
            bools(&|bytes| Some(bytes.is_none_or(|bytes| kind_of(bytes) == Kind::Undefined)))
        }
        Op::Present => parts(&|bytes| (!is_absent(bytes)).then_some(bytes.into())),
        Op::OrNull => {
            let mut out = BinaryViewBuilder::with_capacity(rows);
            let null = encode(&Value::Null);
            (0..rows).for_each(|row| out.append_value(value(row).unwrap_or(&null)));
            Arc::new(out.finish())
        }
        Op::EqualityKey => parts(&equality_key),
        Op::Truth => truth(operation, rows, &value)?,
        Op::Number => numbers(operation, rows, &value)?,
        Op::Elements => lists(rows, &value),
        Op::Ordinals => ordinals(rows, &value),
        Op::Compare(comparison) => match boxed(1) {
            Some((_, other)) => compared(*comparison, rows, &value, values, (&columns[1], other)),
            None => return Ok(None),
        },
        _ => return Ok(None),
    }))
}

fn truth<'a>(
    operation: &Operation,
    rows: usize,
    value: &dyn Fn(usize) -> Option<&'a [u8]>,
) -> Result<ArrayRef> {
    let mut out = BooleanBuilder::with_capacity(rows);
    for row in 0..rows {
        out.append_option(match value(row).map(decode) {
            None | Some(Value::Null | Value::Undefined) => None,
            Some(Value::Bool(bool)) => Some(bool),
            Some(Value::Int(int)) => Some(int != 0),
            Some(Value::Float(float)) => Some(float != 0.0),
            Some(_) if operation.is_lenient() => None,
            Some(other) => {
                return Err(operation.wrong(format!("a bool is needed, not {}", other.kind())));
            }
        });
    }
    Ok(Arc::new(out.finish()))
}

fn numbers<'a>(
    operation: &Operation,
    rows: usize,
    value: &dyn Fn(usize) -> Option<&'a [u8]>,
) -> Result<ArrayRef> {
    let mut out = Float64Builder::with_capacity(rows);
    for row in 0..rows {
        let value = value(row).map_or(Value::Null, decode);
        match value.as_f64() {
            None if !value.is_absent() && !operation.is_lenient() => {
                return Err(operation.wrong(format!("a number is needed, not {}", value.kind())));
            }
            number => out.append_option(number),
        }
    }
    Ok(Arc::new(out.finish()))
}

fn lists<'a>(rows: usize, value: &dyn Fn(usize) -> Option<&'a [u8]>) -> ArrayRef {
    let mut out = ListBuilder::new(BinaryViewBuilder::new());
    for row in 0..rows {
        for element in value(row).and_then(elements).into_iter().flatten() {
            out.values().append_value(element);
        }
        out.append(true);
    }
    Arc::new(out.finish())
}

fn ordinals<'a>(rows: usize, value: &dyn Fn(usize) -> Option<&'a [u8]>) -> ArrayRef {
    let mut out = ListBuilder::new(Int64Builder::new());
    for row in 0..rows {
        let count = value(row).and_then(elements).map_or(0, Iterator::count);
        (1..=count as i64).for_each(|ordinal| out.values().append_value(ordinal));
        out.append(true);
    }
    Arc::new(out.finish())
}

/// Lists of encoded values as encoded arrays. A null list is null, and so is a null in a list.
fn from_list(column: &ArrayRef, rows: usize) -> ArrayRef {
    let mut out = BinaryViewBuilder::with_capacity(rows);
    let lists = column.as_list_opt::<i32>();
    for row in 0..rows {
        let array = match lists {
            Some(lists) if lists.is_valid(row) => {
                let values = lists.value(row);
                let values = values.as_binary_view();
                let value = |at| match values.is_valid(at) {
                    true => decode(values.value(at)),
                    false => Value::Null,
                };
                Value::Array((0..values.len()).map(value).collect())
            }
            _ => Value::Null,
        };
        out.append_value(encode(&array));
    }
    Arc::new(out.finish())
}

/// Comparison of encoded values by their bytes, if those decide it.
fn compared<'a>(
    comparison: Comparison,
    rows: usize,
    value: &dyn Fn(usize) -> Option<&'a [u8]>,
    values: &BinaryViewArray,
    (column, other): (&ArrayRef, &BinaryViewArray),
) -> ArrayRef {
    let mut out = BooleanBuilder::with_capacity(rows);
    if let (Some(left), Some(number)) = (numbers_of(values, rows), constant_number(column, other)) {
        for (row, left) in (0..rows).zip(left) {
            let order = match left {
                Some(left) => Some(left.cmp(&number)),
                None => value(row).and_then(|left| order(left, other.value(0))),
            };
            out.append_option(order.map(|order| comparison.holds(order)));
        }
        return Arc::new(out.finish());
    }
    for row in 0..rows {
        let right = at(column, row);
        let order = match (value(row), other.is_valid(right)) {
            (Some(left), true) => order(left, other.value(right)),
            _ => None,
        };
        out.append_option(order.map(|order| comparison.holds(order)));
    }
    Arc::new(out.finish())
}

/// The numbers in a column of one value for each row: [ordered](number_in_view), `None` where there
/// is another value. `None` if the column has one value for all rows.
fn numbers_of(values: &BinaryViewArray, rows: usize) -> Option<impl Iterator<Item = Option<u128>>> {
    (values.len() == rows).then(|| {
        let is_valid = |row| values.is_valid(row);
        let views = values.views().iter().enumerate();
        views.map(move |(row, view)| number_in_view(*view).filter(|_| is_valid(row)))
    })
}

/// The number that all rows have.
fn constant_number(column: &ArrayRef, values: &BinaryViewArray) -> Option<u128> {
    let is_constant = column.len() == 1 && values.is_valid(0);
    is_constant.then(|| number_in_view(values.views()[0])).flatten()
}

fn order(left: &[u8], right: &[u8]) -> Option<Ordering> {
    match (kind_of(left), kind_of(right)) {
        // The last byte tells an int from a float.
        (Kind::Int | Kind::Float, Kind::Int | Kind::Float) => {
            Some(left[..left.len() - 1].cmp(&right[..right.len() - 1]))
        }
        (Kind::Bool, Kind::Bool)
        | (Kind::String, Kind::String)
        | (Kind::Bytes, Kind::Bytes)
        | (Kind::Timestamp, Kind::Timestamp) => Some(left.cmp(right)),
        (Kind::Null | Kind::Undefined, _) | (_, Kind::Null | Kind::Undefined) => None,
        _ => crate::local::query::value::compare(&decode(left), &decode(right)),
    }
}
