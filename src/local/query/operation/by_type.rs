//! Operations on integers and on moments that make no values of them.

use super::{Op, Operation};
use crate::local::query::types::Type;
use crate::local::query::value::{Kind, int_in_view, kind_of};
use arrow::array::{Array, ArrayRef, AsArray, BinaryViewArray, Int64Array};
use arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};
use std::sync::Arc;

/// The result, if the operation can work on a column of such values, and all values are such.
pub(super) fn evaluate(
    operation: &Operation,
    columns: &[ArrayRef],
    rows: usize,
) -> Option<ArrayRef> {
    let [column] = columns else { return None };
    if column.len() != rows {
        return None;
    }
    let of = operation.argument(0);
    let computed = match operation.op() {
        Op::Function(function) => {
            let of_int = function.of_int?;
            mapped(&ints(column, of)?, of_int)
        }
        Op::Extract(part) => mapped(&moments(column, of)?, |moment| part.at(moment)),
        _ => None,
    }?;
    match operation.output() {
        DataType::Int64 => Some(Arc::new(computed)),
        to @ DataType::Timestamp(..) => {
            let moments = computed.reinterpret_cast::<TimestampMicrosecondType>();
            Some(Arc::new(moments.with_data_type(to)))
        }
        _ => None,
    }
}

/// What a function makes of all integers; `None` if it fails for one of them.
fn mapped(ints: &Int64Array, make: impl Fn(i64) -> Option<i64>) -> Option<Int64Array> {
    ints.try_unary(|int| make(int).ok_or(())).ok()
}

fn ints(column: &ArrayRef, of: Type) -> Option<Int64Array> {
    match of {
        Type::Any => ints_in(column.as_binary_view_opt()?),
        of if of.kind() == Some(Kind::Int) => column.as_primitive_opt::<Int64Type>().cloned(),
        _ => None,
    }
}

/// Encoded values, if all of them are integers or absent.
fn ints_in(values: &BinaryViewArray) -> Option<Int64Array> {
    let views = values.views().iter().enumerate();
    let int = |(row, view): (usize, &u128)| match int_in_view(*view) {
        _ if values.is_null(row) => Some(None),
        Some(int) => Some(Some(int)),
        None => (kind_of(values.value(row)) == Kind::Null).then_some(None),
    };
    views.map(int).collect()
}

/// Microseconds since the epoch.
fn moments(column: &ArrayRef, of: Type) -> Option<Int64Array> {
    let is_moment = matches!(of.kind(), Some(Kind::Datetime | Kind::Timestamp));
    let moments = column.as_primitive_opt::<TimestampMicrosecondType>();
    moments.filter(|_| is_moment).map(|moments| moments.reinterpret_cast())
}
