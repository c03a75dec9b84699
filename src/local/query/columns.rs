//! Conversion of values to and from Arrow columns.

use super::types::{Missing, Type};
use super::value::{Kind, Value, decode, encode_into};
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryViewArray, BinaryViewBuilder, BooleanArray, BooleanBuilder,
    Date32Array, Date32Builder, Float64Array, Float64Builder, Int64Array, Int64Builder,
    NullBuilder, StringViewArray, StringViewBuilder, Time64MicrosecondArray,
    Time64MicrosecondBuilder, TimestampMicrosecondArray, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{
    Date32Type, Float64Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType,
};
use std::sync::Arc;

/// A column whose values can be read.
#[derive(Debug)]
pub struct Reader<'a> {
    values: Values<'a>,
    kind: Kind,
    missing: Value,
}

#[derive(Debug)]
enum Values<'a> {
    None,
    Boxed(&'a BinaryViewArray),
    Bool(&'a BooleanArray),
    Int(&'a Int64Array),
    Float(&'a Float64Array),
    String(&'a StringViewArray),
    Date(&'a Date32Array),
    Time(&'a Time64MicrosecondArray),
    Moment(&'a TimestampMicrosecondArray),
}

impl<'a> Reader<'a> {
    /// A column that has the Arrow type of `kind`.
    pub fn new(column: &'a dyn Array, of: Type) -> Self {
        let (kind, missing) = match of {
            Type::Any => (Kind::Undefined, Value::Undefined),
            Type::Only(kind, Missing::Null) => (kind, Value::Null),
            Type::Only(kind, Missing::Undefined) => (kind, Value::Undefined),
            Type::Document(_) => (Kind::Int, Value::Undefined),
        };
        let kind_of_column = match of {
            Type::Document(_) => Some(Kind::Int),
            of => of.kind(),
        };
        let values = match kind_of_column {
            None => column.as_binary_view_opt().map(Values::Boxed),
            Some(Kind::Null | Kind::Undefined) => None,
            Some(Kind::Bool) => column.as_boolean_opt().map(Values::Bool),
            Some(Kind::Int | Kind::MonthInterval | Kind::MicrosecondInterval) => {
                column.as_primitive_opt::<Int64Type>().map(Values::Int)
            }
            Some(Kind::Float) => column.as_primitive_opt::<Float64Type>().map(Values::Float),
            Some(Kind::String) => column.as_string_view_opt().map(Values::String),
            Some(Kind::Date) => column.as_primitive_opt::<Date32Type>().map(Values::Date),
            Some(Kind::Time) => {
                column.as_primitive_opt::<Time64MicrosecondType>().map(Values::Time)
            }
            Some(Kind::Datetime | Kind::Timestamp) => {
                column.as_primitive_opt::<TimestampMicrosecondType>().map(Values::Moment)
            }
            Some(Kind::U256 | Kind::Bytes | Kind::Array | Kind::Object | Kind::Geography) => {
                column.as_binary_view_opt().map(Values::Boxed)
            }
        };
        Self { values: values.unwrap_or(Values::None), kind, missing }
    }

    /// The value of a row.
    pub fn get(&self, row: usize) -> Value {
        macro_rules! read {
            ($array:expr) => {
                if $array.is_null(row) {
                    return self.missing.clone();
                } else {
                    $array.value(row)
                }
            };
        }
        match &self.values {
            Values::None => self.missing.clone(),
            Values::Boxed(array) => decode(read!(array)),
            Values::Bool(array) => Value::Bool(read!(array)),
            Values::Float(array) => Value::Float(read!(array)),
            Values::String(array) => Value::string(read!(array)),
            Values::Date(array) => Value::Date(read!(array)),
            Values::Time(array) => Value::Time(read!(array)),
            Values::Int(array) => match self.kind {
                Kind::MonthInterval => Value::MonthInterval(read!(array)),
                Kind::MicrosecondInterval => Value::MicrosecondInterval(read!(array)),
                _ => Value::Int(read!(array)),
            },
            Values::Moment(array) => match self.kind {
                Kind::Datetime => Value::Datetime(read!(array)),
                _ => Value::Timestamp(read!(array)),
            },
        }
    }
}

/// A column that grows by values.
#[derive(Debug)]
pub struct Builder {
    of: Type,
    values: Growing,
    scratch: Vec<u8>,
}

#[derive(Debug)]
enum Growing {
    None(NullBuilder),
    Boxed(BinaryViewBuilder),
    Bool(BooleanBuilder),
    Int(Int64Builder),
    Float(Float64Builder),
    String(StringViewBuilder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Moment(TimestampMicrosecondBuilder),
}

impl Builder {
    pub fn new(of: Type, rows: usize) -> Self {
        let values = match of.kind() {
            Some(Kind::Null | Kind::Undefined) => Growing::None(NullBuilder::new()),
            Some(Kind::Bool) => Growing::Bool(BooleanBuilder::with_capacity(rows)),
            Some(Kind::Int | Kind::MonthInterval | Kind::MicrosecondInterval) => {
                Growing::Int(Int64Builder::with_capacity(rows))
            }
            Some(Kind::Float) => Growing::Float(Float64Builder::with_capacity(rows)),
            Some(Kind::String) => Growing::String(StringViewBuilder::with_capacity(rows)),
            Some(Kind::Date) => Growing::Date(Date32Builder::with_capacity(rows)),
            Some(Kind::Time) => Growing::Time(Time64MicrosecondBuilder::with_capacity(rows)),
            Some(Kind::Datetime | Kind::Timestamp) => Growing::Moment(
                TimestampMicrosecondBuilder::with_capacity(rows).with_data_type(of.arrow()),
            ),
            None | Some(_) => Growing::Boxed(BinaryViewBuilder::with_capacity(rows)),
        };
        Self { of, values, scratch: Vec::new() }
    }

    /// Appends a value; one that isn't of the column's type is an error that names both.
    pub fn push(&mut self, value: &Value) -> Result<(), String> {
        match (&mut self.values, value) {
            (Growing::Boxed(boxed), Value::Undefined) => boxed.append_null(),
            (Growing::Boxed(boxed), value) => {
                self.scratch.clear();
                encode_into(value, &mut self.scratch);
                boxed.append_value(&self.scratch);
            }
            (values, Value::Undefined | Value::Null) => values.append_null(),
            (Growing::Bool(values), Value::Bool(value)) => values.append_value(*value),
            (
                Growing::Int(values),
                Value::Int(value) | Value::MonthInterval(value) | Value::MicrosecondInterval(value),
            ) => values.append_value(*value),
            (Growing::Float(values), Value::Float(value)) => values.append_value(*value),
            (Growing::String(values), Value::String(value)) => values.append_value(value),
            (Growing::Date(values), Value::Date(value)) => values.append_value(*value),
            (Growing::Time(values), Value::Time(value)) => values.append_value(*value),
            (Growing::Moment(values), Value::Datetime(value) | Value::Timestamp(value)) => {
                values.append_value(*value);
            }
            (_, value) => {
                return Err(format!("{} in a column of {:?}", value.kind(), self.of));
            }
        }
        Ok(())
    }

    /// Appends a string without owning it.
    pub fn push_str(&mut self, text: &str) -> Result<(), String> {
        match &mut self.values {
            Growing::String(values) => values.append_value(text),
            _ => return self.push(&Value::string(text)),
        }
        Ok(())
    }

    /// Appends a column of encoded values. This column must be one, too.
    pub fn extend_boxed(&mut self, column: &dyn Array) {
        let (Growing::Boxed(out), Some(values)) = (&mut self.values, column.as_binary_view_opt())
        else {
            return;
        };
        values.iter().for_each(|value| out.append_option(value));
    }

    pub fn finish(mut self) -> ArrayRef {
        match &mut self.values {
            Growing::None(values) => Arc::new(values.finish()),
            Growing::Boxed(values) => Arc::new(values.finish()),
            Growing::Bool(values) => Arc::new(values.finish()),
            Growing::Int(values) => Arc::new(values.finish()),
            Growing::Float(values) => Arc::new(values.finish()),
            Growing::String(values) => Arc::new(values.finish()),
            Growing::Date(values) => Arc::new(values.finish()),
            Growing::Time(values) => Arc::new(values.finish()),
            Growing::Moment(values) => Arc::new(values.finish()),
        }
    }
}

impl Growing {
    fn append_null(&mut self) {
        match self {
            Self::None(values) => values.append_null(),
            Self::Boxed(values) => values.append_null(),
            Self::Bool(values) => values.append_null(),
            Self::Int(values) => values.append_null(),
            Self::Float(values) => values.append_null(),
            Self::String(values) => values.append_null(),
            Self::Date(values) => values.append_null(),
            Self::Time(values) => values.append_null(),
            Self::Moment(values) => values.append_null(),
        }
    }
}

/// A column with each value encoded by itself.
pub fn boxed(column: &dyn Array, of: Type) -> ArrayRef {
    let reader = Reader::new(column, of);
    let mut out = BinaryViewBuilder::with_capacity(column.len());
    let mut scratch = Vec::new();
    for row in 0..column.len() {
        match reader.get(row) {
            Value::Undefined => out.append_null(),
            value => {
                scratch.clear();
                encode_into(&value, &mut scratch);
                out.append_value(&scratch);
            }
        }
    }
    Arc::new(out.finish())
}
