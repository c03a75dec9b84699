//! The values that a query refers to: fields, fields of fields, elements of arrays.

use super::error::wrong;
use crate::local::errors::Failure;
use datafusion::sql::sqlparser::ast::{
    AccessExpr, DataType, ExactNumberInfo, Expr, Ident, Subscript, TimezoneInfo, Value, VisitMut,
    VisitorMut,
};
use std::ops::ControlFlow;

/// The way to a value in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Field(String),
    /// From 0.
    Element(usize),
}

impl Path {
    pub(super) fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Whether it leads nowhere but to the document itself.
    pub(super) fn is_whole(&self) -> bool {
        self.0.is_empty()
    }

    /// The name of a value that is given no other.
    pub(super) fn name(&self) -> String {
        let name = self.0.iter().rev().find_map(|step| match step {
            Step::Field(name) => Some(name.clone()),
            Step::Element(_) => None,
        });
        name.unwrap_or_default()
    }
}

/// The paths that expressions refer to, each a column.
#[derive(Debug)]
pub(super) struct Paths {
    /// What the query calls the documents.
    input: String,
    used: Vec<Path>,
}

impl Paths {
    pub(super) fn new(input: String) -> Self {
        Self { input, used: Vec::new() }
    }

    pub(super) fn into_used(self) -> Vec<Path> {
        self.used
    }

    /// The path that names say, which may begin with what the documents are called.
    pub(super) fn path_of(&self, names: &[Ident]) -> Path {
        let names = match names {
            [first, rest @ ..] if first.value == self.input => rest,
            all => all,
        };
        Path(names.iter().map(|name| Step::Field(name.value.clone())).collect())
    }

    /// The path that an expression is, if it is nothing else.
    pub(super) fn path(&self, expression: &Expr) -> Option<Path> {
        match expression {
            Expr::Identifier(name) => Some(Path(vec![Step::Field(name.value.clone())])),
            Expr::CompoundIdentifier(names) => Some(self.path_of(names)),
            Expr::Nested(inner) => self.path(inner),
            Expr::CompoundFieldAccess { root, access_chain } => {
                let mut path = match root.as_ref() {
                    Expr::Identifier(name) => self.path_of(std::slice::from_ref(name)),
                    other => self.path(other)?,
                };
                for access in access_chain {
                    path.0.push(step(access)?);
                }
                Some(path)
            }
            _ => None,
        }
    }

    /// The name of the column of a path.
    fn column(&mut self, path: Path) -> Ident {
        let at = self.used.iter().position(|used| *used == path).unwrap_or_else(|| {
            self.used.push(path);
            self.used.len() - 1
        });
        Ident::with_quote('"', column(at))
    }
}

/// The name of the column of a path, by its position.
pub(super) fn column(at: usize) -> String {
    format!("p{at}")
}

fn step(access: &AccessExpr) -> Option<Step> {
    let index = match access {
        AccessExpr::Dot(Expr::Identifier(name)) => return Some(Step::Field(name.value.clone())),
        AccessExpr::Subscript(Subscript::Index { index: Expr::Value(index) }) => &index.value,
        _ => return None,
    };
    match index {
        Value::SingleQuotedString(name) => Some(Step::Field(name.clone())),
        // SQL counts from 1.
        Value::Number(number, _) => {
            Some(Step::Element(number.parse::<usize>().ok()?.checked_sub(1)?))
        }
        _ => None,
    }
}

/// Lets an expression refer to columns, and gives its types the meaning that they have
/// at Rockset.
pub(super) fn resolve(expression: &mut Expr, paths: &mut Paths) -> Result<(), Failure> {
    struct Resolve<'a>(&'a mut Paths);

    impl VisitorMut for Resolve<'_> {
        type Break = Failure;

        fn pre_visit_expr(&mut self, expression: &mut Expr) -> ControlFlow<Failure> {
            match self.0.path(expression) {
                Some(path) if path.is_whole() => {
                    return ControlFlow::Break(wrong("the document itself is no value"));
                }
                Some(path) => *expression = Expr::Identifier(self.0.column(path)),
                None => {}
            }
            match expression {
                Expr::Subquery(_) | Expr::InSubquery { .. } | Expr::Exists { .. } => {
                    ControlFlow::Break(wrong("it can't have a query within"))
                }
                Expr::Cast { data_type, .. } => {
                    *data_type = meant(data_type);
                    ControlFlow::Continue(())
                }
                Expr::Value(value) if matches!(value.value, Value::Placeholder(_)) => {
                    ControlFlow::Break(wrong(&format!("there is no parameter {value}")))
                }
                _ => ControlFlow::Continue(()),
            }
        }
    }

    match VisitMut::visit(expression, &mut Resolve(paths)) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(failure) => Err(failure),
    }
}

/// The type that a name of one means: there is one integer type, of 64 bits, one float
/// type, of 64 as well, and times have microseconds.
fn meant(kind: &DataType) -> DataType {
    use DataType as T;
    match kind {
        T::Int(None) | T::Integer(None) | T::Int64 => T::BigInt(None),
        T::Float(ExactNumberInfo::None) | T::Real | T::Float64 => T::DoublePrecision,
        T::Timestamp(None, _) => T::Timestamp(Some(6), TimezoneInfo::WithTimeZone),
        T::Datetime(None) => T::Timestamp(Some(6), TimezoneInfo::None),
        T::Bytes(None) => T::Bytea,
        other => other.clone(),
    }
}
