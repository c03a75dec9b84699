//! Window functions.

use super::binder::Binder;
use super::expression::or_null;
use super::typed::Typed;
use super::written::Written;
use crate::local::query::operation::{Comparison, Op};
use crate::local::query::sql_error::{SqlError, SqlResult};
use crate::local::query::syntax::place_of;
use crate::local::query::types::Type;
use crate::local::query::value::Value;
use datafusion::common::ScalarValue;
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::functions_window as windows;
use datafusion::logical_expr::expr::{NullTreatment, Sort, WindowFunction};
use datafusion::logical_expr::{
    Expr, WindowFrame, WindowFrameBound, WindowFrameUnits, WindowFunctionDefinition, WindowUDF,
    cast, lit,
};
use sqlparser::ast;
use std::sync::Arc;

/// The rows that a function sees.
#[derive(Clone)]
pub(super) struct Over {
    partition_by: Vec<Expr>,
    order_by: Vec<Sort>,
    frame: WindowFrame,
}

impl Over {
    /// All rows of the partition.
    fn of_partition(self) -> Self {
        Self { order_by: Vec::new(), frame: WindowFrame::new(None), ..self }
    }

    pub(super) fn call(
        self,
        function: WindowFunctionDefinition,
        args: Vec<Expr>,
        filter: Option<Box<Expr>>,
        distinct: bool,
    ) -> Expr {
        let mut window = WindowFunction::new(function, args);
        window.params.partition_by = self.partition_by;
        window.params.order_by = self.order_by;
        window.params.window_frame = self.frame;
        window.params.filter = filter;
        window.params.distinct = distinct;
        Expr::WindowFunction(Box::new(window))
    }
}

impl Binder<'_> {
    pub(super) fn over(&mut self, over: &ast::WindowType) -> SqlResult<Over> {
        let spec = &match over {
            ast::WindowType::WindowSpec(spec) => self.complete(spec)?,
            ast::WindowType::NamedWindow(name) => self.named_window(name)?,
        };
        let mut partition_by = Vec::new();
        for key in &spec.partition_by {
            let key = self.expression(key)?;
            partition_by.push(match key.of {
                Type::Document(_) => self.boxed(key).expr,
                _ => key.expr,
            });
        }
        let order_by = self.sort_keys(&spec.order_by)?;
        let frame = match &spec.window_frame {
            None if order_by.is_empty() => WindowFrame::new(None),
            // The rows until the last one that is equal: DataFusion has no ranges of encoded
            // values, but groups of them.
            None => WindowFrame::new_bounds(
                WindowFrameUnits::Groups,
                WindowFrameBound::Preceding(ScalarValue::UInt64(None)),
                WindowFrameBound::CurrentRow,
            ),
            Some(frame) => self.frame(frame)?,
        };
        Ok(Over { partition_by, order_by, frame })
    }

    /// A window that `WINDOW` has named.
    fn named_window(&self, name: &ast::Ident) -> SqlResult<ast::WindowSpec> {
        named(self.scopes.last().map_or(&[][..], |scope| &scope.windows), name)
    }

    /// A window with what it takes over from one that is named.
    fn complete(&self, spec: &ast::WindowSpec) -> SqlResult<ast::WindowSpec> {
        match &spec.window_name {
            Some(name) => Ok(extended(self.named_window(name)?, spec)),
            None => Ok(spec.clone()),
        }
    }

    fn frame(&mut self, frame: &ast::WindowFrame) -> SqlResult<WindowFrame> {
        let units = match frame.units {
            ast::WindowFrameUnits::Rows => WindowFrameUnits::Rows,
            ast::WindowFrameUnits::Range => WindowFrameUnits::Range,
            ast::WindowFrameUnits::Groups => WindowFrameUnits::Groups,
        };
        let start = self.bound(&frame.start_bound, units)?;
        let end = match &frame.end_bound {
            Some(end) => self.bound(end, units)?,
            None => WindowFrameBound::CurrentRow,
        };
        Ok(WindowFrame::new_bounds(units, start, end))
    }

    fn bound(
        &mut self,
        bound: &ast::WindowFrameBound,
        units: WindowFrameUnits,
    ) -> SqlResult<WindowFrameBound> {
        let mut distance = |expr: &Option<Box<ast::Expr>>| -> SqlResult<ScalarValue> {
            let value = expr.as_ref().map(|expr| self.expression(expr)).transpose()?;
            match (value.and_then(|value| value.value()), units) {
                (None, WindowFrameUnits::Range) => Ok(ScalarValue::Utf8(None)),
                (None, _) if expr.is_none() => Ok(ScalarValue::UInt64(None)),
                (Some(Value::Int(count)), WindowFrameUnits::Range) => {
                    Ok(ScalarValue::Utf8(Some(count.to_string())))
                }
                (Some(Value::Int(count)), _) if count >= 0 => {
                    Ok(ScalarValue::UInt64(u64::try_from(count).ok()))
                }
                _ => Err(SqlError::new("A frame is bounded by constant numbers of rows")),
            }
        };
        Ok(match bound {
            ast::WindowFrameBound::CurrentRow => WindowFrameBound::CurrentRow,
            ast::WindowFrameBound::Preceding(expr) => WindowFrameBound::Preceding(distance(expr)?),
            ast::WindowFrameBound::Following(expr) => WindowFrameBound::Following(distance(expr)?),
        })
    }

    /// A function that only has a meaning over a window.
    pub(super) fn window(
        &mut self,
        written: &Written<'_>,
        over: &ast::WindowType,
    ) -> SqlResult<Typed> {
        let name = written.name.to_ascii_uppercase();
        let ranked = |function: Arc<WindowUDF>| (function, Type::INT, true);
        let (function, of, is_unsigned) = match name.as_str() {
            "ROW_NUMBER" => ranked(windows::row_number::row_number_udwf()),
            "RANK" => ranked(windows::rank::rank_udwf()),
            "DENSE_RANK" => ranked(windows::rank::dense_rank_udwf()),
            "NTILE" => ranked(windows::ntile::ntile_udwf()),
            "PERCENT_RANK" => (windows::rank::percent_rank_udwf(), Type::FLOAT, false),
            "CUME_DIST" => (windows::cume_dist::cume_dist_udwf(), Type::FLOAT, false),
            "LAG" => (windows::lead_lag::lag_udwf(), Type::Any, false),
            "LEAD" => (windows::lead_lag::lead_udwf(), Type::Any, false),
            "FIRST_VALUE" => (windows::nth_value::first_value_udwf(), Type::Any, false),
            "LAST_VALUE" => (windows::nth_value::last_value_udwf(), Type::Any, false),
            "NTH_VALUE" => (windows::nth_value::nth_value_udwf(), Type::Any, false),
            _ => {
                let error = SqlError::new(format!("Function `{}` not found.", written.name));
                return Err(error.with_id("function_not_found"));
            }
        };
        let mut args: Vec<Typed> = Vec::new();
        for arg in &written.args {
            args.push(self.expression(arg)?);
        }
        let over = self.over(over)?;
        let may_fail = args.iter().any(|arg| arg.may_fail);
        let (exprs, of) = match of {
            Type::Any => self.shifted(args)?,
            of => {
                let args = args.into_iter().map(|arg| match arg.value() {
                    // How many buckets there are is unsigned in DataFusion.
                    Some(Value::Int(count)) => lit(u64::try_from(count).unwrap_or(0)),
                    _ => arg.expr,
                });
                (args.collect(), of)
            }
        };
        let rows = over.clone();
        let mut expr = over.call(function.into(), exprs, None, false);
        if written.ignores_nulls
            && let Expr::WindowFunction(window) = &mut expr
        {
            window.params.null_treatment = Some(NullTreatment::IgnoreNulls);
        }
        if is_unsigned {
            expr = cast(expr, Type::INT.arrow());
        }
        let value = Typed { expr, of, may_fail };
        if name == "PERCENT_RANK" {
            // A row alone has no rank among others: 0 / 0.
            let count =
                rows.of_partition().call(count_udaf().into(), vec![lit(1_i64)], None, false);
            let one = Typed::constant(&Value::Int(1));
            let alone = self.compare(Comparison::Equal, Typed::new(count, Type::INT), one, None);
            let nan = Typed::constant(&Value::Float(f64::NAN));
            return Ok(self.choice(vec![(alone, nan)], value));
        }
        Ok(match of.is_boxed() {
            true => self.operation(Op::OrNull, vec![value], of, None),
            false => value,
        })
    }

    /// Arguments of functions that give the value of another row, and the type of that.
    fn shifted(&mut self, args: Vec<Typed>) -> SqlResult<(Vec<Expr>, Type)> {
        let mut args = args.into_iter();
        let Some(value) = args.next() else {
            return Err(SqlError::new("A value is missing in the parentheses"));
        };
        let value = match value.of {
            Type::Document(_) => self.boxed(value),
            _ => value,
        };
        let distance = args.next();
        let default = args.next();
        let of = match &default {
            Some(default) => or_null(value.of).join(or_null(default.of)),
            None => or_null(value.of),
        };
        let mut exprs = vec![self.coerced(value, of).expr];
        exprs.extend(distance.map(|distance| distance.expr));
        exprs.extend(default.map(|default| self.coerced(default, of).expr));
        Ok((exprs, of))
    }
}

/// The window of a name. It may take over from those that are named before it.
fn named(windows: &[ast::NamedWindowDefinition], name: &ast::Ident) -> SqlResult<ast::WindowSpec> {
    let Some(at) = windows.iter().rposition(|window| window.0.value == name.value) else {
        let error = SqlError::new(format!("There is no window {name} before"));
        return Err(error.at(place_of(name.span)));
    };
    match &windows[at].1 {
        ast::NamedWindowExpr::NamedWindow(other) => named(&windows[..at], other),
        ast::NamedWindowExpr::WindowSpec(spec) => match &spec.window_name {
            Some(base) => Ok(extended(named(&windows[..at], base)?, spec)),
            None => Ok(spec.clone()),
        },
    }
}

/// A named window with an order and a frame of another one.
fn extended(base: ast::WindowSpec, spec: &ast::WindowSpec) -> ast::WindowSpec {
    let order_by = match spec.order_by.is_empty() {
        true => base.order_by,
        false => spec.order_by.clone(),
    };
    let window_frame = spec.window_frame.clone().or(base.window_frame);
    ast::WindowSpec { window_name: None, order_by, window_frame, ..base }
}
