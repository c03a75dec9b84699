//! Conditions on `_id`, by which documents are looked up rather than read.

use super::binder::Binder;
use super::scope::Relation;
use crate::local::query::sql_error::SqlResult;
use crate::local::query::value::Value;
use sqlparser::ast;

impl Binder<'_> {
    /// Reads nothing but the documents whose `_id` the condition names.
    pub(super) fn restrict(
        &mut self,
        relations: &[Relation],
        condition: Option<&ast::Expr>,
    ) -> SqlResult<()> {
        let mut conditions: Vec<&ast::Expr> = condition.into_iter().collect();
        while let Some(condition) = conditions.pop() {
            match condition {
                ast::Expr::Nested(inner) => conditions.push(inner),
                ast::Expr::BinaryOp { left, op: ast::BinaryOperator::And, right } => {
                    conditions.extend([&**left, &**right]);
                }
                ast::Expr::BinaryOp { left, op: ast::BinaryOperator::Eq, right } => {
                    self.restrict_to(relations, left, std::slice::from_ref(&**right))?;
                    self.restrict_to(relations, right, std::slice::from_ref(&**left))?;
                }
                ast::Expr::InList { expr, list, negated: false } => {
                    self.restrict_to(relations, expr, list)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn restrict_to(
        &mut self,
        relations: &[Relation],
        field: &ast::Expr,
        values: &[ast::Expr],
    ) -> SqlResult<()> {
        let relation = match field {
            ast::Expr::Identifier(name) if name.value == "_id" && relations.len() == 1 => {
                relations.first()
            }
            ast::Expr::CompoundIdentifier(names) if names.len() == 2 && names[1].value == "_id" => {
                relations.iter().find(|relation| relation.name.as_ref() == Some(&names[0].value))
            }
            _ => None,
        };
        let Some(relation) = relation else { return Ok(()) };
        let is_constant = |expr: &ast::Expr| matches!(expr, ast::Expr::Value(_));
        if !values.iter().all(is_constant) || !self.known.tables.contains_key(&relation.number) {
            return Ok(());
        }
        let mut ids = Vec::new();
        for value in values {
            // What is no string is no `_id`.
            if let Some(Value::String(id)) = self.expression(value)?.value() {
                ids.push(id);
            }
        }
        if let Some(table) = self.known.tables.get_mut(&relation.number) {
            table.ids.get_or_insert(ids);
        }
        Ok(())
    }
}
