//! Columns as JSON: what Arrow holds, in the way that the API writes it.
//!
//! Dates, times and bytes become extended JSON, decimals become plain numbers, and a
//! float that JSON has no number for becomes null.

use crate::local::special_fields::extended;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, make_array};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Field, FieldRef, Time64MicrosecondType, TimeUnit,
    TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use arrow::json::writer::{Encoder, EncoderFactory, EncoderOptions, NullableEncoder, make_encoder};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveTime, SecondsFormat, TimeDelta};
use std::sync::Arc;

/// The rows of a batch, each as the text of a JSON object with all its columns.
pub(super) fn rows(batch: &RecordBatch) -> Result<Vec<String>, ArrowError> {
    let options = options();
    let schema = batch.schema();
    let mut columns = Vec::with_capacity(batch.num_columns());
    for (field, array) in schema.fields().iter().zip(batch.columns()) {
        let key = format!("{}:", serde_json::Value::from(field.name().as_str()));
        columns.push((key, make_encoder(field, array, &options)?));
    }
    let mut text = Vec::new();
    let mut rows = Vec::with_capacity(batch.num_rows());
    for row in 0..batch.num_rows() {
        text.clear();
        text.push(b'{');
        for (i, (key, column)) in columns.iter_mut().enumerate() {
            if i > 0 {
                text.push(b',');
            }
            text.extend_from_slice(key.as_bytes());
            value(column, row, &mut text);
        }
        text.push(b'}');
        rows.push(String::from_utf8_lossy(&text).into_owned());
    }
    Ok(rows)
}

/// The values of a column, each as the text of JSON.
pub(super) fn values(array: &ArrayRef) -> Result<Vec<String>, ArrowError> {
    let options = options();
    let field: FieldRef = Arc::new(Field::new("value", array.data_type().clone(), true));
    let mut column = make_encoder(&field, array, &options)?;
    let text = |row| {
        let mut text = Vec::new();
        value(&mut column, row, &mut text);
        String::from_utf8_lossy(&text).into_owned()
    };
    Ok((0..array.len()).map(text).collect())
}

fn value(column: &mut NullableEncoder<'_>, row: usize, text: &mut Vec<u8>) {
    match column.is_null(row) {
        true => text.extend_from_slice(b"null"),
        false => column.encode(row, text),
    }
}

fn options() -> EncoderOptions {
    EncoderOptions::default().with_explicit_nulls(true).with_encoder_factory(Arc::new(Extended))
}

/// Makes the encoders of the types that JSON does not have.
#[derive(Debug)]
struct Extended;

impl EncoderFactory for Extended {
    fn make_default_encoder<'a>(
        &self,
        _: &'a FieldRef,
        array: &'a dyn Array,
        _: &'a EncoderOptions,
    ) -> Result<Option<NullableEncoder<'a>>, ArrowError> {
        use DataType as T;
        let micros = TimeUnit::Microsecond;
        let (kind, held) = match array.data_type() {
            T::Timestamp(_, None) => (Kind::Datetime, T::Timestamp(micros, None)),
            T::Timestamp(_, Some(_)) => (Kind::Timestamp, T::Timestamp(micros, None)),
            T::Date32 | T::Date64 => (Kind::Date, T::Date32),
            T::Time32(_) | T::Time64(_) => (Kind::Time, T::Time64(micros)),
            T::Binary | T::LargeBinary | T::BinaryView | T::FixedSizeBinary(_) => {
                (Kind::Bytes, T::LargeBinary)
            }
            T::Decimal32(..) | T::Decimal64(..) | T::Decimal128(..) | T::Decimal256(..) => {
                (Kind::Number, T::Utf8)
            }
            _ => return Ok(None),
        };
        let array = make_array(array.to_data());
        // Without its zone, a timestamp would be cast to the clock of that zone.
        let array = match array.data_type() {
            T::Timestamp(unit, Some(_)) => {
                cast(&cast(&array, &T::Int64)?, &T::Timestamp(*unit, None))?
            }
            _ => array,
        };
        let array = match (&kind, array.data_type()) {
            (Kind::Bytes, T::FixedSizeBinary(_)) => cast(&cast(&array, &T::Binary)?, &held)?,
            _ => cast(&array, &held)?,
        };
        let nulls = array.nulls().cloned();
        Ok(Some(NullableEncoder::new(Box::new(Typed { kind, array }), nulls)))
    }
}

enum Kind {
    Timestamp,
    Datetime,
    Date,
    Time,
    Bytes,
    Number,
}

struct Typed {
    kind: Kind,
    array: ArrayRef,
}

impl Encoder for Typed {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        let text = match self.kind {
            Kind::Number => self.array.as_string::<i32>().value(row).to_string(),
            Kind::Timestamp => {
                extended(self.array.as_primitive::<TimestampMicrosecondType>().value(row))
            }
            Kind::Datetime => {
                let micros = self.array.as_primitive::<TimestampMicrosecondType>().value(row);
                let time = DateTime::from_timestamp_micros(micros).unwrap_or_default();
                let time = time.to_rfc3339_opts(SecondsFormat::Micros, true);
                scalar("datetime", time.trim_end_matches('Z'))
            }
            Kind::Date => {
                let days = self.array.as_primitive::<Date32Type>().value(row);
                let date = DateTime::UNIX_EPOCH + TimeDelta::days(days.into());
                scalar("date", &date.date_naive().to_string())
            }
            Kind::Time => {
                let micros = self.array.as_primitive::<Time64MicrosecondType>().value(row);
                let time = NaiveTime::MIN + TimeDelta::microseconds(micros);
                scalar("time", &time.format("%H:%M:%S%.6f").to_string())
            }
            Kind::Bytes => {
                scalar("bytes", &STANDARD.encode(self.array.as_binary::<i64>().value(row)))
            }
        };
        out.extend_from_slice(text.as_bytes());
    }
}

/// A value of a type that JSON does not have.
fn scalar(kind: &str, value: &str) -> String {
    format!(r#"{{"__rockset_type":"{kind}","value":"{value}"}}"#)
}
