//! Joins, and their conditions.

use super::binder::Binder;
use super::names::name_parts;
use super::parts::Joined;
use super::scope::{Relation, Scope};
use super::typed::Typed;
use crate::local::query::operation::Op;
use crate::local::query::sql_error::{Place, SqlError, SqlResult, from_datafusion};
use crate::local::query::syntax::place_of;
use crate::local::query::types::Type;
use datafusion::common::tree_node::TreeNode;
use datafusion::logical_expr::utils::split_conjunction_owned;
use datafusion::logical_expr::{Expr, JoinType, LogicalPlanBuilder, Operator};
use sqlparser::ast::{JoinConstraint, Spanned, TableFactor};

impl Binder<'_> {
    pub(super) fn join(
        &mut self,
        left: Joined,
        factor: &TableFactor,
        kind: JoinType,
        constraint: Option<&JoinConstraint>,
    ) -> SqlResult<Joined> {
        if let TableFactor::UNNEST { .. } = factor {
            return self.unnest(factor, left, kind);
        }
        let right = match factor {
            TableFactor::Derived { lateral: true, subquery, alias, .. } => {
                self.lateral(subquery, alias.as_ref(), &left)?
            }
            factor => self.factor(factor)?,
        };
        let middle = left.relations.len();
        let mut relations = left.relations;
        relations.extend(right.relations);
        let at = place_of(factor.span());
        let condition = self.constraint(constraint, &mut relations, middle, at)?;
        let builder = LogicalPlanBuilder::from(left.plan);
        let plan = match (condition, kind) {
            (None, JoinType::Inner) => builder.cross_join(right.plan),
            (condition, kind) => {
                let on = condition.unwrap_or_else(|| Typed::bool(true));
                let on = split_conjunction_owned(on.expr).into_iter();
                let on = on.map(|part| self.stoppable(part)).collect::<SqlResult<Vec<_>>>()?;
                builder.join_on(right.plan, kind, on)
            }
        };
        let plan = plan.and_then(LogicalPlanBuilder::build).map_err(from_datafusion)?;
        Ok(Joined { plan, relations })
    }

    /// A part of a join's condition that can be asked to end, since a join that lets no pair through
    /// doesn't yield between batches. An operation can be, and what is equal is found by hashes.
    fn stoppable(&self, part: Expr) -> SqlResult<Expr> {
        let is_equality = matches!(&part, Expr::BinaryExpr(binary) if binary.op == Operator::Eq);
        let can_end = part.exists(|expr| {
            let is_query =
                matches!(expr, Expr::Exists(_) | Expr::InSubquery(_) | Expr::ScalarSubquery(_));
            Ok(is_query || matches!(expr, Expr::ScalarFunction(_)))
        });
        if is_equality || can_end.map_err(from_datafusion)? {
            return Ok(part);
        }
        let part = Typed::new(part, Type::BOOL);
        Ok(self.operation(Op::UnlessStopped, vec![part], Type::BOOL, None).expr)
    }

    /// The condition of a join with what is at a place. The first `middle` relations are on its left
    /// side.
    fn constraint(
        &mut self,
        constraint: Option<&JoinConstraint>,
        relations: &mut [Relation],
        middle: usize,
        at: Option<Place>,
    ) -> SqlResult<Option<Typed>> {
        match constraint {
            None | Some(JoinConstraint::None) => Ok(None),
            Some(JoinConstraint::On(on)) => {
                self.scopes.push(Scope { relations: relations.to_vec(), ..Scope::default() });
                let condition = self.filter(on);
                self.scopes.pop();
                condition.map(Some)
            }
            Some(JoinConstraint::Using(columns)) => {
                let names =
                    columns.iter().map(|column| Ok((name_parts(column)?, place_of(column.span()))));
                let names = names.collect::<SqlResult<Vec<_>>>()?;
                self.same_names(&names, relations, middle)
            }
            Some(JoinConstraint::Natural) => {
                let names = in_common(&relations[..middle], &relations[middle..]);
                let names = names.map_err(|error| error.at(at))?.into_iter();
                let names: Vec<_> = names.map(|name| (vec![name], at)).collect();
                self.same_names(&names, relations, middle)
            }
        }
    }

    /// That the values of these names are equal on both sides.
    fn same_names(
        &mut self,
        names: &[(Vec<String>, Option<Place>)],
        relations: &[Relation],
        middle: usize,
    ) -> SqlResult<Option<Typed>> {
        let mut all: Option<Typed> = None;
        for (path, at) in names {
            let [left, right] = [&relations[..middle], &relations[middle..]]
                .map(|side| Scope { relations: side.to_vec(), ..Scope::default() });
            let mut side = |scope| {
                self.scopes.push(scope);
                let value = self.name(path);
                self.scopes.pop();
                value
            };
            let (a, b) = (side(left)?, side(right)?);
            let equal = self.keys_equal(a, b, *at);
            all = Some(match all {
                Some(all) => Typed::new(all.expr.and(equal.expr), Type::BOOL),
                None => equal,
            });
        }
        Ok(all)
    }
}

/// Names of the fields that both sides of a join have.
fn in_common(left: &[Relation], right: &[Relation]) -> SqlResult<Vec<String>> {
    if left.iter().chain(right).any(|relation| !relation.spreads.is_empty()) {
        return Err(SqlError::new(
            "NATURAL JOIN needs to know all fields of both sides, and documents may have any: use ON \
             or USING",
        ));
    }
    let names = |side: &[Relation]| -> Vec<String> {
        side.iter().flat_map(|of| &of.fields).map(|field| field.name.clone()).collect()
    };
    let right = names(right);
    let mut common: Vec<String> =
        names(left).into_iter().filter(|name| right.contains(name)).collect();
    common.sort();
    common.dedup();
    Ok(common)
}
