//! The columns of a query: its items, what it is ordered by, and what is asked of it.

use super::binder::Binder;
use super::convert::project;
use super::expression::not;
use super::parts::{Bound, Content, Item, Key, Selected};
use super::typed::Typed;
use crate::local::query::sql_error::{SqlError, SqlResult, from_datafusion};
use crate::local::query::types::Type;
use crate::local::query::value::Value;
use datafusion::common::Column;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};

impl Binder<'_> {
    /// The plan with a column for each item, and for what else is asked of it.
    pub(super) fn projected(
        &mut self,
        plan: LogicalPlan,
        selected: Vec<Selected>,
        keys: Vec<Key>,
        is_distinct: bool,
        asked: Option<usize>,
    ) -> SqlResult<Bound> {
        let mut columns = Vec::new();
        let mut items = Vec::new();
        let mut originals = Vec::new();
        for Selected { item, source, .. } in &selected {
            let value = match item.value.of {
                Type::Document(_) if is_distinct => self.boxed(item.value.clone()),
                _ => item.value.clone(),
            };
            let value = match &item.content {
                Content::Spread(except) if is_distinct && !except.is_empty() => {
                    let names = except.iter().map(Value::string).collect();
                    let names = Typed::constant(&Value::Array(names));
                    self.call_named("ERASE", vec![value, names], None)?
                }
                _ => value,
            };
            originals.push(item.value.expr.clone());
            let value = self.column(value, &mut columns);
            items.push((Item { value, content: item.content.clone() }, source.clone()));
        }
        let mut sorts = Vec::new();
        let mut hidden = Vec::new();
        for key in keys {
            let known = originals.iter().position(|original| *original == key.value.expr);
            let value = match known {
                Some(known) => items[known].0.value.clone(),
                None if is_distinct => {
                    let message = "With DISTINCT, ORDER BY takes what the select list has";
                    return Err(SqlError::new(message).at(key.place));
                }
                None => self.column(key.value, &mut hidden),
            };
            sorts.push(self.sort(value, &key.options));
        }
        let paths = asked.map(|number| self.known.paths(number).to_vec()).unwrap_or_default();
        let mut offers = Vec::new();
        for path in &paths {
            let mut found: Option<Typed> = None;
            for (item, source) in &items {
                let Content::Spread(except) = &item.content else { continue };
                if path.first().is_some_and(|name| except.contains(name)) {
                    continue;
                }
                let value = match (source, is_distinct) {
                    (Some(source), false) => self.in_relation(source, path),
                    // The objects themselves are all that is left.
                    _ => None,
                };
                if let Some(value) = value
                    && found.as_ref().is_none_or(|found| found.of == Type::UNDEFINED)
                {
                    found = Some(value);
                }
            }
            offers.push(match is_distinct {
                true => None,
                false => {
                    let value = found.unwrap_or_else(|| Typed::nothing(Type::UNDEFINED));
                    Some(self.column(value, &mut hidden))
                }
            });
        }
        columns.extend(hidden);
        let mut plan = project(plan, columns)?;
        if is_distinct {
            plan = LogicalPlanBuilder::from(plan)
                .distinct()
                .and_then(LogicalPlanBuilder::build)
                .map_err(from_datafusion)?;
        }
        if !sorts.is_empty() {
            plan = LogicalPlanBuilder::from(plan)
                .sort(sorts)
                .and_then(LogicalPlanBuilder::build)
                .map_err(from_datafusion)?;
        }
        let items: Vec<Item> = items.into_iter().map(|(item, _)| item).collect();
        let offers = paths
            .iter()
            .zip(offers)
            .map(|(path, offer)| offer.unwrap_or_else(|| self.in_spreads(&items, path)));
        let offers = offers.collect();
        Ok(Bound { plan, items, offers })
    }

    /// A field of the objects that are spread.
    pub(super) fn in_spreads(&self, items: &[Item], path: &[String]) -> Typed {
        let mut found: Option<Typed> = None;
        for item in items {
            let Content::Spread(except) = &item.content else { continue };
            if path.first().is_some_and(|name| except.contains(name)) {
                continue;
            }
            let value = self.nested(item.value.clone(), path);
            found = Some(match found {
                None => value,
                Some(found) => {
                    let present = not(self.undefined(found.clone()));
                    self.choice(vec![(present, found)], value)
                }
            });
        }
        found.unwrap_or_else(|| Typed::nothing(Type::UNDEFINED))
    }

    /// Adds a column, and refers to it.
    pub(super) fn column(&mut self, value: Typed, columns: &mut Vec<Expr>) -> Typed {
        let name = self.next_column();
        columns.push(value.expr.alias(&name));
        Typed::new(Expr::Column(Column::from_name(name)), value.of)
    }
}
