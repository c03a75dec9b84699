//! Parameters as they are written on the command line.

use crate::rockset::client::queries::Query;
use serde_json::Value;
use std::str::FromStr;

/// A name, a type if one is given, and a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    name: String,
    kind: Option<String>,
    value: String,
}

impl FromStr for Parameter {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text.split_once('=').ok_or("write name=value")?;
        let (name, kind) = match name.split_once(':') {
            Some((name, kind)) => (name, Some(kind.trim().to_string())),
            None => (name, None),
        };
        match (name.trim(), kind.as_deref()) {
            ("", _) | (_, Some("")) => Err("write name=value or name:type=value"),
            (name, _) => Ok(Self { name: name.to_string(), kind, value: value.to_string() }),
        }
    }
}

impl Parameter {
    /// Binds it. Without a type, JSON is what it says, and anything else a string.
    pub(super) fn bind_to(&self, query: Query) -> Query {
        let Self { name, kind, value } = self;
        match kind {
            Some(kind) => query.bind_as(name, kind, value),
            None => query.bind(name, serde_json::from_str(value).unwrap_or(Value::from(&**value))),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_have_a_type() {
        let parameter = |name: &str, kind: Option<&str>, value: &str| Parameter {
            name: name.to_string(),
            kind: kind.map(String::from),
            value: value.to_string(),
        };
        assert_eq!("a=1".parse(), Ok(parameter("a", None, "1")));
        assert_eq!("a=b=c".parse(), Ok(parameter("a", None, "b=c")));
        assert_eq!("a=".parse(), Ok(parameter("a", None, "")));
        assert_eq!("d:date=2024-01-01".parse(), Ok(parameter("d", Some("date"), "2024-01-01")));
        for wrong in ["a", "=1", ":int=1", "a:=1", ""] {
            assert!(wrong.parse::<Parameter>().is_err(), "{wrong}");
        }
    }
}
