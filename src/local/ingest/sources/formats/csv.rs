//! CSV, as `format_params.csv` describes it.

use super::Record;
use super::quotes::Quotes;
use super::stream::{Parser, RecordBuffer};
use crate::rockset::types::CsvParams;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use serde_json::{Value, json};
use std::borrow::Cow;

/// Format of a CSV file.
#[derive(Debug, Clone, PartialEq)]
pub struct Csv {
    separator: u8,
    /// Encloses values; `None` if no character does.
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
    /// Format of a CSV file of which only the name is known: its first line names the columns.
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

/// Incremental parser from CSV to records.
#[derive(Debug)]
pub(super) struct Records {
    csv: Csv,
    /// `None` if no character encloses values.
    quotes: Option<Quotes>,
    reader: Reader,
    /// Names of the columns, from the first line or the settings.
    names: Vec<String>,
    /// Whether the next line has the names.
    first_line: bool,
    /// Values of the current record, one after the other.
    values: Vec<u8>,
    values_len: usize,
    /// End of each value in `values`.
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
        let quotes = csv.quote.map(|quote| Quotes::new(csv.separator, quote, csv.escape));
        Self {
            reader,
            quotes,
            names: csv.names.clone(),
            first_line: csv.first_line_names,
            csv,
            values: vec![0; 1 << 10],
            values_len: 0,
            ends: vec![0; 1 << 5],
            ends_len: 0,
        }
    }

    /// Parses until the bytes are used up. An empty slice means the end of the file.
    fn read(&mut self, mut text: &[u8], records: &mut RecordBuffer) {
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
            // An empty slice would mean the end of the file.
            if text.is_empty() && !is_end {
                return;
            }
        }
    }

    fn finish(&mut self, records: &mut RecordBuffer) {
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
    fn feed(&mut self, text: &[u8], records: &mut RecordBuffer) {
        let Some(quotes) = &mut self.quotes else { return self.read(text, records) };
        let mut passed = Vec::with_capacity(text.len());
        quotes.pass(text, &mut passed);
        // An empty slice would mean the end of the file.
        if !passed.is_empty() {
            self.read(&passed, records);
        }
    }

    fn end(&mut self, records: &mut RecordBuffer) {
        let mut left = Vec::new();
        if let Some(quotes) = &mut self.quotes {
            quotes.end(&mut left);
        }
        if !left.is_empty() {
            self.read(&left, records);
        }
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

/// The document of a record. Columns without a name are called `column1`, `column2`, ….
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
    if latin_1 {
        return Ok(bytes.iter().map(|byte| char::from(*byte)).collect::<String>().into());
    }
    std::str::from_utf8(bytes).map(Cow::from).map_err(|error| error.to_string())
}

/// A value in the type of its column. An empty one is null, unless the type is text.
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
