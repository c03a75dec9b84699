//! The life of a query, from its request to its end.

use super::execute::{Prepared, execute};
use super::lambda;
use super::reader::Reader;
use crate::local::catalog::access::Caller;
use crate::local::catalog::lambda::LambdaVersion;
use crate::local::error::ApiError;
use crate::local::json::time;
use crate::local::queries::{Asker, Outcome, Query};
use crate::local::query::{SqlError, SqlErrorKind, SqlResult, Statement, Value};
use crate::local::state::{AppState, WeakState};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// A query as it is submitted.
#[derive(Debug)]
pub struct Submitted {
    pub sql: String,
    /// Values of parameters, or the error in one.
    pub parameters: SqlResult<BTreeMap<String, Value>>,
    /// Maximum number of rows of a query that has no `LIMIT`.
    pub default_limit: Option<u64>,
    pub timeout: Duration,
    pub is_async: bool,
    /// Whether rows can be fetched later.
    pub keeps_rows: bool,
    pub asker: Asker,
    pub caller: Arc<Caller>,
    /// The version of a query lambda that is executed.
    pub lambda: Option<LambdaVersion>,
    /// Identifier of the virtual instance.
    pub instance: String,
}

/// Accepts a query. A wrong query is registered, too, and has ended then.
pub async fn submit(app: &AppState, submitted: Submitted) -> Result<Arc<Query>, ApiError> {
    let timeout = submitted.timeout;
    let query = Arc::new(submitted.query(app));
    let prepared = prepare(app, submitted).await?;
    if let Ok(prepared) = &prepared {
        prepared.check_writes()?;
    }
    if let Some(path) = query.lambda() {
        app.catalog.lambda_begins(path);
    }
    match prepared {
        Err(error) => fail(app, &query, error),
        Ok(prepared) => {
            let (weak, running) = (app.weak(), query.clone());
            let work = move |turns| run(weak, running, prepared, turns, timeout);
            // The reason of a refusal is the outcome of the query.
            let _ = app.queries.start(&query, work);
        }
    }
    Ok(query)
}

impl Submitted {
    fn query(&self, app: &AppState) -> Query {
        let query =
            Query::new(self.sql.clone(), self.asker.clone(), self.is_async, self.keeps_rows);
        let query = query.of_lambda(self.lambda.clone()).on_instance(self.instance.clone());
        query.recorded_in(app.catalog.events().clone())
    }
}

/// Parses a statement. The outer result fails if the server has failed.
async fn prepare(app: &AppState, submitted: Submitted) -> Result<SqlResult<Prepared>, ApiError> {
    let Submitted { sql, parameters, default_limit, caller, lambda, .. } = submitted;
    let reader = match lambda {
        Some(_) => Reader::Lambda,
        None => Reader::Sender(caller.clone()),
    };
    let read = move || {
        let mut statement = Statement::read(&sql)?;
        if let Some(rows) = default_limit {
            statement.limit(rows);
        }
        Ok(Prepared { statement, parameters: parameters?, now: time::now(), caller, reader })
    };
    Ok(app.pool.run(read).await?)
}

/// Ends a query that can't begin.
fn fail(app: &AppState, query: &Arc<Query>, error: SqlError) {
    query.run(Duration::ZERO);
    if let Some(path) = query.lambda() {
        lambda::ended(app, path, Some(&error));
    }
    query.end(Outcome::Failed(error));
    // A registry that is too full to note the query changes nothing.
    let _ = app.queries.remember(query);
}

/// Runs a query. If a client waits for it, its time limit includes the wait for its turn.
async fn run(
    app: WeakState,
    query: Arc<Query>,
    prepared: Prepared,
    turns: Arc<Semaphore>,
    timeout: Duration,
) {
    let work = async {
        // The semaphore is never closed, so this never fails.
        let queued = Instant::now();
        let turn = turns.acquire_owned().await;
        query.run(queued.elapsed());
        let outcome = match query.is_async() {
            true => timed(timeout, execute(&app, (query.id(), query.instance()), prepared)).await,
            false => execute(&app, (query.id(), query.instance()), prepared).await,
        };
        drop(turn);
        outcome
    };
    let outcome = match query.is_async() {
        true => work.await,
        false => timed(timeout, work).await,
    };
    if let (Some(path), Some(app)) = (query.lambda(), app.upgrade()) {
        lambda::ended(&app, path, outcome.as_ref().err());
    }
    query.end(match outcome {
        Ok(answer) => Outcome::Completed(Arc::new(answer)),
        Err(error) => Outcome::Failed(error),
    });
    if let Some(app) = app.upgrade() {
        app.queries.tidy();
    }
}

async fn timed<T>(limit: Duration, work: impl Future<Output = SqlResult<T>>) -> SqlResult<T> {
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| Err(too_long()))
}

fn too_long() -> SqlError {
    let message = "Query timeout reached. To extend the query timeout, run an async query by \
                   setting `async` to true. Otherwise, please upgrade to a larger Virtual Instance \
                   or contact Rockset customer support for assistance constructing a more \
                   efficient query.";
    SqlError::new(message).of_kind(SqlErrorKind::Timeout)
}
