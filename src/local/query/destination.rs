//! Where `INSERT INTO 's3://…'` writes.

use super::sql_error::{SqlError, SqlResult};
use super::syntax::{Export, place_of};
use sqlparser::ast::{Expr, Spanned, Value, ValueWithSpan};

/// A part of a bucket, and how rows are written there.
#[derive(Debug, Clone)]
pub struct Destination {
    pub bucket: String,
    /// Path of the objects, without slashes around it.
    pub prefix: String,
    /// The integration whose credentials are used; none if it is empty.
    pub integration: String,
    pub format: Format,
    /// Whether the id of the query is a part of the path.
    pub has_query_id: bool,
    /// Fields whose values are parts of the path.
    pub partition_by: Vec<String>,
}

/// Format of the objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A JSON object a line.
    Json,
    Parquet,
}

impl Destination {
    pub(super) fn of(export: &Export) -> SqlResult<Self> {
        let wrong = |message: &str| SqlError::new(message).at(place_of(export.place));
        let path = export.url.strip_prefix("s3://").filter(|path| !path.is_empty());
        let path =
            path.ok_or_else(|| wrong("INSERT INTO takes a URL of the form s3://bucket/path"))?;
        let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
        let partition_by = export.partition_by.iter().map(field).collect::<SqlResult<_>>()?;
        let mut destination = Self {
            bucket: bucket.to_string(),
            prefix: prefix.trim_matches('/').to_string(),
            integration: String::new(),
            format: Format::Json,
            has_query_id: false,
            partition_by,
        };
        for (name, value) in &export.settings {
            destination.set(name, value).map_err(|error| error.at(place_of(value.span())))?;
        }
        if !destination.partition_by.is_empty() && export.query.order_by.is_some() {
            return Err(wrong("PARTITION BY and ORDER BY exclude each other"));
        }
        Ok(destination)
    }

    fn set(&mut self, name: &str, value: &Expr) -> SqlResult<()> {
        match name {
            "INTEGRATION" => self.integration = text(name, value)?.to_string(),
            "CREDENTIALS.AWS_ROLE" | "CREDENTIALS.AWS_EXTERNAL_ID" => {
                let message = "The local Rockset can't assume an AWS role: name an INTEGRATION \
                               with an aws_access_key";
                return Err(SqlError::new(message));
            }
            "FORMAT.TYPE" => {
                self.format = match text(name, value)?.to_ascii_uppercase().as_str() {
                    "JSON" => Format::Json,
                    "PARQUET" => Format::Parquet,
                    other => {
                        let message = format!("FORMAT.TYPE is JSON or PARQUET, not {other}");
                        return Err(SqlError::new(message));
                    }
                }
            }
            "FORMAT.INCLUDE_QUERY_ID" => self.has_query_id = bool(name, value)?,
            _ => return Err(SqlError::new(format!("INSERT INTO has no setting {name}"))),
        }
        Ok(())
    }
}

fn text<'a>(name: &str, value: &'a Expr) -> SqlResult<&'a str> {
    match value {
        Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), .. }) => Ok(text),
        _ => Err(SqlError::new(format!("{name} takes a string"))),
    }
}

fn bool(name: &str, value: &Expr) -> SqlResult<bool> {
    match value {
        Expr::Value(ValueWithSpan { value: Value::Boolean(bool), .. }) => Ok(*bool),
        _ => Err(SqlError::new(format!("{name} takes true or false"))),
    }
}

/// A field of `PARTITION BY`.
fn field(expr: &Expr) -> SqlResult<String> {
    match expr {
        Expr::Identifier(name) => Ok(name.value.clone()),
        other => {
            let error = SqlError::new("PARTITION BY takes the names of columns");
            Err(error.at(place_of(other.span())))
        }
    }
}
