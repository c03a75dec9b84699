//! `UNNEST`: the elements of an array as rows.

use super::binder::Binder;
use super::convert::project;
use super::expression::place;
use super::parts::Joined;
use super::scope::{Field, Relation, Scope, Spread};
use super::typed::Typed;
use crate::local::query::operation::Op;
use crate::local::query::sql_error::{SqlError, SqlResult, from_datafusion};
use crate::local::query::types::Type;
use datafusion::common::{Column, NullHandling, UnnestOptions};
use datafusion::logical_expr::{Expr, JoinType, LogicalPlanBuilder};
use sqlparser::ast::{self, TableFactor};

impl Binder<'_> {
    /// `left, UNNEST(array)`: a row for each element.
    pub(super) fn unnest(
        &mut self,
        factor: &TableFactor,
        left: Joined,
        kind: JoinType,
    ) -> SqlResult<Joined> {
        let TableFactor::UNNEST { array_exprs, alias, with_ordinality, with_offset_alias, .. } =
            factor
        else {
            return Err(SqlError::unsupported("This UNNEST"));
        };
        let Some((array, names)) = array_exprs.split_first() else {
            return Err(SqlError::new("UNNEST takes an array"));
        };
        let mut inner = Vec::new();
        for name in names {
            match name {
                ast::Expr::Identifier(name) => inner.push(name.value.clone()),
                other => {
                    let error = SqlError::new("UNNEST takes one array, and names for its elements");
                    return Err(error.at(place(other)));
                }
            }
        }
        self.scopes.push(Scope { relations: left.relations.clone(), ..Scope::default() });
        let value = self.expression(array);
        self.scopes.pop();
        let value = value?;
        if let Some(kind) =
            value.of.kind().filter(|_| !value.of.is_boxed() && !value.of.is_absent())
        {
            return Err(
                SqlError::new(format!("UNNEST takes an array, not {kind}")).at(place(array))
            );
        }
        let value = self.boxed(value);
        let ordinal = inner.get(1).cloned().or_else(|| {
            let named = with_offset_alias.as_ref().map(|name| name.value.clone());
            (*with_ordinality).then(|| named.unwrap_or_else(|| "ordinality".to_string()))
        });
        let keeps_rows = kind == JoinType::Left;
        let (element, number) = (self.next_column(), self.next_column());
        let mut columns: Vec<Expr> =
            left.plan.schema().columns().into_iter().map(Expr::Column).collect();
        let list = |op| self.operation(op, vec![value.clone()], Type::Any, place(array)).expr;
        columns.push(list(Op::Elements).alias(&element));
        let mut unnested = vec![Column::from_name(&element)];
        if ordinal.is_some() {
            columns.push(list(Op::Ordinals).alias(&number));
            unnested.push(Column::from_name(&number));
        }
        let plan = project(left.plan, columns)?;
        let handling =
            if keeps_rows { NullHandling::PreserveAndExpandEmpty } else { NullHandling::Drop };
        let plan = LogicalPlanBuilder::from(plan)
            .unnest_columns_with_options(
                unnested,
                UnnestOptions::new().with_null_handling(handling),
            )
            .and_then(LogicalPlanBuilder::build)
            .map_err(from_datafusion)?;
        let value = Typed::new(Expr::Column(Column::from_name(&element)), Type::Any);
        let outer = alias.as_ref().map(|alias| alias.name.value.clone());
        let first = inner.first().cloned();
        let mut relation =
            Relation::closed(self.next_relation(), outer.clone().or(first.clone()), Vec::new());
        match (&outer, first) {
            (Some(_), Some(name)) => relation.fields.push(Field { name, value }),
            _ => {
                relation.element = Some(value.clone());
                relation.spreads.push(Spread::Object { value, except: Vec::new() });
            }
        }
        if let Some(name) = ordinal {
            let column = Expr::Column(Column::from_name(&number));
            relation.fields.push(Field { name, value: Typed::new(column, Type::INT) });
        }
        let mut relations = left.relations;
        relations.push(relation);
        Ok(Joined { plan, relations })
    }
}
