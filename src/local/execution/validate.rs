//! Statements that are checked, and not run.

use super::collections::Collections;
use crate::local::error::ApiError;
use crate::local::json::time;
use crate::local::query::{Query, Reads, SqlResult, Statement, Value};
use crate::local::state::AppState;
use std::collections::BTreeMap;

/// Names in a statement.
#[derive(Debug, Default)]
pub struct Named {
    pub reads: Reads,
    pub parameters: Vec<String>,
}

/// Checks a statement. A parameter without a value counts as null.
pub async fn validate(
    app: &AppState,
    sql: String,
    given: BTreeMap<String, Value>,
) -> Result<SqlResult<Named>, ApiError> {
    let within = app.clone();
    Ok(app.pool.run(move || check(&within, &sql, given)).await?)
}

/// Checks a statement. This may take long, and much stack.
pub fn check(
    app: &AppState,
    sql: &str,
    mut parameters: BTreeMap<String, Value>,
) -> SqlResult<Named> {
    let mut statement = Statement::read(sql)?;
    let names = statement.parameters();
    if names.iter().any(|name| !parameters.contains_key(name)) {
        statement.forget_limits();
    }
    for name in &names {
        parameters.entry(name.clone()).or_insert(Value::Null);
    }
    let reads = match statement {
        Statement::Describe(target, _) => Collections::new(app).target(&target)?.1,
        Statement::Query(query)
        | Statement::Explain { query, .. }
        | Statement::Export { query, .. } => read(app, &query, &parameters)?,
        Statement::Insert { target, query, .. } => {
            Collections::new(app).target(&target)?;
            read(app, &query, &parameters)?
        }
    };
    Ok(Named { reads, parameters: names.into_iter().collect() })
}

/// What a query reads.
pub fn read(
    app: &AppState,
    query: &Query,
    parameters: &BTreeMap<String, Value>,
) -> SqlResult<Reads> {
    let plan = app.engine.plan_query(query, parameters, &Collections::new(app), time::now())?;
    Ok(plan.reads)
}
