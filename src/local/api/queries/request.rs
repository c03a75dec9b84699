//! The body of a query request: the SQL, its parameters, and options.

use crate::local::error::ApiError;
use crate::local::query::{SqlError, SqlResult, Value, parameter};
use crate::rockset::types::QueryParameter;
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use std::collections::BTreeMap;
use std::time::Duration;

/// Time limit of a query that the client waits for.
const SYNCHRONOUS: Duration = Duration::from_secs(2 * 60);

/// Time limit of a query in the background.
const ASYNCHRONOUS: Duration = Duration::from_secs(30 * 60);

/// Maximum number of rows in the first answer, where rows can be fetched later.
const MAX_INITIAL: i64 = 100_000;

/// A request to run or check a query. Unknown properties are ignored.
#[derive(Debug, Deserialize)]
pub struct QueryRequest {
    pub sql: Sql,
    #[serde(rename = "async")]
    is_async: Option<bool>,
    timeout_ms: Option<i64>,
    max_initial_results: Option<i64>,
    async_options: Option<AsyncOptions>,
}

#[derive(Debug, Deserialize)]
pub struct Sql {
    pub query: String,
    parameters: Option<Vec<Parameter>>,
    default_row_limit: Option<i64>,
    paginate: Option<bool>,
    initial_paginate_response_doc_count: Option<i64>,
}

/// A request to execute a query lambda: that of a query, without its text.
#[derive(Debug, Default, Deserialize)]
pub struct LambdaRequest {
    parameters: Option<Vec<Parameter>>,
    default_row_limit: Option<i64>,
    paginate: Option<bool>,
    initial_paginate_response_doc_count: Option<i64>,
    #[serde(rename = "async")]
    is_async: Option<bool>,
    timeout_ms: Option<i64>,
    max_initial_results: Option<i64>,
    async_options: Option<AsyncOptions>,
    pub virtual_instance_id: Option<String>,
}

/// A request to execute a public query lambda.
#[derive(Debug, Default, Deserialize)]
pub struct PublicLambdaRequest {
    parameters: Option<Vec<Parameter>>,
    default_row_limit: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct Parameter {
    /// `None` for a `?`, whose name is its position, counted from 1.
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    value: Option<Box<RawValue>>,
}

#[derive(Debug, Default, Deserialize)]
struct AsyncOptions {
    client_timeout_ms: Option<i64>,
    timeout_ms: Option<i64>,
    max_initial_results: Option<i64>,
}

/// Options for running a query.
#[derive(Debug)]
pub struct Manner {
    pub is_async: bool,
    pub timeout: Duration,
    /// How long the client waits for a query in the background.
    pub patience: Duration,
    /// Maximum number of rows in the first answer, if the others can be fetched.
    pub initial: Option<usize>,
    pub default_limit: Option<u64>,
}

impl QueryRequest {
    /// Values of parameters by name. The last of several values with one name counts.
    pub fn parameters(&self) -> SqlResult<BTreeMap<String, Value>> {
        let given = self.sql.parameters.iter().flatten().enumerate();
        let named = given.map(|(i, given)| {
            let name = given.name.clone().unwrap_or_else(|| (i + 1).to_string());
            let value = given.value(&name)?;
            Ok((name, value))
        });
        named.collect()
    }

    pub fn manner(&self) -> Result<Manner, ApiError> {
        let is_async = self.is_async.unwrap_or_default();
        let none = AsyncOptions::default();
        let options = self.async_options.as_ref().filter(|_| is_async).unwrap_or(&none);
        let longest = if is_async { ASYNCHRONOUS } else { SYNCHRONOUS };
        let timeout = self.timeout_ms.or(options.timeout_ms);
        let timeout = millis("timeout_ms", timeout.filter(|ms| *ms != 0))?.unwrap_or(longest);
        let patience = millis("async_options.client_timeout_ms", options.client_timeout_ms)?;
        let patience = patience.unwrap_or_default().min(SYNCHRONOUS);
        Ok(Manner {
            is_async,
            timeout: timeout.min(longest).max(patience),
            patience,
            initial: self.initial(options)?,
            default_limit: self.default_limit()?,
        })
    }

    fn initial(&self, options: &AsyncOptions) -> Result<Option<usize>, ApiError> {
        let sql = &self.sql;
        let older = sql.initial_paginate_response_doc_count;
        let paginates = sql.paginate.unwrap_or(older.is_some());
        let older = paginates.then(|| older.unwrap_or(MAX_INITIAL));
        let given = self.max_initial_results.or(options.max_initial_results).or(older);
        let Some(rows) = given else { return Ok(None) };
        let good = Some(rows).filter(|rows| (0..=MAX_INITIAL).contains(rows));
        good.and_then(|rows| usize::try_from(rows).ok()).map(Some).ok_or_else(|| {
            let message = format!("max_initial_results is from 0 to {MAX_INITIAL}, not {rows}");
            ApiError::invalid(message)
        })
    }

    fn default_limit(&self) -> Result<Option<u64>, ApiError> {
        let Some(rows) = self.sql.default_row_limit else { return Ok(None) };
        let good = u64::try_from(rows).ok();
        good.map(|rows| Some(rows).filter(|rows| *rows > 0)).ok_or_else(|| {
            ApiError::invalid(format!("default_row_limit can't be {rows}, which is negative"))
        })
    }
}

impl From<PublicLambdaRequest> for LambdaRequest {
    fn from(request: PublicLambdaRequest) -> Self {
        let PublicLambdaRequest { parameters, default_row_limit } = request;
        Self { parameters, default_row_limit, ..Self::default() }
    }
}

impl LambdaRequest {
    /// The request for a query with this text and these default parameters.
    pub fn of_query(self, query: String, defaults: &[QueryParameter]) -> QueryRequest {
        let parameters = with_defaults(self.parameters.unwrap_or_default(), defaults);
        QueryRequest {
            sql: Sql {
                query,
                parameters: Some(parameters),
                default_row_limit: self.default_row_limit,
                paginate: self.paginate,
                initial_paginate_response_doc_count: self.initial_paginate_response_doc_count,
            },
            is_async: self.is_async,
            timeout_ms: self.timeout_ms,
            max_initial_results: self.max_initial_results,
            async_options: self.async_options,
        }
    }
}

/// Adds the defaults that aren't given. A value without a type has that of the default.
fn with_defaults(mut given: Vec<Parameter>, defaults: &[QueryParameter]) -> Vec<Parameter> {
    for default in defaults {
        let mut same = given.iter_mut().filter(|it| it.name.as_deref() == Some(&default.name));
        match same.next_back() {
            Some(same) => _ = same.kind.get_or_insert_with(|| default.type_.clone()),
            None => given.push(Parameter {
                name: Some(default.name.clone()),
                kind: Some(default.type_.clone()),
                // A string can be JSON.
                value: to_raw_value(&default.value).ok(),
            }),
        }
    }
    given
}

impl Parameter {
    fn value(&self, name: &str) -> SqlResult<Value> {
        let Some(value) = &self.value else { return Ok(Value::Null) };
        parameter(self.kind.as_deref(), value).map_err(|wrong| {
            SqlError::new(format!("The value of the parameter {name:?} is wrong: {wrong}"))
        })
    }
}

fn millis(name: &str, ms: Option<i64>) -> Result<Option<Duration>, ApiError> {
    let negative = |ms| ApiError::invalid(format!("{name} can't be {ms}, which is negative"));
    let good = |ms: i64| u64::try_from(ms).map(Duration::from_millis).map_err(|_| negative(ms));
    ms.map(good).transpose()
}
