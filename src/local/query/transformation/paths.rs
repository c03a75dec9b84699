//! Paths of the values that a query refers to: fields, fields of fields, elements of arrays.

use sqlparser::ast::{AccessExpr, Expr, Ident, Subscript, Value};

/// The path of a value in a document.
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

    /// Whether the path is empty, and so stands for the document itself.
    pub(super) fn is_whole(&self) -> bool {
        self.0.is_empty()
    }

    /// Name of a value without an alias.
    pub(super) fn name(&self) -> String {
        let name = self.0.iter().rev().find_map(|step| match step {
            Step::Field(name) => Some(name.clone()),
            Step::Element(_) => None,
        });
        name.unwrap_or_default()
    }
}

/// Resolves names and expressions to paths.
#[derive(Debug)]
pub(super) struct Paths {
    /// The query's name for the documents.
    input: String,
}

impl Paths {
    pub(super) fn new(input: String) -> Self {
        Self { input }
    }

    /// The path of these names, of which the first may be the query's name for the documents.
    pub(super) fn path_of(&self, names: &[Ident]) -> Path {
        let names = match names {
            [first, rest @ ..] if first.value == self.input => rest,
            all => all,
        };
        Path(names.iter().map(|name| Step::Field(name.value.clone())).collect())
    }

    /// The path of an expression, if the expression is nothing else.
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
