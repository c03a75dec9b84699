//! `GROUP BY`: keys, sets of them, and what stands for them after the aggregation.

use super::binder::Binder;
use super::convert::project;
use super::expression::place;
use super::parts::Selected;
use super::typed::Typed;
use crate::local::query::operation::{Op, Operation};
use crate::local::query::sql_error::{Place, SqlError, SqlResult, from_datafusion};
use crate::local::query::types::Type;
use datafusion::common::Column;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::functions_aggregate::expr_fn;
use datafusion::logical_expr::utils::find_aggregate_exprs;
use datafusion::logical_expr::{Expr, GroupingSet, LogicalPlan, LogicalPlanBuilder, lit};
use sqlparser::ast::{self, GroupByExpr};

/// Maximum number of sets: `CUBE` of n keys has 2ⁿ.
const MAX_SETS: usize = 4096;

/// What a part of a `GROUP BY` is.
pub(super) enum Group {
    Key(Typed),
    Rollup(Vec<Typed>),
    Cube(Vec<Typed>),
    Sets(Vec<Vec<Typed>>),
}

/// What rows are grouped by.
#[derive(Default)]
pub(super) struct Groups {
    /// No two of them are alike.
    keys: Vec<Typed>,
    /// Sets of keys, by their positions. `None` if rows are grouped by all keys alone.
    sets: Option<Vec<Vec<usize>>>,
}

/// An expression of the input, and the expression of the output that has its value.
pub(super) type Replacement = (Expr, Expr);

impl Groups {
    pub(super) fn has_sets(&self) -> bool {
        self.sets.is_some()
    }

    /// The position of a key.
    fn key(&mut self, key: Typed) -> usize {
        let known = self.keys.iter().position(|known| known.expr == key.expr);
        known.unwrap_or_else(|| {
            self.keys.push(key);
            self.keys.len() - 1
        })
    }

    /// A set of keys. That a key is in it twice changes nothing.
    fn set(&mut self, keys: Vec<Typed>) -> Vec<usize> {
        let mut set: Vec<usize> = Vec::new();
        for key in keys {
            let key = self.key(key);
            if !set.contains(&key) {
                set.push(key);
            }
        }
        set
    }

    /// The sets of a part of a `GROUP BY`.
    fn part(&mut self, group: Group) -> Vec<Vec<usize>> {
        match group {
            Group::Key(key) => vec![self.set(vec![key])],
            Group::Rollup(keys) => {
                (0..=keys.len()).rev().map(|length| self.set(keys[..length].to_vec())).collect()
            }
            Group::Cube(keys) => (0..1_usize << keys.len().min(usize::BITS as usize - 1))
                .map(|chosen| {
                    let chosen = keys.iter().enumerate().filter(|(at, _)| (chosen >> at) & 1 == 0);
                    self.set(chosen.map(|(_, key)| key.clone()).collect())
                })
                .collect(),
            Group::Sets(sets) => sets.into_iter().map(|set| self.set(set)).collect(),
        }
    }
}

/// How many sets a part of a `GROUP BY` has.
fn count(group: &Group) -> usize {
    match group {
        Group::Key(_) => 1,
        Group::Rollup(keys) => keys.len() + 1,
        Group::Cube(keys) => 1_usize.checked_shl(keys.len() as u32).unwrap_or(usize::MAX),
        Group::Sets(sets) => sets.len(),
    }
}

impl Binder<'_> {
    /// What rows are grouped by, if they are.
    pub(super) fn groups(
        &mut self,
        group_by: &GroupByExpr,
        selected: &[Selected],
    ) -> SqlResult<Option<Vec<Group>>> {
        let exprs = match group_by {
            GroupByExpr::Expressions(exprs, _) => exprs,
            GroupByExpr::All(_) => return Err(SqlError::unsupported("GROUP BY ALL")),
        };
        let mut groups = Vec::new();
        for expr in exprs {
            groups.push(match expr {
                ast::Expr::Rollup(sets) => Group::Rollup(self.flat_keys(sets, selected)?),
                ast::Expr::Cube(sets) => Group::Cube(self.flat_keys(sets, selected)?),
                ast::Expr::GroupingSets(sets) => {
                    let sets: SqlResult<Vec<_>> =
                        sets.iter().map(|set| self.keys(set, selected)).collect();
                    Group::Sets(sets?)
                }
                ast::Expr::Tuple(exprs) => {
                    for key in self.keys(exprs, selected)? {
                        groups.push(Group::Key(key));
                    }
                    continue;
                }
                expr => Group::Key(self.group_key(expr, selected)?),
            });
        }
        Ok((!exprs.is_empty()).then_some(groups))
    }

    fn flat_keys(
        &mut self,
        sets: &[Vec<ast::Expr>],
        selected: &[Selected],
    ) -> SqlResult<Vec<Typed>> {
        sets.iter().flatten().map(|expr| self.group_key(expr, selected)).collect()
    }

    fn keys(&mut self, exprs: &[ast::Expr], selected: &[Selected]) -> SqlResult<Vec<Typed>> {
        exprs.iter().map(|expr| self.group_key(expr, selected)).collect()
    }

    /// A position in the select list, a name in it, or an expression.
    fn group_key(&mut self, expr: &ast::Expr, selected: &[Selected]) -> SqlResult<Typed> {
        let named = match expr {
            ast::Expr::Nested(inner) => return self.group_key(inner, selected),
            ast::Expr::Identifier(name) => {
                let alias = self.alias(&name.value);
                alias.filter(|alias| find_aggregate_exprs([&alias.expr]).is_empty())
            }
            expr => {
                let item = self.position(expr, selected)?;
                if item.iter().any(|item| !find_aggregate_exprs([&item.expr]).is_empty()) {
                    let error = SqlError::new("GROUP BY takes no aggregate of the select list");
                    return Err(error.at(place(expr)));
                }
                item
            }
        };
        let value = match named {
            Some(named) => named,
            None => self.expression(expr)?,
        };
        Ok(match value.of {
            Type::Document(_) => self.boxed(value),
            _ => value,
        })
    }

    /// The sets that all parts of a `GROUP BY` make together: each of one with each of another.
    pub(super) fn sets(&self, parts: Vec<Group>) -> SqlResult<Groups> {
        let mut groups = Groups::default();
        let has_sets = parts.iter().any(|part| !matches!(part, Group::Key(_)));
        if parts.iter().map(count).try_fold(1, usize::checked_mul).is_none_or(|all| all > MAX_SETS)
        {
            let message = format!("GROUP BY has more than {MAX_SETS} sets of keys");
            return Err(SqlError::new(message));
        }
        let mut all = vec![Vec::new()];
        for part in parts {
            let sets = groups.part(part);
            let with = |known: &Vec<usize>, set: &Vec<usize>| {
                let new = set.iter().filter(|key| !known.contains(key));
                known.iter().chain(new).copied().collect::<Vec<_>>()
            };
            all =
                all.iter().flat_map(|known| sets.iter().map(move |set| with(known, set))).collect();
        }
        groups.sets = has_sets.then_some(all);
        Ok(groups)
    }

    /// Makes columns of constant keys of sets, because they are null where they are left out.
    pub(super) fn constants(
        &mut self,
        plan: LogicalPlan,
        groups: &mut Groups,
        selected: &mut [Selected],
    ) -> SqlResult<LogicalPlan> {
        let is_constant = |key: &Typed| matches!(key.expr, Expr::Literal(..));
        if !groups.has_sets() || !groups.keys.iter().any(is_constant) {
            return Ok(plan);
        }
        let mut columns: Vec<Expr> =
            plan.schema().columns().into_iter().map(Expr::Column).collect();
        for key in groups.keys.iter_mut().filter(|key| is_constant(key)) {
            let column = self.column(key.clone(), &mut columns);
            let items = selected.iter_mut().map(|selected| &mut selected.item.value);
            let scope = self.scopes.last_mut();
            let aliases = scope.into_iter().flat_map(|scope| &mut scope.aliases);
            let named = items.chain(aliases.map(|(_, value)| value));
            named.filter(|value| value.expr == key.expr).for_each(|value| *value = column.clone());
            *key = column;
        }
        project(plan, columns)
    }
}

/// The groups of a plan, with what their keys and aggregates have become.
pub(super) fn aggregated(
    plan: LogicalPlan,
    groups: &Groups,
    mut aggregates: Vec<Expr>,
) -> SqlResult<(LogicalPlan, Vec<Replacement>)> {
    let key = |at: &usize| groups.keys[*at].expr.clone();
    // Constants need no column.
    let plain = groups.keys.iter().filter(|key| !matches!(key.expr, Expr::Literal(..)));
    let by = match &groups.sets {
        Some(sets) => {
            let sets = sets.iter().map(|set| set.iter().map(key).collect()).collect();
            vec![Expr::GroupingSet(GroupingSet::GroupingSets(sets))]
        }
        None => plain.clone().map(|key| key.expr.clone()).collect(),
    };
    // Without rows there is no group, though all keys are constants.
    let constant = !groups.keys.is_empty() && by.is_empty();
    let count = expr_fn::count(lit(1_i64));
    if constant && !aggregates.contains(&count) {
        aggregates.push(count.clone());
    }
    let keys = plain.map(|key| (key.expr.clone(), of_key(key, groups.has_sets())));
    let values = aggregates.iter().map(|aggregate| (aggregate.clone(), output(aggregate)));
    let known = keys.chain(values).collect();
    // DataFusion moves a filter that is false below an aggregation without keys, whose row it then
    // doesn't meet. It moves none below a limit, which a correlated query can't have.
    let is_correlated =
        !plan.all_out_ref_exprs().is_empty() || aggregates.iter().any(Expr::contains_outer);
    let is_one_row = by.is_empty() && !is_correlated;
    let plan = LogicalPlanBuilder::from(plan)
        .aggregate(by, aggregates)
        .and_then(|plan| if is_one_row { plan.limit(0, Some(1)) } else { Ok(plan) })
        .and_then(|plan| match constant {
            true => plan.filter(output(&count).gt(lit(0_i64))),
            false => Ok(plan),
        })
        .and_then(LogicalPlanBuilder::build)
        .map_err(from_datafusion)?;
    Ok((plan, known))
}

/// The column that an expression has become.
fn output(expr: &Expr) -> Expr {
    match expr {
        Expr::Column(column) => Expr::Column(column.clone()),
        expr => Expr::Column(Column::from_name(expr.schema_name().to_string())),
    }
}

/// What a key has become. Where it is left out of a set, it is null.
fn of_key(key: &Typed, has_sets: bool) -> Expr {
    let column = output(&key.expr);
    if !has_sets {
        return column;
    }
    // DataFusion takes a key that is constant before the aggregation for constant after it.
    let of = vec![key.of, Type::BOOL];
    let unknown = Operation::new(Op::Unknown, Vec::new(), Type::BOOL, 0, None).call(Vec::new());
    let value = Operation::new(Op::First, of, key.of, 0, None).call(vec![column, unknown]);
    match key.of.is_boxed() {
        true => Operation::new(Op::OrNull, vec![key.of], key.of, 0, None).call(vec![value]),
        false => value,
    }
}

/// Puts columns of the output in place of what they have been made of.
pub(super) fn replaced(value: &mut Typed, known: &[Replacement]) -> SqlResult<()> {
    let expr = value.expr.clone().transform_down(|expr| {
        let replacement = known.iter().find(|(original, _)| *original == expr);
        Ok(match replacement {
            Some((_, column)) => Transformed::new(column.clone(), true, TreeNodeRecursion::Jump),
            None => Transformed::no(expr),
        })
    });
    value.expr = expr.map_err(from_datafusion)?.data;
    Ok(())
}

/// Refuses a field of a part of the query that is neither grouped by nor aggregated.
pub(super) fn grouped_only(
    value: &Typed,
    plan: &LogicalPlan,
    part: &str,
    place: Option<Place>,
) -> SqlResult<()> {
    let schema = plan.schema();
    let missing = value.expr.column_refs().into_iter().find(|column| !schema.has_column(column));
    match missing {
        None => Ok(()),
        Some(_) => {
            let message =
                format!("A field of the {part} is neither in the GROUP BY nor within an aggregate");
            Err(SqlError::new(message).at(place))
        }
    }
}
