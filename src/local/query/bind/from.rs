//! `FROM`: collections, queries, arrays, and joins of them.

use super::binder::{Binder, Table};
use super::convert::{filtered, one_row};
use super::expression::place;
use super::names::name_parts;
use super::parts::{Bound, Content, Joined};
use super::reads::Found;
use super::scope::{Field, Relation, Scope, Spread, Star};
use super::subquery::subquery;
use super::typed::Typed;
use crate::local::catalog::COMMONS;
use crate::local::query::operation::Comparison;
use crate::local::query::scan::column_name;
use crate::local::query::sql_error::{Place, SqlError, SqlResult, from_datafusion};
use crate::local::query::syntax::place_of;
use crate::local::query::types::Type;
use crate::local::query::value::Value;
use arrow::array::RecordBatch;
use arrow::datatypes::{Field as ArrowField, Schema};
use datafusion::catalog::MemTable;
use datafusion::common::{Column, TableReference};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{Expr, JoinType, LogicalPlan, LogicalPlanBuilder};
use sqlparser::ast::{self, JoinOperator, Spanned, TableFactor};
use std::collections::btree_map::Entry;
use std::sync::Arc;
use std::thread::available_parallelism;

impl Binder<'_> {
    pub(super) fn from(&mut self, from: &[ast::TableWithJoins]) -> SqlResult<Joined> {
        let mut joined: Option<Joined> = None;
        for item in from {
            joined = Some(self.with_joins(item, joined)?);
        }
        match joined {
            Some(joined) => Ok(joined),
            None => Ok(Joined { plan: one_row()?, relations: Vec::new() }),
        }
    }

    fn with_joins(
        &mut self,
        item: &ast::TableWithJoins,
        left: Option<Joined>,
    ) -> SqlResult<Joined> {
        let mut joined = match left {
            None => self.factor(&item.relation)?,
            Some(left) => self.join(left, &item.relation, JoinType::Inner, None)?,
        };
        for join in &item.joins {
            let (kind, constraint) = match &join.join_operator {
                JoinOperator::Join(on) | JoinOperator::Inner(on) => (JoinType::Inner, Some(on)),
                JoinOperator::Left(on) | JoinOperator::LeftOuter(on) => (JoinType::Left, Some(on)),
                JoinOperator::Right(on) | JoinOperator::RightOuter(on) => {
                    (JoinType::Right, Some(on))
                }
                JoinOperator::FullOuter(on) => (JoinType::Full, Some(on)),
                JoinOperator::CrossJoin(on) => (JoinType::Inner, Some(on)),
                other => return Err(SqlError::unsupported(format!("The join {other:?}"))),
            };
            joined = self.join(joined, &join.relation, kind, constraint)?;
        }
        Ok(joined)
    }

    pub(super) fn factor(&mut self, factor: &TableFactor) -> SqlResult<Joined> {
        match factor {
            TableFactor::Table { name, alias, args: None, sample, .. } => {
                let path = name_parts(name)?;
                let at = place_of(name.span());
                let joined = self.table(&path, alias.as_ref(), at)?;
                self.sampled(joined, sample.as_ref())
            }
            TableFactor::TableFunction { expr, alias } => {
                let at = place(expr);
                let value = self.expression(expr)?.value();
                let path = match value {
                    Some(Value::String(name)) => vec![name],
                    Some(Value::Array(names)) if !names.is_empty() => names
                        .into_iter()
                        .map(|name| match name {
                            Value::String(name) => Ok(name),
                            _ => Err(SqlError::new("TABLE takes names as strings").at(at)),
                        })
                        .collect::<SqlResult<_>>()?,
                    _ => {
                        let message = "TABLE takes a name, or an array of workspace and name, \
                                       that is constant or a parameter";
                        return Err(SqlError::new(message).at(at));
                    }
                };
                self.table(&path, alias.as_ref(), at)
            }
            TableFactor::Derived { subquery, alias, sample, .. } => {
                let joined = self.derived(subquery, alias.as_ref(), &[])?;
                self.sampled(joined, sample.as_ref())
            }
            TableFactor::UNNEST { .. } => {
                let left = Joined { plan: one_row()?, relations: Vec::new() };
                self.unnest(factor, left, JoinType::Inner)
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                self.with_joins(table_with_joins, None)
            }
            other => Err(SqlError::unsupported(format!("{other} in FROM"))),
        }
    }

    /// A collection or a view, or a query that `WITH` has named.
    pub(super) fn table(
        &mut self,
        path: &[String],
        alias: Option<&ast::TableAlias>,
        at: Option<Place>,
    ) -> SqlResult<Joined> {
        if let [name] = path
            && let Some(index) = self.named.iter().rposition(|named| named.name == *name)
        {
            return self.named_query(index, alias);
        }
        let Some((name, workspace)) = path.split_last() else {
            return Err(SqlError::new("A collection has a name").at(at));
        };
        let workspace = match workspace {
            [] if self.views.0 == 0 => self.context.workspace.to_string(),
            [] => COMMONS.to_string(),
            names => names.join("."),
        };
        let full_path = format!("{workspace}.{name}");
        let found = self.context.catalog.find(&workspace, name).map_err(|e| e.at(at))?;
        self.reads.note(full_path.clone(), &found, self.views.0 > 0);
        let view = match found {
            Found::View(query) => return self.view((&full_path, name), &query, alias, at),
            Found::Documents { documents, .. } => documents,
        };
        let number = self.next_relation();
        if let Entry::Vacant(table) = self.known.tables.entry(number) {
            table.insert(Table { view: Some(view), ..Table::default() });
            self.known.has_news = true;
        }
        let (plan, offers) = self.scan(number)?;
        let relation = Relation {
            number,
            name: Some(alias.map_or(name, |alias| &alias.name.value).clone()),
            fields: Vec::new(),
            spreads: vec![Spread::Demanded { offers, stars: None }],
            element: None,
        };
        Ok(Joined { plan, relations: vec![relation] })
    }

    /// A collection's columns that are asked for. Until their types are known they are empty
    /// columns of any type.
    fn scan(&mut self, number: usize) -> SqlResult<(LogicalPlan, Vec<Typed>)> {
        let paths = self.known.paths(number).len();
        let columns = self.known.tables.get(&number).and_then(|table| table.columns.clone());
        let (types, schema, batches) = match columns {
            Some(columns) if columns.types.len() == paths => {
                (columns.types.clone(), columns.schema.clone(), columns.batches.clone())
            }
            _ => {
                let fields = (0..paths)
                    .map(|at| ArrowField::new(column_name(number, at), Type::Any.arrow(), true))
                    .collect::<Vec<_>>();
                (vec![Type::Any; paths], Arc::new(Schema::new(fields)), Vec::new())
            }
        };
        let names: Vec<String> = schema.fields().iter().map(|f| f.name().clone()).collect();
        let table = MemTable::try_new(schema, spread_out(batches)).map_err(from_datafusion)?;
        let name = TableReference::bare(format!("t{number}"));
        let source = provider_as_source(Arc::new(table));
        let plan = LogicalPlanBuilder::scan(name.clone(), source, None)
            .and_then(LogicalPlanBuilder::build)
            .map_err(from_datafusion)?;
        let offers = types.into_iter().zip(names).map(|(of, column)| {
            let column = Column::new(Some(name.clone()), column);
            Typed::new(Expr::Column(column), of)
        });
        Ok((plan, offers.collect()))
    }

    /// A query that sees the relations to its left.
    pub(super) fn lateral(
        &mut self,
        query: &ast::Query,
        alias: Option<&ast::TableAlias>,
        left: &Joined,
    ) -> SqlResult<Joined> {
        self.scopes.push(Scope { relations: left.relations.clone(), ..Scope::default() });
        let joined = self.derived(query, alias, &[]);
        self.scopes.pop();
        let Joined { plan, relations } = joined?;
        let plan = match plan.all_out_ref_exprs().is_empty() {
            true => plan,
            false => LogicalPlan::Subquery(subquery(plan)),
        };
        Ok(Joined { plan, relations })
    }

    pub(super) fn derived(
        &mut self,
        query: &ast::Query,
        alias: Option<&ast::TableAlias>,
        columns: &[String],
    ) -> SqlResult<Joined> {
        let number = self.next_relation();
        let bound = self.query(query, Some(number))?;
        let name = alias.map(|alias| alias.name.value.clone());
        let renamed = alias.map(|alias| alias.columns.iter().map(|c| c.name.value.clone()));
        let renamed: Vec<String> = renamed.into_iter().flatten().collect();
        let names = if renamed.is_empty() { columns } else { &renamed };
        Ok(relation_of(number, name, bound, names))
    }

    /// A query whose rows have a name, unless they get another.
    pub(super) fn derived_as(
        &mut self,
        query: &ast::Query,
        name: &str,
        alias: Option<&ast::TableAlias>,
    ) -> SqlResult<Joined> {
        let mut joined = self.derived(query, alias, &[])?;
        if alias.is_none() {
            joined.relations[0].name = Some(name.to_string());
        }
        Ok(joined)
    }

    /// A query that `WITH` has named.
    fn named_query(&mut self, index: usize, alias: Option<&ast::TableAlias>) -> SqlResult<Joined> {
        let named = self.named[index].clone();
        // A named query sees those that are named before it.
        let later = self.named.split_off(index);
        let joined = match (&named.rows, named.is_recursive) {
            (Some(found), _) => self.found_so_far(found, alias),
            (None, true) => self.recursive(&named, alias),
            (None, false) => self.derived(&named.query, alias, &named.columns),
        };
        self.named.extend(later);
        let mut joined = joined?;
        if alias.is_none() {
            joined.relations[0].name = Some(named.name);
        }
        Ok(joined)
    }

    /// `TABLESAMPLE BERNOULLI(10)`: each row with this probability in percent.
    fn sampled(
        &mut self,
        joined: Joined,
        sample: Option<&ast::TableSampleKind>,
    ) -> SqlResult<Joined> {
        let Some(
            ast::TableSampleKind::BeforeTableAlias(sample)
            | ast::TableSampleKind::AfterTableAlias(sample),
        ) = sample
        else {
            return Ok(joined);
        };
        let percent = sample.quantity.as_ref().map(|quantity| &quantity.value);
        let percent = percent.map(|percent| self.expression(percent)).transpose()?;
        let percent = percent.and_then(|percent| percent.value()).and_then(|value| value.as_f64());
        let Some(percent) = percent.filter(|percent| (0.0..=100.0).contains(percent)) else {
            return Err(SqlError::new("TABLESAMPLE takes a percentage from 0 to 100"));
        };
        let random = self.call_named("RAND", Vec::new(), None)?;
        let bound = Typed::constant(&Value::Float(percent / 100.0));
        let chosen = self.compare(Comparison::Less, random, bound, None);
        let plan = filtered(joined.plan, chosen.expr)?;
        Ok(Joined { plan, ..joined })
    }
}

/// What a query offers as a relation.
pub(super) fn relation_of(
    number: usize,
    name: Option<String>,
    bound: Bound,
    names: &[String],
) -> Joined {
    let mut relation = Relation::closed(number, name, Vec::new());
    let mut stars = Vec::new();
    let mut names = names.iter();
    for item in bound.items {
        match item.content {
            Content::Field(name) => {
                let name = names.next().cloned().unwrap_or(name);
                relation.fields.push(Field { name, value: item.value });
            }
            Content::Spread(except) => stars.push(Star { value: item.value, except }),
        }
    }
    if !stars.is_empty() {
        relation.spreads.push(Spread::Demanded { offers: bound.offers, stars: Some(stars) });
    }
    Joined { plan: bound.plan, relations: vec![relation] }
}

/// Batches in as many parts as there are processors.
fn spread_out(batches: Vec<RecordBatch>) -> Vec<Vec<RecordBatch>> {
    let parts = available_parallelism().map_or(1, usize::from);
    let mut partitions = vec![Vec::new(); parts];
    let size = batches.len().div_ceil(parts).max(1);
    for (at, batch) in batches.into_iter().enumerate() {
        partitions[at / size].push(batch);
    }
    partitions
}
