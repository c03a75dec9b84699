//! Set operations, `VALUES` and `TABLE`.

use super::binder::Binder;
use super::convert::project;
use super::expression::place;
use super::parts::{Bound, Content, Item, Joined};
use super::typed::Typed;
use crate::local::query::sql_error::from_datafusion;
use crate::local::query::sql_error::{SqlError, SqlResult};
use crate::local::query::types::Type;
use datafusion::common::Column;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder};
use sqlparser::ast::{self, SetExpr, SetOperator, SetQuantifier};

impl Binder<'_> {
    pub(super) fn set(&mut self, body: &SetExpr, asked: Option<usize>) -> SqlResult<Bound> {
        match body {
            SetExpr::Select(select) => self.select(select, None, asked),
            SetExpr::Query(query) => self.query(query, asked),
            SetExpr::SetOperation { op, set_quantifier, left, right } => {
                let left = self.set(left, None)?;
                let right = self.set(right, None)?;
                let bound = self.combined(*op, *set_quantifier, left, right)?;
                Ok(self.offering(bound, asked))
            }
            SetExpr::Values(values) => self.values(values),
            SetExpr::Table(table) => {
                let path: Vec<String> = [&table.schema_name, &table.table_name]
                    .into_iter()
                    .flatten()
                    .cloned()
                    .collect();
                let Joined { plan, mut relations } = self.table(&path, None, None)?;
                let relation = relations.remove(0);
                let value = self.whole(&relation);
                let item = Item { value, content: Content::Spread(Vec::new()) };
                Ok(self.offering(Bound { plan, items: vec![item], offers: Vec::new() }, asked))
            }
            other => Err(SqlError::unsupported(format!("{other} within a query"))),
        }
    }

    /// Offers what is asked of the objects that are spread.
    fn offering(&self, bound: Bound, asked: Option<usize>) -> Bound {
        let paths = asked.map_or(&[][..], |number| self.known.paths(number));
        let offers = paths.iter().map(|path| self.in_spreads(&bound.items, path)).collect();
        Bound { offers, ..bound }
    }

    fn combined(
        &mut self,
        op: SetOperator,
        quantifier: SetQuantifier,
        left: Bound,
        right: Bound,
    ) -> SqlResult<Bound> {
        if left.items.len() != right.items.len() {
            let (left, right) = (left.items.len(), right.items.len());
            let message = format!("{op} has {left} columns on one side and {right} on the other");
            return Err(SqlError::new(message));
        }
        let (mut items, mut first, mut second) = (Vec::new(), Vec::new(), Vec::new());
        for (a, b) in left.items.into_iter().zip(right.items) {
            let [x, y] = [a.value, b.value].map(|value| match value.of {
                Type::Document(_) => self.boxed(value),
                _ => value,
            });
            let of = x.of.join(y.of);
            let name = self.next_column();
            first.push(self.coerced(x, of).expr.alias(&name));
            second.push(self.coerced(y, of).expr.alias(&name));
            let value = Typed::new(Expr::Column(Column::from_name(name)), of);
            items.push(Item { value, content: a.content });
        }
        let (left, right) = (project(left.plan, first)?, project(right.plan, second)?);
        let all = matches!(quantifier, SetQuantifier::All);
        let plan = match (op, all) {
            (SetOperator::Union, true) => LogicalPlanBuilder::from(left).union(right),
            (SetOperator::Union, false) => LogicalPlanBuilder::from(left).union_distinct(right),
            (SetOperator::Intersect, all) => {
                LogicalPlanBuilder::intersect(left, right, all).map(LogicalPlanBuilder::from)
            }
            (SetOperator::Except | SetOperator::Minus, all) => {
                LogicalPlanBuilder::except(left, right, all).map(LogicalPlanBuilder::from)
            }
        };
        let plan = plan.and_then(LogicalPlanBuilder::build).map_err(from_datafusion)?;
        Ok(Bound { plan, items, offers: Vec::new() })
    }

    /// `VALUES 1, 2` or `VALUES (1, 'a'), (2, 'b')`.
    fn values(&mut self, values: &ast::Values) -> SqlResult<Bound> {
        let mut rows = Vec::new();
        for row in &values.rows {
            let row: SqlResult<Vec<Typed>> =
                row.content.iter().map(|expr| self.without_fields(expr)).collect();
            rows.push(row?);
        }
        let width = rows.first().map_or(0, Vec::len);
        if rows.iter().any(|row| row.len() != width) {
            return Err(SqlError::new("All rows of VALUES have the same number of columns"));
        }
        let types: Vec<Type> = (0..width)
            .map(|at| {
                let types = rows.iter().map(|row| row[at].of);
                types.reduce(Type::join).unwrap_or(Type::NULL)
            })
            .collect();
        let rows = rows.into_iter().map(|row| {
            let cells = row.into_iter().zip(&types);
            cells.map(|(value, of)| self.coerced(value, *of).expr).collect()
        });
        let rows: Vec<Vec<Expr>> = rows.collect();
        let plan = LogicalPlanBuilder::values(rows).map_err(from_datafusion)?;
        let names: Vec<String> = plan.schema().fields().iter().map(|f| f.name().clone()).collect();
        let (mut items, mut columns) = (Vec::new(), Vec::new());
        for (at, (name, of)) in names.into_iter().zip(&types).enumerate() {
            let value = Typed::new(Expr::Column(Column::from_name(name)), *of);
            let value = self.column(value, &mut columns);
            items.push(Item { value, content: Content::Field(format!("?field{at}")) });
        }
        let plan = plan.build().map_err(from_datafusion)?;
        Ok(Bound { plan: project(plan, columns)?, items, offers: Vec::new() })
    }

    /// An expression of a row of `VALUES`.
    fn without_fields(&mut self, expr: &ast::Expr) -> SqlResult<Typed> {
        let value = self.expression(expr)?;
        if value.expr.contains_outer() || !value.expr.column_refs().is_empty() {
            let message = "VALUES takes no fields; use SELECT, and UNION ALL for several rows";
            return Err(SqlError::new(message).at(place(expr)));
        }
        Ok(value)
    }
}
