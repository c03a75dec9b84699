//! Literals and parameters.

use super::binder::Binder;
use super::typed::Typed;
use crate::local::query::functions::{self, Unit};
use crate::local::query::sql_error::{Place, SqlError, SqlResult};
use crate::local::query::syntax::place_of;
use crate::local::query::value::{Kind, Value};
use sqlparser::ast::{self, DateTimeField, Spanned};

impl Binder<'_> {
    pub(super) fn literal(&self, literal: &ast::ValueWithSpan) -> SqlResult<Typed> {
        let place = place_of(literal.span);
        let value = match &literal.value {
            ast::Value::Number(digits, _) => number(digits),
            ast::Value::SingleQuotedString(text)
            | ast::Value::UnicodeStringLiteral(text)
            | ast::Value::EscapedStringLiteral(text)
            | ast::Value::NationalStringLiteral(text) => Value::string(text),
            ast::Value::HexStringLiteral(digits) => Value::Bytes(hex(digits).ok_or_else(|| {
                SqlError::new(format!("X'{digits}' is not hexadecimal")).at(place)
            })?),
            ast::Value::Boolean(bool) => Value::Bool(*bool),
            ast::Value::Null => Value::Null,
            ast::Value::Placeholder(name) => self.parameter(name, place)?,
            other => return Err(SqlError::unsupported(format!("The literal {other}")).at(place)),
        };
        Ok(Typed::constant(&value))
    }

    fn parameter(&self, name: &str, place: Option<Place>) -> SqlResult<Value> {
        let name = name.trim_start_matches(':');
        let value = self.context.parameters.get(name).cloned();
        value.ok_or_else(|| {
            let message = format!("The query uses the parameter {name:?}, which is not given");
            SqlError::new(message).at(place)
        })
    }

    /// `DATE '2018-05-26'`, and the like.
    pub(super) fn typed_string(&self, typed: &ast::TypedString) -> SqlResult<Typed> {
        let place = place_of(typed.value.span);
        let wrong = |message: String| SqlError::new(message).at(place);
        let Some(text) = typed.value.clone().into_string() else {
            return Err(wrong("A text is needed here".to_string()));
        };
        let name = typed.data_type.to_string();
        let value = match Kind::from_name(&name) {
            Some(Kind::Date) => functions::date_literal(&text),
            Some(Kind::Time) => functions::time_literal(&text),
            Some(Kind::Datetime) => functions::datetime_literal(&text),
            Some(Kind::Timestamp) => functions::timestamp_literal(&text),
            Some(kind) => functions::cast(&Value::String(text), kind),
            None => Err(format!("There is no type {name}")),
        };
        value.map(|value| Typed::constant(&value)).map_err(wrong)
    }

    /// `INTERVAL 5 MINUTE`, `INTERVAL '3-4' YEAR TO MONTH`.
    pub(super) fn interval(&mut self, interval: &ast::Interval) -> SqlResult<Typed> {
        let place = place_of(interval.value.span());
        let wrong = |message: String| SqlError::new(message).at(place);
        let value = self.expression(&interval.value)?;
        let text = match value.value() {
            Some(Value::String(text)) => text,
            Some(Value::Int(int)) => int.to_string(),
            Some(Value::Float(float)) => float.to_string(),
            _ => return Err(wrong("The length of an interval is a number or a text".to_string())),
        };
        let units = [&interval.leading_field, &interval.last_field];
        let [from, to] = units.map(|field| field.as_ref().map(unit));
        let (from, to) = (from.transpose().map_err(wrong)?, to.transpose().map_err(wrong)?);
        let value = match from {
            Some(from) => functions::interval_literal(&text, from, to).map_err(wrong)?,
            None => spelled_out(&text).map_err(wrong)?,
        };
        Ok(Typed::constant(&value))
    }
}

/// `12` is an int; a point or an exponent makes a float, and so does what an int can't hold.
pub(super) fn number(digits: &str) -> Value {
    match digits.parse() {
        Ok(int) => Value::Int(int),
        Err(_) => Value::Float(digits.parse().unwrap_or(f64::NAN)),
    }
}

fn hex(digits: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        digits.chars().map(|digit| Some(digit.to_digit(16)? as u8)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

fn unit(field: &DateTimeField) -> Result<Unit, String> {
    Unit::from_name(&field.to_string()).ok_or_else(|| format!("{field} is no unit of an interval"))
}

/// `INTERVAL '5 minutes'`, with its unit in the text.
fn spelled_out(text: &str) -> Result<Value, String> {
    let wrong = || format!("The interval {text:?} has no unit, such as MINUTE");
    let (number, name) = text.trim().rsplit_once(char::is_whitespace).ok_or_else(wrong)?;
    let unit = Unit::from_name(name).ok_or_else(wrong)?;
    functions::interval_literal(number.trim(), unit, None)
}
