//! Aggregates, over groups and over windows.

use super::binder::Binder;
use super::expression::{or_null, place};
use super::sum::sum_udaf;
use super::typed::Typed;
use super::window::Over;
use super::written::Written;
use crate::local::query::operation::Op;
use crate::local::query::sql_error::{SqlError, SqlResult};
use crate::local::query::types::{Missing, Type};
use crate::local::query::value::{Kind, Value};
use datafusion::functions_aggregate as aggregates;
use datafusion::logical_expr::expr::{AggregateFunction, Sort};
use datafusion::logical_expr::{AggregateUDF, Expr, cast, lit};
use sqlparser::ast;
use std::sync::Arc;

/// An aggregate, before it is known over what.
struct Aggregate {
    function: Arc<AggregateUDF>,
    args: Vec<Expr>,
    of: Type,
    distinct: bool,
    filter: Option<Expr>,
    order_by: Vec<Sort>,
    may_fail: bool,
}

impl Aggregate {
    fn new(function: Arc<AggregateUDF>, arg: Typed, of: Type) -> Self {
        let may_fail = arg.may_fail;
        let args = vec![arg.expr];
        let (distinct, filter, order_by) = (false, None, Vec::new());
        Self { function, args, of, distinct, filter, order_by, may_fail }
    }

    /// Leaves out rows, too.
    fn only(mut self, condition: Expr) -> Self {
        self.filter = Some(match self.filter {
            Some(filter) => filter.and(condition),
            None => condition,
        });
        self
    }
}

impl Binder<'_> {
    /// An aggregate; `None` if no aggregate has this name.
    pub(super) fn aggregate(&mut self, written: &Written<'_>) -> SqlResult<Option<Typed>> {
        let name = written.name.to_ascii_uppercase();
        if !is_aggregate(&name) {
            return Ok(None);
        }
        // Within an aggregate a name is that of a field.
        let aliases = self.scopes.last_mut().map(|scope| std::mem::take(&mut scope.aliases));
        let bound = self.named_aggregate(&name, written);
        if let (Some(scope), Some(aliases)) = (self.scopes.last_mut(), aliases) {
            scope.aliases = aliases;
        }
        bound.map(Some)
    }

    fn named_aggregate(&mut self, name: &str, written: &Written<'_>) -> SqlResult<Typed> {
        let mut args = Vec::new();
        for arg in &written.args {
            args.push(self.expression(arg)?);
        }
        let filter = match written.filter {
            Some(filter) => {
                let condition = self.expression(filter)?;
                Some(self.truth(condition, place(filter))?.expr)
            }
            None => None,
        };
        let over = written.over.map(|over| self.over(over)).transpose()?;
        let at = written.place;
        if name == "COUNT" && (written.is_star || args.is_empty()) {
            let count = Aggregate::new(aggregates::count::count_udaf(), constant_one(), Type::INT);
            return self.finished(count, filter, over);
        }
        if name == "GROUPING" {
            let may_fail = false;
            let args = args.into_iter().map(|arg| arg.expr).collect();
            let grouping = AggregateFunction::new_udf(
                aggregates::grouping::grouping_udaf(),
                args,
                false,
                None,
                Vec::new(),
                None,
            );
            let expr = cast(Expr::AggregateFunction(grouping), Type::INT.arrow());
            return Ok(Typed { expr, of: Type::INT, may_fail });
        }
        let needed = if is_of_two(name) { 2 } else { 1 };
        written.takes(needed)?;
        let second = args.get(1).cloned();
        let arg = args.swap_remove(0);
        let float = |binder: &Self, function, arg| -> SqlResult<Aggregate> {
            Ok(Aggregate::new(function, binder.number(arg, at)?, Type::FLOAT))
        };
        let mut aggregate = match name {
            "COUNT" | "APPROX_DISTINCT" => {
                let distinct = written.distinct || name == "APPROX_DISTINCT";
                let arg = match distinct && arg.of.is_boxed() {
                    true => self.operation(Op::EqualityKey, vec![arg], Type::Any, at),
                    false => self.present(arg),
                };
                let mut count = Aggregate::new(aggregates::count::count_udaf(), arg, Type::INT);
                count.distinct = distinct;
                return self.finished(count, filter, over);
            }
            "COUNT_IF" => {
                let condition = self.truth(arg, at)?.expr;
                let count =
                    Aggregate::new(aggregates::count::count_udaf(), constant_one(), Type::INT);
                return self.finished(count.only(condition), filter, over);
            }
            "SUM" => match arg.of.kind() {
                Some(Kind::Float) => float(self, aggregates::sum::sum_udaf(), arg)?,
                Some(Kind::Null | Kind::Undefined) => {
                    float(self, aggregates::sum::sum_udaf(), arg)?
                }
                Some(Kind::Int) => Aggregate::new(aggregates::sum::sum_udaf(), arg, Type::INT),
                Some(Kind::MicrosecondInterval | Kind::MonthInterval) => {
                    let of = or_null(arg.of);
                    Aggregate::new(aggregates::sum::sum_udaf(), arg, of)
                }
                Some(kind) => return Err(SqlError::new(format!("SUM adds numbers, not {kind}"))),
                None => {
                    let mut sum = Aggregate::new(sum_udaf(at), arg, Type::Any);
                    sum.may_fail = true;
                    sum
                }
            },
            "AVG" => float(self, aggregates::average::avg_udaf(), arg)?,
            "GEOMETRIC_MEAN" => {
                let logarithm = self.number(arg, at)?;
                let logarithm = self.call_named("LN", vec![logarithm], at)?;
                let mean = Aggregate::new(aggregates::average::avg_udaf(), logarithm, Type::FLOAT);
                let mean = self.finished(mean, filter, over)?;
                return self.call_named("EXP", vec![mean], at);
            }
            "STDDEV_SAMP" | "STDDEV" => float(self, aggregates::stddev::stddev_udaf(), arg)?,
            "STDDEV_POP" => float(self, aggregates::stddev::stddev_pop_udaf(), arg)?,
            "VAR_SAMP" | "VARIANCE" => float(self, aggregates::variance::var_samp_udaf(), arg)?,
            "VAR_POP" => float(self, aggregates::variance::var_pop_udaf(), arg)?,
            "MIN" | "MAX" => {
                let function = match name {
                    "MIN" => aggregates::min_max::min_udaf(),
                    _ => aggregates::min_max::max_udaf(),
                };
                let of = or_null(arg.of);
                let of = if matches!(of, Type::Document(_)) { Type::Any } else { of };
                Aggregate::new(function, self.present(arg), of)
            }
            "ARBITRARY" | "ANY_VALUE" => {
                let present = super::expression::not(self.absent(arg.clone())).expr;
                let of = or_null(arg.of);
                Aggregate::new(aggregates::first_last::first_value_udaf(), arg, of).only(present)
            }
            "MIN_BY" | "MAX_BY" => {
                let by = second.unwrap_or_else(|| arg.clone());
                let present = super::expression::not(self.absent(by.clone())).expr;
                let value = self.undocumented(arg);
                let of = or_null(value.of);
                let mut first =
                    Aggregate::new(aggregates::first_last::first_value_udaf(), value, of)
                        .only(present);
                let key = self.present(by).expr;
                first.order_by = vec![Sort::new(key, name == "MIN_BY", false)];
                first
            }
            "ARRAY_AGG" => return self.array_agg(written, arg, filter, over),
            "BOOL_AND" | "EVERY" => {
                let arg = self.truth(arg, at)?;
                Aggregate::new(aggregates::bool_and_or::bool_and_udaf(), arg, Type::BOOL)
            }
            "BOOL_OR" => {
                let arg = self.truth(arg, at)?;
                Aggregate::new(aggregates::bool_and_or::bool_or_udaf(), arg, Type::BOOL)
            }
            "BITWISE_AND_AGG" | "BITWISE_OR_AGG" => {
                let function = match name {
                    "BITWISE_AND_AGG" => aggregates::bit_and_or_xor::bit_and_udaf(),
                    _ => aggregates::bit_and_or_xor::bit_or_udaf(),
                };
                let arg = match arg.of {
                    Type::INT => arg,
                    Type::Only(Kind::Int, _) => arg,
                    _ => self.cast_to(arg, "int", false, false, at)?,
                };
                Aggregate::new(function, arg, Type::INT)
            }
            "APPROX_PERCENTILE" => {
                let part = second.and_then(|part| part.value()).and_then(|part| part.as_f64());
                let Some(part) = part else {
                    return Err(SqlError::new("APPROX_PERCENTILE takes a constant from 0 to 1"));
                };
                let arg = self.number(arg, at)?;
                let mut percentile = Aggregate::new(
                    aggregates::approx_percentile_cont::approx_percentile_cont_udaf(),
                    arg,
                    Type::FLOAT,
                );
                percentile.args.push(lit(part));
                percentile
            }
            "CORR" | "COVAR_SAMP" | "COVAR_POP" => {
                let function = match name {
                    "CORR" => aggregates::correlation::corr_udaf(),
                    "COVAR_SAMP" => aggregates::covariance::covar_samp_udaf(),
                    _ => aggregates::covariance::covar_pop_udaf(),
                };
                let other = second.unwrap_or_else(|| arg.clone());
                let mut two = float(self, function, arg)?;
                two.args.push(self.number(other, at)?.expr);
                two
            }
            "STRING_AGG" => {
                let separator = second.unwrap_or_else(|| arg.clone());
                let list = self.array_agg(written, arg, filter, over)?;
                return self.call_named("ARRAY_JOIN", vec![list, separator], at);
            }
            "OBJECT_AGG" | "MAP_AGG" => {
                let value = second.unwrap_or_else(|| arg.clone());
                let (key, value) = (self.boxed(arg), self.boxed(value));
                let of = Type::Only(Kind::Array, Missing::Undefined);
                let pair = self.operation(Op::Array, vec![key, value], of, at);
                let pairs = self.array_agg(written, pair, filter, over)?;
                return self.call_named("ZIP", vec![pairs], at);
            }
            _ => return Err(SqlError::unsupported(format!("The aggregate {name}"))),
        };
        aggregate.distinct = written.distinct;
        self.finished(aggregate, filter, over)
    }

    /// A document as an object.
    fn undocumented(&self, value: Typed) -> Typed {
        match value.of {
            Type::Document(_) => self.boxed(value),
            _ => value,
        }
    }

    fn array_agg(
        &mut self,
        written: &Written<'_>,
        arg: Typed,
        filter: Option<Expr>,
        over: Option<Over>,
    ) -> SqlResult<Typed> {
        let order_by = self.sort_keys(written.order_by)?;
        let function = aggregates::array_agg::array_agg_udaf();
        let mut list = Aggregate::new(function, self.boxed(arg), Type::Any);
        list.distinct = written.distinct;
        list.order_by = order_by;
        // What is distinct can only be ordered as it is.
        if let ([key], true) = (&mut list.order_by[..], written.distinct) {
            key.expr = list.args[0].clone();
        }
        let list = self.unwrapped(list, filter, over)?;
        let of = Type::Only(Kind::Array, Missing::Undefined);
        let array = self.operation(Op::FromList, vec![list], of, written.place);
        match written.limit {
            None => Ok(array),
            Some(limit) => {
                let limit = self.expression(limit)?;
                let first = Typed::constant(&Value::Int(1));
                self.call_named("SLICE", vec![array, first, limit], written.place)
            }
        }
    }

    /// The value of an aggregate, with a null where there is none.
    fn finished(
        &mut self,
        aggregate: Aggregate,
        filter: Option<Expr>,
        over: Option<Over>,
    ) -> SqlResult<Typed> {
        let value = self.unwrapped(aggregate, filter, over)?;
        let of = value.of;
        Ok(match of.is_boxed() {
            true => self.operation(Op::OrNull, vec![value], of, None),
            false => value,
        })
    }

    fn unwrapped(
        &mut self,
        aggregate: Aggregate,
        filter: Option<Expr>,
        over: Option<Over>,
    ) -> SqlResult<Typed> {
        let aggregate = match filter {
            Some(filter) => aggregate.only(filter),
            None => aggregate,
        };
        let Aggregate { function, args, of, distinct, filter, order_by, may_fail } = aggregate;
        let filter = filter.map(Box::new);
        let expr = match over {
            Some(over) => over.call(function.into(), args, filter, distinct),
            None => Expr::AggregateFunction(AggregateFunction::new_udf(
                function, args, distinct, filter, order_by, None,
            )),
        };
        Ok(Typed { expr, of, may_fail })
    }

    /// Keys of an `ORDER BY` within a call or a window.
    pub(super) fn sort_keys(&mut self, keys: &[ast::OrderByExpr]) -> SqlResult<Vec<Sort>> {
        let mut sorts = Vec::new();
        for key in keys {
            let value = self.expression(&key.expr)?;
            sorts.push(self.sort(value, &key.options));
        }
        Ok(sorts)
    }

    /// What is absent comes last, unless the query says otherwise.
    pub(super) fn sort(&self, value: Typed, options: &ast::OrderByOptions) -> Sort {
        let key = self.present(value);
        Sort::new(key.expr, options.asc.unwrap_or(true), options.nulls_first.unwrap_or(false))
    }
}

fn constant_one() -> Typed {
    Typed::new(lit(1_i64), Type::INT)
}

const OF_TWO: [&str; 9] = [
    "MIN_BY",
    "MAX_BY",
    "APPROX_PERCENTILE",
    "CORR",
    "COVAR_SAMP",
    "COVAR_POP",
    "STRING_AGG",
    "OBJECT_AGG",
    "MAP_AGG",
];

const OF_ONE: [&str; 23] = [
    "COUNT",
    "COUNT_IF",
    "APPROX_DISTINCT",
    "SUM",
    "AVG",
    "GEOMETRIC_MEAN",
    "STDDEV",
    "STDDEV_SAMP",
    "STDDEV_POP",
    "VARIANCE",
    "VAR_SAMP",
    "VAR_POP",
    "MIN",
    "MAX",
    "ARBITRARY",
    "ANY_VALUE",
    "ARRAY_AGG",
    "BOOL_AND",
    "EVERY",
    "BOOL_OR",
    "BITWISE_AND_AGG",
    "BITWISE_OR_AGG",
    "GROUPING",
];

fn is_of_two(name: &str) -> bool {
    OF_TWO.contains(&name)
}

/// Whether a function of this name, in upper case, is an aggregate.
pub(super) fn is_aggregate(name: &str) -> bool {
    OF_ONE.contains(&name) || is_of_two(name)
}
