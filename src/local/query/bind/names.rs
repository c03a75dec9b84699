//! Names, looked up in relations.

use super::binder::Binder;
use super::outer_name::OuterName;
use super::scope::{Relation, Spread};
use super::typed::Typed;
use crate::local::query::operation::Op;
use crate::local::query::sql_error::{SqlError, SqlResult};
use crate::local::query::types::Type;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::Expr;
use sqlparser::ast;

impl Binder<'_> {
    /// The value of a name with the names of nested fields after it.
    pub(super) fn name(&mut self, path: &[String]) -> SqlResult<Typed> {
        let (found, depth) = self.looked_up(path)?;
        if found.expr.contains_outer() {
            let is_far = depth + 2 < self.scopes.len();
            if is_far || self.outer_name.is_none() {
                let (name, place) = (path.join("."), self.place);
                self.outer_name = Some(OuterName { name, place, is_far });
            }
        }
        Ok(found)
    }

    /// The value of a name, and how many queries are around the one that it belongs to.
    fn looked_up(&mut self, path: &[String]) -> SqlResult<(Typed, usize)> {
        let mut candidates: Vec<(Typed, usize)> = Vec::new();
        // The first candidate that documents have.
        let mut in_documents: Option<usize> = None;
        for depth in (0..self.scopes.len()).rev() {
            let is_outer = depth + 1 < self.scopes.len();
            let scope = self.scopes[depth].clone();
            let qualified = path.first().and_then(|first| {
                scope.relations.iter().find(|relation| relation.name.as_ref() == Some(first))
            });
            // A column of a relation comes before a relation as a whole.
            let known = |relation: &Relation| {
                relation.fields.iter().any(|field| path.len() == 1 && field.name == path[0])
            };
            let is_column = scope.relations.iter().any(known);
            if let Some(relation) = qualified.filter(|_| !is_column) {
                let found = match &path[1..] {
                    [] => Some(self.whole(relation)),
                    rest => self.in_relation(relation, rest),
                };
                let found = found.unwrap_or_else(|| Typed::nothing(Type::UNDEFINED));
                // A field may be called as a relation is.
                let shadowed = path.len() == 1 && found.of == Type::UNDEFINED;
                if !shadowed {
                    return Ok((outer(found, is_outer), depth));
                }
            }
            for relation in &scope.relations {
                let known = relation.fields.iter().any(|field| Some(&field.name) == path.first());
                if let Some(found) = self.in_relation(relation, path) {
                    let found = outer(found, is_outer);
                    if let Some(inner) = in_documents.filter(|_| is_outer) {
                        return Ok(candidates.swap_remove(inner));
                    }
                    // Nothing tells what documents would have that aren't there.
                    if known || self.is_empty(relation) {
                        return Ok((found, depth));
                    }
                    if found.of != Type::UNDEFINED && relation.has_documents() {
                        in_documents.get_or_insert(candidates.len());
                    }
                    candidates.push((found, depth));
                }
            }
        }
        // Of several relations that may have the field, one that has it.
        let index = candidates.iter().position(|(found, _)| found.of != Type::UNDEFINED);
        let index = index.unwrap_or(0).min(candidates.len());
        let (found, depth) = match candidates.is_empty() {
            true => (Typed::nothing(Type::UNDEFINED), 0),
            false => candidates.swap_remove(index),
        };
        let alias = match found.of {
            Type::UNDEFINED => path.first().and_then(|name| self.alias(name)),
            _ => None,
        };
        Ok(match alias {
            Some(alias) => (self.nested(alias, &path[1..]), self.scopes.len() - 1),
            None => (found, depth),
        })
    }

    /// Whether a relation is a collection without documents.
    fn is_empty(&self, relation: &Relation) -> bool {
        let table = self.known.tables.get(&relation.number);
        let columns = table.and_then(|table| table.columns.as_ref());
        columns.is_some_and(|columns| columns.batches.iter().all(|batch| batch.num_rows() == 0))
    }

    /// What the select list has named so, where that counts.
    pub(super) fn alias(&self, name: &str) -> Option<Typed> {
        let aliases = &self.scopes.last()?.aliases;
        aliases.iter().find(|(alias, _)| alias == name).map(|(_, value)| value.clone())
    }

    /// Whether a name is that of a relation, which then is meant as a whole.
    pub(super) fn relation_named(&self, name: &str) -> Option<Relation> {
        let scope = self.scopes.last()?;
        scope.relations.iter().find(|relation| relation.name.as_deref() == Some(name)).cloned()
    }

    /// A field of a relation; `None` if it can't have it.
    pub(super) fn in_relation(&mut self, relation: &Relation, path: &[String]) -> Option<Typed> {
        let (first, rest) = path.split_first()?;
        // Of two fields with the same name, the last one is in the answer, too.
        if let Some(field) = relation.fields.iter().rev().find(|field| field.name == *first) {
            return Some(self.nested(field.value.clone(), rest));
        }
        let mut found: Option<Typed> = None;
        for spread in &relation.spreads {
            let value = match spread {
                Spread::Demanded { offers, .. } => {
                    let place = self.known.demand(relation.number, path);
                    offers.get(place).cloned().unwrap_or_else(|| Typed::nothing(Type::Any))
                }
                Spread::Object { except, .. } if except.contains(first) => continue,
                Spread::Object { value, .. } => self.nested(value.clone(), path),
            };
            if found.as_ref().is_none_or(|found| found.of == Type::UNDEFINED) {
                found = Some(value);
            }
        }
        found
    }

    /// A field of a field of a value.
    pub(super) fn nested(&self, value: Typed, path: &[String]) -> Typed {
        let mut value = value;
        for name in path {
            let boxed = match value.of {
                Type::Any => value,
                _ if value.of.is_boxed() => value,
                Type::Document(_) => self.boxed(value),
                // Only objects have fields.
                _ => return Typed::nothing(Type::UNDEFINED),
            };
            value = self.operation(Op::Field(name.clone()), vec![boxed], Type::Any, None);
        }
        value
    }

    /// A relation as one value: the object of its fields, or its only field.
    pub(super) fn whole(&mut self, relation: &Relation) -> Typed {
        if let Some(element) = &relation.element {
            return element.clone();
        }
        if let ([], [Spread::Demanded { offers, stars: None }]) =
            (&relation.fields[..], &relation.spreads[..])
        {
            return self.offered(relation.number, offers);
        }
        let names = relation.fields.iter().map(|field| field.name.clone()).collect();
        let values = relation.fields.iter().map(|field| self.boxed(field.value.clone())).collect();
        self.operation(Op::Object(names), values, Type::Any, None)
    }

    /// The documents of a collection.
    pub(super) fn offered(&mut self, relation: usize, offers: &[Typed]) -> Typed {
        let place = self.known.demand(relation, &[]);
        offers.get(place).cloned().unwrap_or_else(|| Typed::nothing(Type::Any))
    }
}

/// The same in a subquery, if it is of the query around it.
pub(super) fn outer(value: Typed, is_outer: bool) -> Typed {
    if !is_outer {
        return value;
    }
    let of = value.of.arrow();
    let expr = value.expr.clone().transform(|expr| match expr {
        Expr::Column(column) => {
            let field = datafusion::arrow::datatypes::Field::new(&column.name, of.clone(), true);
            Ok(Transformed::yes(Expr::OuterReferenceColumn(field.into(), column)))
        }
        other => Ok(Transformed::no(other)),
    });
    Typed { expr: expr.map_or(value.expr, |expr| expr.data), ..value }
}

/// The parts of a name, none of which is anything else.
pub(super) fn name_parts(name: &ast::ObjectName) -> SqlResult<Vec<String>> {
    let part = |part: &ast::ObjectNamePart| match part {
        ast::ObjectNamePart::Identifier(name) => Ok(name.clone()),
        other => Err(SqlError::unsupported(format!("The name {other}"))),
    };
    let names: SqlResult<Vec<_>> = name.0.iter().map(part).collect();
    Ok(names?.into_iter().map(|name| name.value).collect())
}
