//! A call of a function: its arguments, with the types that the function needs.

use super::number;
use crate::local::query::value::Value;

/// The arguments of a call.
#[derive(Debug)]
pub struct Call<'a> {
    /// The function's name, for messages.
    pub name: &'static str,
    pub args: &'a [Value],
    /// Microseconds since the epoch at which the query began.
    pub now: i64,
}

impl<'a> Call<'a> {
    /// An argument, counted from 0; undefined where there is none.
    pub fn value(&self, index: usize) -> &'a Value {
        self.args.get(index).unwrap_or(&Value::Undefined)
    }

    pub fn string(&self, index: usize) -> Result<&'a str, String> {
        match self.value(index) {
            Value::String(text) => Ok(text),
            _ => Err(self.wrong(index, "a string")),
        }
    }

    pub fn int(&self, index: usize) -> Result<i64, String> {
        match self.value(index) {
            Value::Int(int) => Ok(*int),
            _ => Err(self.wrong(index, "an int")),
        }
    }

    /// A number without its fraction.
    pub fn whole(&self, index: usize) -> Result<i64, String> {
        match self.value(index) {
            Value::Float(float) => {
                number::truncated(*float).ok_or_else(|| self.wrong(index, "an int"))
            }
            _ => self.int(index),
        }
    }

    /// An `int` or a `float`.
    pub fn number(&self, index: usize) -> Result<f64, String> {
        self.value(index).as_f64().ok_or_else(|| self.wrong(index, "a number"))
    }

    pub fn array(&self, index: usize) -> Result<&'a [Value], String> {
        match self.value(index) {
            Value::Array(elements) => Ok(elements),
            _ => Err(self.wrong(index, "an array")),
        }
    }

    pub fn object(&self, index: usize) -> Result<&'a [(String, Value)], String> {
        match self.value(index) {
            Value::Object(fields) => Ok(fields),
            _ => Err(self.wrong(index, "an object")),
        }
    }

    /// Bytes, or the bytes of a string in UTF-8.
    pub fn bytes(&self, index: usize) -> Result<&'a [u8], String> {
        match self.value(index) {
            Value::Bytes(bytes) => Ok(bytes),
            Value::String(text) => Ok(text.as_bytes()),
            _ => Err(self.wrong(index, "bytes or a string")),
        }
    }

    /// Whether there is an argument of this index.
    pub fn has(&self, index: usize) -> bool {
        index < self.args.len()
    }

    /// That an argument isn't what is needed.
    pub fn wrong(&self, index: usize, needed: &str) -> String {
        let given = self.value(index).described();
        format!("{}: argument {} has to be {needed}, not {given}", self.name, index + 1)
    }

    /// An error of this call.
    pub fn error(&self, what: impl std::fmt::Display) -> String {
        format!("{}: {what}", self.name)
    }
}
