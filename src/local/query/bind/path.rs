//! Names with what is read of their values: `a.b['c'][1]`.

use super::binder::Binder;
use super::typed::Typed;
use crate::local::query::operation::Op;
use crate::local::query::sql_error::{SqlError, SqlResult};
use crate::local::query::syntax::place_of;
use crate::local::query::types::Type;
use crate::local::query::value::Value;
use sqlparser::ast::{self, AccessExpr, Spanned, Subscript};

impl Binder<'_> {
    /// `root.name['field'][1]`.
    pub(super) fn access(&mut self, root: &ast::Expr, chain: &[AccessExpr]) -> SqlResult<Typed> {
        // Names at the beginning are looked up together, as one path.
        let mut path = match root {
            ast::Expr::Identifier(name) => vec![name.value.clone()],
            ast::Expr::CompoundIdentifier(names) => texts(names),
            ast::Expr::Function(function) => bare_names(function).unwrap_or_default(),
            _ => Vec::new(),
        };
        let mut chain = chain.iter().peekable();
        let mut value = match path.is_empty() {
            true => self.expression(root)?,
            false => {
                while let Some(name) = chain.peek().and_then(|access| constant_name(access)) {
                    path.push(name);
                    chain.next();
                }
                self.name(&path)?
            }
        };
        for access in chain {
            value = match access {
                AccessExpr::Dot(field) if field_name(field).is_some() => {
                    self.nested(value, &field_name(field).into_iter().collect::<Vec<_>>())
                }
                AccessExpr::Subscript(Subscript::Index { index }) => {
                    let key = self.expression(index)?;
                    match key.value() {
                        Some(Value::String(name)) => self.nested(value, &[name]),
                        _ => {
                            let boxed = self.boxed(value);
                            self.operation(
                                Op::Subscript,
                                vec![boxed, key],
                                Type::Any,
                                place_of(index.span()),
                            )
                        }
                    }
                }
                other => return Err(SqlError::unsupported(format!("The access {other}"))),
            };
        }
        Ok(value)
    }
}

/// A word that stands for a value, or for a function without parentheses.
pub(super) fn keyword(word: &str) -> Option<Result<Value, &'static str>> {
    const CLOCKS: [&str; 6] = [
        "CURRENT_DATE",
        "CURRENT_DATETIME",
        "CURRENT_TIME",
        "CURRENT_TIMESTAMP",
        "LOCALTIME",
        "LOCALTIMESTAMP",
    ];
    if word.eq_ignore_ascii_case("undefined") {
        return Some(Ok(Value::Undefined));
    }
    if word.eq_ignore_ascii_case("null_value") {
        return Some(Ok(Value::Null));
    }
    CLOCKS.into_iter().find(|clock| clock.eq_ignore_ascii_case(word)).map(|clock| {
        Err(match clock {
            "LOCALTIME" => "CURRENT_TIME",
            "LOCALTIMESTAMP" => "CURRENT_DATETIME",
            clock => clock,
        })
    })
}

pub(super) fn texts(names: &[ast::Ident]) -> Vec<String> {
    names.iter().map(|name| name.value.clone()).collect()
}

fn constant_name(access: &AccessExpr) -> Option<String> {
    match access {
        AccessExpr::Dot(field) => field_name(field),
        AccessExpr::Subscript(Subscript::Index { index: ast::Expr::Value(value) }) => {
            match &value.value {
                ast::Value::SingleQuotedString(text) => Some(text.clone()),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The name after a dot.
pub(super) fn field_name(field: &ast::Expr) -> Option<String> {
    match field {
        ast::Expr::Identifier(name) => Some(name.value.clone()),
        ast::Expr::Function(function) => match &bare_names(function)?[..] {
            [name] => Some(name.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// The names of what the parser takes for a function without parentheses, such as `user`,
/// unless Rockset has such a function.
pub(super) fn bare_names(function: &ast::Function) -> Option<Vec<String>> {
    let names = function.name.0.iter().map(|part| match part {
        ast::ObjectNamePart::Identifier(name) => Some(name.value.clone()),
        ast::ObjectNamePart::Function(_) => None,
    });
    let names: Vec<String> = names.collect::<Option<_>>()?;
    let is_clock = matches!(&names[..], [name] if keyword(name).is_some());
    (function.args == ast::FunctionArguments::None && !is_clock).then_some(names)
}
