//! `WITH RECURSIVE`: a query that is asked again of the rows that it has found last, until it finds
//! no more.
//!
//! Its columns hold values of any type, since those of later rows aren't known when it is bound.

use super::binder::{Binder, FoundRows, Named};
use super::convert::project;
use super::parts::{Bound, Content, Item, Joined};
use super::scope::{Field, Relation};
use super::typed::Typed;
use crate::local::query::sql_error::{SqlError, SqlResult, from_datafusion};
use crate::local::query::types::Type;
use arrow::datatypes::{Field as ArrowField, Schema};
use datafusion::common::{Column, TableReference};
use datafusion::datasource::cte_worktable::CteWorkTable;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use sqlparser::ast::{self, SetExpr, SetOperator, SetQuantifier};
use std::ops::ControlFlow;
use std::sync::Arc;

impl Binder<'_> {
    pub(super) fn recursive(
        &mut self,
        named: &Named,
        alias: Option<&ast::TableAlias>,
    ) -> SqlResult<Joined> {
        let parts = match &*named.query.body {
            SetExpr::SetOperation { op: SetOperator::Union, set_quantifier, left, right }
                if mentions(right, &named.name) =>
            {
                Some((left, right, matches!(set_quantifier, SetQuantifier::All)))
            }
            _ => None,
        };
        let Some((first, next, keeps_all)) = parts else {
            return self.derived(&named.query, alias, &named.columns);
        };
        if named.query.order_by.is_some() || named.query.limit_clause.is_some() {
            let message = "A query that refers to itself can't have ORDER BY or LIMIT";
            return Err(SqlError::new(message));
        }
        let number = self.next_relation();
        let bound = self.set(first, None)?;
        let columns = self.column_names(&bound, &named.columns)?;
        let found = FoundRows { table: format!("found{number}"), columns };
        let first = self.of_any_type(bound, &found)?;
        self.named.push(Named { rows: Some(found.clone()), ..named.clone() });
        let next = self.set(next, None);
        self.named.pop();
        let next = self.of_any_type(next?, &found)?;
        let plan = LogicalPlanBuilder::from(first)
            .to_recursive_query(found.table.clone(), next, !keeps_all)
            .and_then(LogicalPlanBuilder::build)
            .map_err(from_datafusion)?;
        let columns: Vec<Column> = plan.schema().columns();
        self.related(plan, columns, &found.columns, alias)
    }

    /// The rows that a query has found last, as it sees them itself.
    pub(super) fn found_so_far(
        &mut self,
        found: &FoundRows,
        alias: Option<&ast::TableAlias>,
    ) -> SqlResult<Joined> {
        let fields = (0..found.columns.len()).map(column_name);
        let fields = fields.map(|name| ArrowField::new(name, Type::Any.arrow(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let table = CteWorkTable::new(&found.table, schema);
        let name = TableReference::bare(found.table.clone());
        let plan = LogicalPlanBuilder::scan(name, provider_as_source(Arc::new(table)), None)
            .and_then(LogicalPlanBuilder::build)
            .map_err(from_datafusion)?;
        let columns: Vec<Column> = plan.schema().columns();
        self.related(plan, columns, &found.columns, alias)
    }

    /// A relation with a name of its own for each column, since a query may be used twice.
    fn related(
        &mut self,
        plan: LogicalPlan,
        columns: Vec<Column>,
        names: &[String],
        alias: Option<&ast::TableAlias>,
    ) -> SqlResult<Joined> {
        let renamed = alias.map_or(&[][..], |alias| &alias.columns);
        let (mut fields, mut exprs) = (Vec::new(), Vec::new());
        for (at, (column, name)) in columns.into_iter().zip(names).enumerate() {
            let value = self.column(Typed::new(Expr::Column(column), Type::Any), &mut exprs);
            let name = renamed.get(at).map_or(name, |column| &column.name.value).clone();
            fields.push(Field { name, value });
        }
        let plan = project(plan, exprs)?;
        let name = alias.map(|alias| alias.name.value.clone());
        let relation = Relation::closed(self.next_relation(), name, fields);
        Ok(Joined { plan, relations: vec![relation] })
    }

    /// The names of the columns, which have to be known.
    fn column_names(&self, bound: &Bound, listed: &[String]) -> SqlResult<Vec<String>> {
        let names = bound.items.iter().enumerate().map(|(at, item)| match &item.content {
            Content::Field(name) => Ok(listed.get(at).unwrap_or(name).clone()),
            Content::Spread(_) => {
                Err(SqlError::new("A query that refers to itself can't select *"))
            }
        });
        names.collect()
    }

    /// A plan whose columns hold values of any type.
    fn of_any_type(&mut self, bound: Bound, found: &FoundRows) -> SqlResult<LogicalPlan> {
        let (has, needed) = (bound.items.len(), found.columns.len());
        if has != needed {
            let message = format!("UNION has {needed} columns on one side and {has} on the other");
            return Err(SqlError::new(message));
        }
        let columns = bound
            .items
            .into_iter()
            .enumerate()
            .map(|(at, Item { value, .. })| self.boxed(value).expr.alias(column_name(at)));
        project(bound.plan, columns.collect())
    }
}

fn column_name(at: usize) -> String {
    format!("f{at}")
}

/// Whether a part of a query reads what has this name.
fn mentions(body: &SetExpr, name: &str) -> bool {
    let found = ast::visit_relations(body, |relation| match &relation.0[..] {
        [ast::ObjectNamePart::Identifier(only)] if only.value == name => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    found.is_break()
}
