//! CSV, as `format_params.csv` describes it.

use super::Record;
use super::stream::{Gathered, Parser};
use crate::rockset::types::CsvParams;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use serde_json::{Value, json};
use std::borrow::Cow;

/// How a CSV file is written.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::local::engine) struct Csv {
    separator: u8,
    /// `None` if no character encloses a value.
    quote: Option<u8>,
    escape: u8,
    latin_1: bool,
    first_line_names: bool,
    names: Vec<String>,
    types: Vec<Type>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Type {
    Text,
    Bool,
    Int,
    Float,
    Time,
    Date,
    Datetime,
    Timestamp,
}

impl Csv {
    /// CSV of which nothing is known but its name: its first line names the columns.
    pub(super) fn by_name(separator: u8) -> Self {
        Self {
            separator,
            quote: Some(b'"'),
            escape: b'\\',
            latin_1: false,
            first_line_names: true,
            names: Vec::new(),
            types: Vec::new(),
        }
    }
}

impl TryFrom<&CsvParams> for Csv {
    type Error = String;

    fn try_from(params: &CsvParams) -> Result<Self, String> {
        let character = |place: &str, given: &Option<String>, default: u8| match given.as_deref() {
            None => Ok(default),
            Some(text) => match text.as_bytes() {
                [] => Ok(0),
                [byte] if byte.is_ascii() => Ok(*byte),
                _ => Err(format!("{place}: {text:?} is not one ASCII character")),
            },
        };
        let encoding = params.encoding.as_deref().unwrap_or("UTF-8");
        let latin_1 = match encoding.to_ascii_uppercase().replace('_', "-").as_str() {
            "" | "UTF-8" | "US-ASCII" => false,
            "ISO-8859-1" => true,
            _ => return Err(format!("encoding: {encoding:?} is neither UTF-8 nor ISO_8859_1")),
        };
        let types = params.column_types.iter().map(|kind| kind.to_string());
        let quote = character("quoteChar", &params.quote_char, b'"')?;
        let separator = character("separator", &params.separator, b',')?;
        if separator == 0 {
            return Err("separator: it is empty".to_string());
        }
        Ok(Self {
            separator,
            quote: Some(quote).filter(|quote| *quote != 0),
            escape: character("escapeChar", &params.escape_char, b'\\')?,
            latin_1,
            first_line_names: params.first_line_as_column_names.unwrap_or_default(),
            names: params.column_names.clone(),
            types: types.map(|kind| column_type(&kind)).collect::<Result<_, _>>()?,
        })
    }
}

fn column_type(kind: &str) -> Result<Type, String> {
    Ok(match kind {
        "UNKNOWN" | "STRING" => Type::Text,
        "BOOLEAN" | "BOOL" => Type::Bool,
        "INTEGER" | "INT" => Type::Int,
        "FLOAT" => Type::Float,
        "TIME" => Type::Time,
        "DATE" => Type::Date,
        "DATETIME" => Type::Datetime,
        "TIMESTAMP" => Type::Timestamp,
        other => return Err(format!("columnTypes: there is no type {other:?}")),
    })
}

/// CSV on its way to records.
#[derive(Debug)]
pub(super) struct Records {
    csv: Csv,
    reader: Reader,
    /// Names of the columns, from the first line or the settings.
    names: Vec<String>,
    /// Whether the next line has the names.
    first_line: bool,
    /// The values of the record that is being read, one behind the other.
    values: Vec<u8>,
    values_len: usize,
    /// Where each value ends.
    ends: Vec<usize>,
    ends_len: usize,
}

impl Records {
    pub(super) fn new(csv: Csv) -> Self {
        let reader = ReaderBuilder::new()
            .delimiter(csv.separator)
            .quoting(csv.quote.is_some())
            .quote(csv.quote.unwrap_or(b'"'))
            .escape(Some(csv.escape).filter(|escape| *escape != 0))
            .build();
        Self {
            reader,
            names: csv.names.clone(),
            first_line: csv.first_line_names,
            csv,
            values: vec![0; 1 << 10],
            values_len: 0,
            ends: vec![0; 1 << 5],
            ends_len: 0,
        }
    }

    /// Reads on until these bytes are used up. No bytes are the end.
    fn read(&mut self, mut text: &[u8], records: &mut Gathered) {
        let is_end = text.is_empty();
        loop {
            let (values, ends) =
                (&mut self.values[self.values_len..], &mut self.ends[self.ends_len..]);
            let (result, read, written, ended) = self.reader.read_record(text, values, ends);
            text = &text[read..];
            self.values_len += written;
            self.ends_len += ended;
            match result {
                ReadRecordResult::OutputFull => self.values.resize(2 * self.values.len(), 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(2 * self.ends.len(), 0),
                ReadRecordResult::Record => self.finish(records),
                ReadRecordResult::InputEmpty | ReadRecordResult::End => return,
            }
            // No bytes would say that there are no more to come.
            if text.is_empty() && !is_end {
                return;
            }
        }
    }

    fn finish(&mut self, records: &mut Gathered) {
        let record = Values { values: &self.values, ends: &self.ends[..self.ends_len] };
        if !std::mem::take(&mut self.first_line) {
            records.push(document(&record, &self.names, &self.csv));
        } else if self.names.is_empty() {
            let header = record.iter().map(|name| decode(name, self.csv.latin_1));
            self.names = header.map(|name| name.unwrap_or_default().into()).collect();
            if let Some(first) = self.names.first_mut() {
                *first = first.trim_start_matches('\u{feff}').to_string();
            }
        }
        (self.values_len, self.ends_len) = (0, 0);
    }
}

impl Parser for Records {
    fn feed(&mut self, text: &[u8], records: &mut Gathered) {
        self.read(text, records);
    }

    fn end(&mut self, records: &mut Gathered) {
        self.read(&[], records);
    }
}

/// The values of a record.
struct Values<'a> {
    values: &'a [u8],
    ends: &'a [usize],
}

impl<'a> Values<'a> {
    fn iter(&self) -> impl Iterator<Item = &'a [u8]> {
        let begins = std::iter::once(&0).chain(self.ends);
        let values = self.values;
        begins.zip(self.ends).map(move |(begin, end)| &values[*begin..*end])
    }
}

/// A record as a document. Columns without a name are called `column1`, `column2`, ….
fn document(record: &Values<'_>, names: &[String], csv: &Csv) -> Record {
    if !names.is_empty() && record.ends.len() != names.len() {
        let (found, columns) = (record.ends.len(), names.len());
        return Err(format!("A record has {found} values, and there are {columns} columns"));
    }
    let mut text = String::from("{");
    for (i, value) in record.iter().enumerate() {
        let name = match names.get(i) {
            Some(name) => Value::from(name.as_str()),
            None => Value::from(format!("column{}", i + 1)),
        };
        let kind = csv.types.get(i).copied().unwrap_or(Type::Text);
        let value = decode(value, csv.latin_1).and_then(|value| typed(&value, kind));
        let value = value.map_err(|wrong| format!("Wrong in column {name}: {wrong}"))?;
        if i > 0 {
            text.push(',');
        }
        text.push_str(&format!("{name}:{value}"));
    }
    text.push('}');
    Ok(text)
}

fn decode(bytes: &[u8], latin_1: bool) -> Result<Cow<'_, str>, String> {
    match latin_1 {
        true => Ok(bytes.iter().map(|byte| char::from(*byte)).collect::<String>().into()),
        false => std::str::from_utf8(bytes).map(Cow::from).map_err(|error| error.to_string()),
    }
}

/// A value as its column's type. An empty one is null, unless it is a text.
fn typed(text: &str, kind: Type) -> Result<Value, String> {
    let trimmed = text.trim();
    if kind != Type::Text && trimmed.is_empty() {
        return Ok(Value::Null);
    }
    let of = |kind: &str| json!({ "__rockset_type": kind, "value": trimmed });
    let moment = |text: &str| {
        ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"]
            .iter()
            .any(|format| NaiveDateTime::parse_from_str(text, format).is_ok())
    };
    let value = match kind {
        Type::Text => Some(Value::from(text)),
        Type::Bool if trimmed.eq_ignore_ascii_case("true") => Some(true.into()),
        Type::Bool => trimmed.eq_ignore_ascii_case("false").then(|| false.into()),
        Type::Int => trimmed.parse::<i64>().ok().map(Value::from),
        Type::Float => trimmed.parse::<f64>().ok().map(Value::from),
        Type::Time => trimmed.parse::<NaiveTime>().ok().map(|_| of("time")),
        Type::Date => trimmed.parse::<NaiveDate>().ok().map(|_| of("date")),
        Type::Datetime => moment(trimmed).then(|| of("datetime")),
        Type::Timestamp => {
            let good = DateTime::parse_from_rfc3339(trimmed).is_ok() || moment(trimmed);
            good.then(|| of("timestamp"))
        }
    };
    value.ok_or_else(|| format!("{text:?} is not of the type {kind:?}"))
}
