//! Queries of views, which are checked when they are saved.

use super::validate::read;
use crate::local::error::ApiError;
use crate::local::query::{Query, SqlError, SqlResult, Statement};
use crate::local::state::AppState;
use std::collections::{BTreeMap, BTreeSet};

/// `workspace.name` of all that the query of a view names. Fails if it can't be planned.
pub async fn view_entities(
    app: &AppState,
    sql: String,
) -> Result<SqlResult<BTreeSet<String>>, ApiError> {
    let within = app.clone();
    Ok(app.pool.run(move || entities(&within, &sql)).await?)
}

fn entities(app: &AppState, sql: &str) -> SqlResult<BTreeSet<String>> {
    let statement = Statement::read(sql)?;
    if let Some(name) = statement.parameters().first() {
        return Err(SqlError::new(format!("A view has no parameters, and this one has {name:?}")));
    }
    let Statement::Query(query) = statement else {
        return Err(SqlError::new("A view is a query, and no other statement"));
    };
    // The way in which it is read when it is queried.
    Query::of_view(sql)?;
    Ok(read(app, &query, &BTreeMap::new())?.entities)
}
