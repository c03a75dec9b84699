//! Values of documents as columns.

use crate::local::special_fields::{self as special, Extended};
use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, LargeBinaryArray, StringArray,
    Time64MicrosecondArray, TimestampMicrosecondArray, new_null_array,
};
use arrow::datatypes::{DataType, Schema};
use arrow::json::ReaderBuilder;
use arrow::json::reader::infer_json_schema_from_iterator;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::sync::Arc;

/// A value, as far as it can be one of a column.
#[derive(Debug, Clone)]
pub(super) enum Cell<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Cow<'a, str>),
    /// Microseconds since the epoch.
    Timestamp(i64),
    /// The same, of a clock without a zone.
    Datetime(i64),
    /// Days since the epoch.
    Date(i32),
    /// Microseconds since midnight.
    Time(i64),
    Bytes(Vec<u8>),
    Array(&'a RawValue),
    Object(&'a RawValue),
}

/// The type of a cell, by which documents are parted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Null,
    Bool,
    Int,
    Float,
    Text,
    Timestamp,
    Datetime,
    Date,
    Time,
    Bytes,
    Array,
    Object,
}

impl<'a> Cell<'a> {
    pub(super) fn read(json: Option<&'a RawValue>) -> Self {
        let Some(json) = json else {
            return Self::Null;
        };
        let text = json.get();
        match text.as_bytes().first() {
            Some(b't') => Self::Bool(true),
            Some(b'f') => Self::Bool(false),
            Some(b'"') => special::string(json).map_or(Self::Null, Self::Text),
            Some(b'[') => Self::Array(json),
            Some(b'{') => {
                let typed = Extended::read(json).and_then(|typed| cell(&typed));
                typed.unwrap_or(Self::Object(json))
            }
            Some(b'-' | b'0'..=b'9') => match text.parse::<i64>() {
                Ok(integer) => Self::Int(integer),
                Err(_) => text.parse().map_or(Self::Null, Self::Float),
            },
            _ => Self::Null,
        }
    }

    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Null => Kind::Null,
            Self::Bool(_) => Kind::Bool,
            Self::Int(_) => Kind::Int,
            Self::Float(_) => Kind::Float,
            Self::Text(_) => Kind::Text,
            Self::Timestamp(_) => Kind::Timestamp,
            Self::Datetime(_) => Kind::Datetime,
            Self::Date(_) => Kind::Date,
            Self::Time(_) => Kind::Time,
            Self::Bytes(_) => Kind::Bytes,
            Self::Array(_) => Kind::Array,
            Self::Object(_) => Kind::Object,
        }
    }
}

/// The value of extended JSON, if its type is one of SQL and it can be read.
fn cell(typed: &Extended<'_>) -> Option<Cell<'static>> {
    if typed.is("timestamp")
        && let Ok(micros) = typed.value.get().parse()
    {
        return Some(Cell::Timestamp(micros));
    }
    let text = special::string(typed.value)?;
    let text = text.as_ref();
    let moment = |text: &str| {
        let formats = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"];
        let read = |format: &&str| NaiveDateTime::parse_from_str(text, format).ok();
        let time = formats.iter().find_map(read)?;
        Some(time.and_utc().timestamp_micros())
    };
    match typed.kind.to_ascii_lowercase().as_str() {
        "timestamp" => {
            let zoned = DateTime::parse_from_rfc3339(text).ok();
            zoned.map(|t| t.timestamp_micros()).or_else(|| moment(text)).map(Cell::Timestamp)
        }
        "datetime" => moment(text.trim_end_matches('Z')).map(Cell::Datetime),
        "date" => {
            let date: NaiveDate = text.parse().ok()?;
            let epoch = NaiveDate::default().num_days_from_ce();
            Some(Cell::Date(date.num_days_from_ce() - epoch))
        }
        "time" => {
            let time: NaiveTime = text.parse().ok()?;
            let seconds = i64::from(time.num_seconds_from_midnight());
            Some(Cell::Time(seconds * 1_000_000 + i64::from(time.nanosecond() / 1_000)))
        }
        "bytes" => STANDARD.decode(text).ok().map(Cell::Bytes),
        _ => None,
    }
}

/// A column of cells, all of which are of this kind or null.
pub(super) fn column(kind: Kind, cells: &[&Cell<'_>]) -> ArrayRef {
    macro_rules! of {
        ($array:ty, $variant:path) => {
            Arc::new(<$array>::from_iter(cells.iter().map(|cell| match cell {
                $variant(value) => Some(value.clone()),
                _ => None,
            })))
        };
    }
    match kind {
        Kind::Null => new_null_array(&DataType::Null, cells.len()),
        Kind::Bool => of!(BooleanArray, Cell::Bool),
        Kind::Int => of!(Int64Array, Cell::Int),
        Kind::Float => of!(Float64Array, Cell::Float),
        Kind::Text => of!(StringArray, Cell::Text),
        Kind::Timestamp => {
            let times = cells.iter().map(|cell| match cell {
                Cell::Timestamp(micros) => Some(*micros),
                _ => None,
            });
            Arc::new(TimestampMicrosecondArray::from_iter(times).with_timezone("UTC"))
        }
        Kind::Datetime => of!(TimestampMicrosecondArray, Cell::Datetime),
        Kind::Date => of!(Date32Array, Cell::Date),
        Kind::Time => of!(Time64MicrosecondArray, Cell::Time),
        Kind::Bytes => of!(LargeBinaryArray, Cell::Bytes),
        Kind::Array | Kind::Object => {
            let texts: Vec<Option<&str>> = cells.iter().map(|cell| nested(cell)).collect();
            typed(&texts).unwrap_or_else(|| Arc::new(StringArray::from_iter(texts)))
        }
    }
}

fn nested<'a>(cell: &Cell<'a>) -> Option<&'a str> {
    match cell {
        Cell::Array(json) | Cell::Object(json) => Some(json.get()),
        _ => None,
    }
}

/// Arrays or objects as Arrow has them, if their elements and fields have the same types
/// throughout.
fn typed(texts: &[Option<&str>]) -> Option<ArrayRef> {
    let mut lines = String::new();
    for text in texts {
        lines.push_str(r#"{"v":"#);
        // A line end can only be between two values: within a string it is escaped.
        lines.extend(text.unwrap_or("null").chars().map(|c| match c {
            '\n' | '\r' => ' ',
            c => c,
        }));
        lines.push_str("}\n");
    }
    let values = lines.lines().map(|line| {
        serde_json::from_str::<Value>(line)
            .map_err(|error| arrow::error::ArrowError::from_external_error(error.into()))
    });
    let schema: Schema = infer_json_schema_from_iterator(values).ok()?;
    let reader = ReaderBuilder::new(Arc::new(schema)).with_batch_size(texts.len());
    let mut decoder = reader.build_decoder().ok()?;
    decoder.decode(lines.as_bytes()).ok()?;
    let batch = decoder.flush().ok()??;
    let column = batch.columns().first()?;
    (column.len() == texts.len()).then(|| column.clone())
}
