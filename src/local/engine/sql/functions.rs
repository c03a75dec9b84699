//! Which functions there are.

use super::error::wrong;
use crate::local::errors::Failure;
use crate::rockset::enums::ErrorType;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::SessionState;
use datafusion::prelude::SessionConfig;
use datafusion::sql::sqlparser::ast::{Expr, Function, visit_expressions};
use std::ops::ControlFlow;
use std::sync::LazyLock;

/// Functions that tell the time, whose value is another with each batch.
const CLOCKS: [&str; 6] =
    ["now", "current_timestamp", "current_date", "current_time", "today", "localtimestamp"];

/// What expressions are planned with.
pub(super) static SESSION: LazyLock<SessionState> = LazyLock::new(|| {
    let mut config = SessionConfig::new();
    let options = config.options_mut();
    options.sql_parser.map_string_types_to_utf8view = false;
    options.execution.time_zone = Some("UTC".to_string());
    SessionStateBuilder::new().with_config(config).with_default_features().build()
});

/// Refuses an expression that calls what isn't a function of one document.
pub(super) fn check(expression: &Expr) -> Result<(), Failure> {
    let outcome = visit_functions(expression, |function| {
        let name = function.name.to_string();
        let lower = name.to_ascii_lowercase();
        if function.over.is_some() || SESSION.window_functions().contains_key(&lower) {
            return ControlFlow::Break(wrong(&format!("{name} looks at other documents")));
        }
        if SESSION.aggregate_functions().contains_key(&lower) {
            return ControlFlow::Break(rollup(&name));
        }
        match SESSION.scalar_functions().contains_key(&lower) {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(wrong(&format!("there is no function {name}"))),
        }
    });
    match outcome {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(failure) => Err(failure),
    }
}

/// Whether an expression tells the time.
pub(super) fn tells_time(expression: &Expr) -> bool {
    let outcome = visit_functions(expression, |function| {
        match CLOCKS.iter().any(|clock| function.name.to_string().eq_ignore_ascii_case(clock)) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    });
    outcome.is_break()
}

fn visit_functions<B>(
    expression: &Expr,
    mut visit: impl FnMut(&Function) -> ControlFlow<B>,
) -> ControlFlow<B> {
    visit_expressions(expression, |expression| match expression {
        Expr::Function(function) => visit(function),
        _ => ControlFlow::Continue(()),
    })
}

/// Refuses what gathers documents.
pub(super) fn rollup(what: &str) -> Failure {
    let message = format!(
        "The local Rockset transforms each document by itself: it has no rollups, and so no {what}"
    );
    Failure::new(ErrorType::Notimplementedyet, message)
}
