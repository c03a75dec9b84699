//! Queries within expressions whose rows are the elements of an array of the row around them.

use super::aggregate::is_aggregate;
use super::binder::Binder;
use super::expression::place;
use super::scope::{Relation, Scope, Spread};
use super::typed::Typed;
use crate::local::query::operation::{Comparison, PerElement};
use crate::local::query::sql_error::{SqlError, SqlResult, from_datafusion};
use crate::local::query::types::{Missing, Type};
use crate::local::query::value::{Kind, Value};
use arrow::datatypes::{Field, Schema};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema};
use datafusion::execution::context::ExecutionProps;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::physical_expr::create_physical_expr;
use sqlparser::ast::{self, GroupByExpr, SelectItem, SetExpr, TableFactor};
use std::sync::Arc;

/// The name of the column that has the elements.
const ELEMENT: &str = "element";

/// A query on the elements of an array.
struct OnElements<'a> {
    array: &'a ast::Expr,
    /// What the elements are called.
    names: Vec<String>,
    filter: Option<&'a ast::Expr>,
    value: &'a ast::Expr,
}

impl<'a> OnElements<'a> {
    /// `None` if the query isn't of this kind.
    fn new(query: &'a ast::Query) -> Option<Self> {
        let plain =
            query.with.is_none() && query.order_by.is_none() && query.limit_clause.is_none();
        let SetExpr::Select(select) = &*query.body else { return None };
        let no_groups =
            matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty());
        let plain = plain && no_groups && select.having.is_none() && select.distinct.is_none();
        let [from] = &select.from[..] else { return None };
        let TableFactor::UNNEST { alias, array_exprs, with_ordinality: false, .. } = &from.relation
        else {
            return None;
        };
        let [SelectItem::UnnamedExpr(value) | SelectItem::ExprWithAlias { expr: value, .. }] =
            &select.projection[..]
        else {
            return None;
        };
        let (array, inner) = match &array_exprs[..] {
            [array] => (array, None),
            [array, ast::Expr::Identifier(name)] => (array, Some(name.value.clone())),
            _ => return None,
        };
        let outer = alias.iter().map(|alias| alias.name.value.clone());
        let names = outer.chain(inner).collect();
        let found = Self { array, names, filter: select.selection.as_ref(), value };
        (plain && from.joins.is_empty()).then_some(found)
    }
}

/// Whether a query's rows are the elements of an array.
pub(super) fn is_on_elements(query: &ast::Query) -> bool {
    OnElements::new(query).is_some()
}

impl Binder<'_> {
    /// Whether an array has an element for which the query has a row.
    pub(super) fn exists_element(&mut self, query: &ast::Query) -> SqlResult<Option<Typed>> {
        let Some(on) = OnElements::new(query) else { return Ok(None) };
        let one = ast::Expr::value(ast::Value::Boolean(true));
        let Some(values) = self.per_element(&on, &one)? else { return Ok(None) };
        let count = self.call_named("LENGTH", vec![values], place(on.array))?;
        let none = Typed::constant(&Value::Int(0));
        Ok(Some(self.compare(Comparison::Greater, count, none, None)))
    }

    /// Whether a value is among those of the query.
    pub(super) fn in_elements(
        &mut self,
        value: &ast::Expr,
        query: &ast::Query,
    ) -> SqlResult<Option<Typed>> {
        let Some(on) = OnElements::new(query) else { return Ok(None) };
        let Some(values) = self.per_element(&on, on.value)? else { return Ok(None) };
        let value = self.expression(value)?;
        self.call_named("ARRAY_CONTAINS", vec![values, value], place(on.array)).map(Some)
    }

    /// The only value of the query, or what its aggregate makes of the values.
    pub(super) fn of_elements(&mut self, query: &ast::Query) -> SqlResult<Option<Typed>> {
        let Some(on) = OnElements::new(query) else { return Ok(None) };
        let at = place(on.array);
        let aggregate = match on.value {
            ast::Expr::Function(function) => {
                let name = function.name.to_string().to_ascii_uppercase();
                Some((name, function)).filter(|(name, _)| is_aggregate(name))
            }
            _ => None,
        };
        let Some((name, function)) = aggregate else {
            let Some(values) = self.per_element(&on, on.value)? else { return Ok(None) };
            let first = Typed::constant(&Value::Int(1));
            return self.call_named("ELEMENT_AT", vec![values, first], at).map(Some);
        };
        let one = ast::Expr::value(ast::Value::Boolean(true));
        let argument = match &function.args {
            ast::FunctionArguments::List(list) => match &list.args[..] {
                [ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(argument))] => argument,
                _ => &one,
            },
            _ => &one,
        };
        let Some(values) = self.per_element(&on, argument)? else { return Ok(None) };
        let null = Typed::constant(&Value::Null);
        let fold = match name.as_str() {
            "ARRAY_AGG" => return Ok(Some(values)),
            "COUNT" => {
                let present = self.call_named("ARRAY_REMOVE", vec![values, null], at)?;
                return self.call_named("LENGTH", vec![present], at).map(Some);
            }
            "MIN" => "ARRAY_MIN",
            "MAX" => "ARRAY_MAX",
            _ => {
                let error = SqlError::unsupported(format!("{name} over the elements of an array"));
                return Err(error.at(place(on.value)));
            }
        };
        let present = self.call_named("ARRAY_REMOVE", vec![values, null], at)?;
        self.call_named(fold, vec![present], at).map(Some)
    }

    /// The values of an expression for the elements. `None` if the array isn't of the row.
    fn per_element(&mut self, on: &OnElements<'_>, value: &ast::Expr) -> SqlResult<Option<Typed>> {
        if self.scopes.is_empty() {
            return Ok(None);
        }
        let array = self.expression(on.array)?;
        let array = self.boxed(array);
        let element = Typed::new(Expr::Column(Column::from_name(ELEMENT)), Type::Any);
        let relations = match &on.names[..] {
            [] => vec![None],
            names => names.iter().cloned().map(Some).collect(),
        };
        let relations = relations.into_iter().map(|name| Relation {
            spreads: vec![Spread::Object { value: element.clone(), except: Vec::new() }],
            element: Some(element.clone()),
            ..Relation::closed(self.next_relation(), name, Vec::new())
        });
        let relations = relations.collect::<Vec<_>>();
        self.scopes.push(Scope { relations, ..Scope::default() });
        let bound = on.filter.map(|filter| self.filter(filter)).transpose();
        let bound = bound.and_then(|filter| Ok((filter, self.expression(value)?)));
        self.scopes.pop();
        let (filter, value) = bound?;
        self.evaluated_per_element(array, filter, value).map(Some)
    }

    fn evaluated_per_element(
        &self,
        array: Typed,
        filter: Option<Typed>,
        value: Typed,
    ) -> SqlResult<Typed> {
        let may_fail =
            array.may_fail || value.may_fail || filter.as_ref().is_some_and(|f| f.may_fail);
        let mut arguments = vec![array.expr];
        let mut fields = vec![Field::new(ELEMENT, Type::Any.arrow(), true)];
        // What is of the row around becomes a column beside the element.
        let mut inside = |expr: Expr| {
            expr.transform(|expr| match expr {
                Expr::OuterReferenceColumn(field, column) => {
                    let outer = Expr::Column(column);
                    let known = arguments.iter().skip(1).position(|known| *known == outer);
                    let at = known.unwrap_or(arguments.len() - 1);
                    let name = format!("outer{at}");
                    if known.is_none() {
                        arguments.push(outer);
                        fields.push(Field::new(&name, field.data_type().clone(), true));
                    }
                    Ok(Transformed::yes(Expr::Column(Column::from_name(name))))
                }
                other => Ok(Transformed::no(other)),
            })
            .map(|expr| expr.data)
        };
        let filter = filter.map(|filter| inside(filter.expr)).transpose();
        let filter = filter.map_err(from_datafusion)?;
        let expr = inside(value.expr).map_err(from_datafusion)?;
        let key = format!("per_element({}, {filter:?}, {expr:?})", arguments[0].schema_name());
        let schema = Schema::new(fields);
        let known = DFSchema::try_from(schema.clone()).map_err(from_datafusion)?;
        let physical = |expr: &Expr| {
            create_physical_expr(
                expr,
                &known,
                &ExecutionProps::new(),
                &PhysicalPlanningContext::default(),
            )
            .map_err(from_datafusion)
        };
        let per_element = PerElement {
            schema: Arc::new(schema),
            filter: filter.as_ref().map(physical).transpose()?,
            value: physical(&expr)?,
            of: value.of,
            key,
            signature: PerElement::signature(arguments.len()),
        };
        let of = Type::Only(Kind::Array, Missing::Undefined);
        Ok(Typed::new(per_element.call(arguments), of).failing(may_fail))
    }
}
