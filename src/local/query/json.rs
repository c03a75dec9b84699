//! Arrow columns as JSON, in the way that the API writes it.
//!
//! Dates, times and bytes become extended JSON, decimals plain numbers, and a float without a
//! number in JSON becomes null. A date or time beyond the years that can be written makes its row
//! an error.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, make_array};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, FieldRef, Time64MicrosecondType, TimeUnit, TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use arrow::json::writer::{Encoder, EncoderFactory, EncoderOptions, NullableEncoder, make_encoder};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveTime, SecondsFormat, TimeDelta};
use parking_lot::Mutex;
use std::sync::Arc;

/// Rows of a batch, each as the text of a JSON object with all its columns, or the reason why it
/// can't be written.
pub fn rows(batch: &RecordBatch) -> Result<Vec<Result<String, String>>, ArrowError> {
    let wrong = RowError::default();
    let options = options(&wrong);
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
        rows.push(match wrong.take() {
            None => Ok(String::from_utf8_lossy(&text).into_owned()),
            Some(wrong) => Err(wrong),
        });
    }
    Ok(rows)
}

/// Error in the current row. An encoder can't return one itself.
#[derive(Debug, Clone, Default)]
struct RowError(Arc<Mutex<Option<String>>>);

impl RowError {
    fn take(&self) -> Option<String> {
        self.0.lock().take()
    }
}

fn value(column: &mut NullableEncoder<'_>, row: usize, text: &mut Vec<u8>) {
    if column.is_null(row) {
        text.extend_from_slice(b"null");
    } else {
        column.encode(row, text);
    }
}

fn options(wrong: &RowError) -> EncoderOptions {
    let factory = Arc::new(Extended(wrong.clone()));
    EncoderOptions::default().with_explicit_nulls(true).with_encoder_factory(factory)
}

/// Makes the encoders of the types that JSON does not have.
#[derive(Debug)]
struct Extended(RowError);

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
            T::Timestamp(_, None) => (ScalarType::Datetime, T::Timestamp(micros, None)),
            T::Timestamp(_, Some(_)) => (ScalarType::Timestamp, T::Timestamp(micros, None)),
            T::Date32 | T::Date64 => (ScalarType::Date, T::Date32),
            T::Time32(_) | T::Time64(_) => (ScalarType::Time, T::Time64(micros)),
            T::Binary | T::LargeBinary | T::BinaryView | T::FixedSizeBinary(_) => {
                (ScalarType::Bytes, T::LargeBinary)
            }
            T::Decimal32(..) | T::Decimal64(..) | T::Decimal128(..) | T::Decimal256(..) => {
                (ScalarType::Number, T::Utf8)
            }
            _ => return Ok(None),
        };
        let array = make_array(array.to_data());
        // The casts below turn values that are too large into nulls. These are the nulls from
        // before.
        let nulls = array.nulls().cloned();
        // Without this, a timestamp would be cast to the clock of its zone.
        let array = match array.data_type() {
            T::Timestamp(unit, Some(_)) => {
                cast(&cast(&array, &T::Int64)?, &T::Timestamp(*unit, None))?
            }
            _ => array,
        };
        let array = match (&kind, array.data_type()) {
            (ScalarType::Bytes, T::FixedSizeBinary(_)) => cast(&cast(&array, &T::Binary)?, &held)?,
            _ => cast(&array, &held)?,
        };
        let typed = Typed { kind, array, wrong: self.0.clone() };
        Ok(Some(NullableEncoder::new(Box::new(typed), nulls)))
    }
}

#[derive(Debug)]
enum ScalarType {
    Timestamp,
    Datetime,
    Date,
    Time,
    Bytes,
    Number,
}

struct Typed {
    kind: ScalarType,
    array: ArrayRef,
    wrong: RowError,
}

impl Encoder for Typed {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        match self.text(row).filter(|_| !self.array.is_null(row)) {
            Some(text) => out.extend_from_slice(text.as_bytes()),
            None => {
                let kind = format!("{:?}", self.kind).to_lowercase();
                self.wrong.0.lock().get_or_insert(format!("A {kind} is beyond all years"));
            }
        }
    }
}

impl Typed {
    /// `None` if the value is beyond the years that can be written.
    fn text(&self, row: usize) -> Option<String> {
        let micros = || self.array.as_primitive::<TimestampMicrosecondType>().value(row);
        let moment = || {
            let time = DateTime::from_timestamp_micros(micros())?;
            Some(time.to_rfc3339_opts(SecondsFormat::Micros, true))
        };
        Some(match self.kind {
            ScalarType::Number => self.array.as_string::<i32>().value(row).to_string(),
            ScalarType::Timestamp => scalar("timestamp", &moment()?),
            ScalarType::Datetime => scalar("datetime", moment()?.trim_end_matches('Z')),
            ScalarType::Date => {
                let days = self.array.as_primitive::<Date32Type>().value(row);
                let date = DateTime::UNIX_EPOCH.checked_add_signed(TimeDelta::days(days.into()))?;
                scalar("date", &date.date_naive().to_string())
            }
            ScalarType::Time => {
                let micros = self.array.as_primitive::<Time64MicrosecondType>().value(row);
                let time = NaiveTime::MIN + TimeDelta::microseconds(micros);
                scalar("time", &time.format("%H:%M:%S%.6f").to_string())
            }
            ScalarType::Bytes => {
                scalar("bytes", &STANDARD.encode(self.array.as_binary::<i64>().value(row)))
            }
        })
    }
}

/// Extended JSON of a value.
fn scalar(kind: &str, value: &str) -> String {
    format!(r#"{{"__rockset_type":"{kind}","value":"{value}"}}"#)
}
