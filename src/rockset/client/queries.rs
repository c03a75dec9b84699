//! SQL and query lambdas: a query with parameters from Rust values, its results page by page, and
//! rows as types of serde.
//!
//! ```no_run
//! use materialize_rockset::rockset::client::queries::Query;
//! use materialize_rockset::rockset::{Client, Error};
//!
//! #[derive(serde::Deserialize)]
//! struct Quake {
//!     place: String,
//!     mag: f64,
//! }
//!
//! # async fn strongest(client: &Client) -> Result<(), Error> {
//! let query = Query::new("SELECT place, mag FROM quakes WHERE mag > :mag").bind("mag", 6.5);
//! for quake in query.run(client).await?.into_rows::<Quake>().await? {
//!     println!("{}: {}", quake.place, quake.mag);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`Execution::rows`] and [`Execution::pages`] are streams, which hold a page at a time:
//!
//! ```no_run
//! # use materialize_rockset::rockset::client::queries::Query;
//! # use materialize_rockset::rockset::{Client, Error};
//! # #[derive(serde::Deserialize)]
//! # struct Quake {
//! #     place: String,
//! #     mag: f64,
//! # }
//! use futures_util::TryStreamExt;
//! use std::pin::pin;
//!
//! # async fn all(client: &Client) -> Result<(), Error> {
//! let query = Query::new("SELECT place, mag FROM quakes");
//! let mut quakes = pin!(query.run(client).await?.rows::<Quake>());
//! while let Some(quake) = quakes.try_next().await? {
//!     println!("{}: {}", quake.place, quake.mag);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`Query::lambda`] runs a query that is saved at the server. `examples/queries.rs` is a whole
//! application.
//!
//! A query is sent as an asynchronous one, so that it has no time limit of two minutes and
//! can be cancelled, and the server is asked to wait for its end for a moment, so that a quick
//! one takes one call. A query that writes runs again when its call is repeated: give the
//! client a [`RetryPolicy`](super::retry::RetryPolicy) without time where that matters.

use super::asked::{Asked, How};
use super::call;
use super::effort::Effort;
use super::error::{Error, Foreign, Rejection};
use crate::rockset::Client;
use crate::rockset::enums::{ErrorType, QueryResponseStatus, QueryState};
use crate::rockset::nulls;
use crate::rockset::types::{
    AsyncQueryOptions, ErrorModel, PaginationInfo, QueryError, QueryFieldType, QueryParameter,
};
use futures_util::{Stream, TryStreamExt, stream};
use progenitor_client::{ClientInfo, encode_path};
use reqwest::{RequestBuilder, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use std::time::Duration;

/// How long the server waits for the end of a query before it answers its id alone.
const IN_BAND: Duration = Duration::from_millis(500);
/// How long until the server is asked for the first time how a query is; then twice as long
/// each time.
const FIRST_POLL: Duration = Duration::from_millis(50);
/// The longest between two such questions.
const LONGEST_POLL: Duration = Duration::from_secs(1);
/// How many rows a page has, unless it is said.
const PAGE: u32 = 10_000;

/// A query that has not been sent.
#[derive(Debug, Clone)]
pub struct Query {
    asked: Asked,
    parameters: Vec<QueryParameter>,
    page_size: u32,
    instance: Option<String>,
}

impl Query {
    /// A query without parameters.
    pub fn new(sql: impl Into<String>) -> Self {
        Self::asking(Asked::Sql(sql.into()))
    }

    /// The version of a query lambda that has a tag, such as `latest`. Parameters that get no value
    /// have their defaults.
    pub fn lambda(
        workspace: impl Into<String>,
        name: impl Into<String>,
        tag: impl Into<String>,
    ) -> Self {
        let (workspace, name, which) = (workspace.into(), name.into(), ("tags", tag.into()));
        Self::asking(Asked::Lambda { workspace, name, which })
    }

    /// A version of a query lambda. Parameters that get no value have their defaults.
    pub fn lambda_version(
        workspace: impl Into<String>,
        name: impl Into<String>,
        version: impl Into<String>,
    ) -> Self {
        let (workspace, name, which) =
            (workspace.into(), name.into(), ("versions", version.into()));
        Self::asking(Asked::Lambda { workspace, name, which })
    }

    fn asking(asked: Asked) -> Self {
        Self { asked, parameters: Vec::new(), page_size: PAGE, instance: None }
    }

    /// Runs the query on this virtual instance, by its id or Rockset Resource Name.
    pub fn on_instance(self, id: impl Into<String>) -> Self {
        Self { instance: Some(id.into()), ..self }
    }

    /// Gives the parameter `:name` a value, of the type that JSON has for it.
    pub fn bind(self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        let value = value.into();
        let kind = match &value {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Number(number) if number.is_f64() => "float",
            Value::Number(_) => "int",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let text = match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        self.bind_as(name, kind, text)
    }

    /// Gives the parameter `:name` a value of a type of SQL, such as `date` or `timestamp`.
    pub fn bind_as(
        mut self,
        name: impl Into<String>,
        kind: impl Into<String>,
        value: impl Into<String>,
    ) -> Self {
        let (name, type_, value) = (name.into(), kind.into(), value.into());
        self.parameters.push(QueryParameter { name, type_, value });
        self
    }

    /// Sets how many rows a page has, at most 100,000.
    pub fn page_size(self, rows: u32) -> Self {
        Self { page_size: rows, ..self }
    }

    /// Has the server run the query.
    ///
    /// # Errors
    /// Those of any call, and a [`Rejection`] with line and column of what is wrong with the
    /// query.
    pub async fn run(&self, client: &Client) -> Result<Execution, Error> {
        let how = How {
            parameters: self.parameters.clone(),
            options: AsyncQueryOptions {
                client_timeout_ms: Some(IN_BAND.as_millis() as i64),
                max_initial_results: Some(self.page_size.into()),
                timeout_ms: None,
            },
            instance: self.instance.clone(),
        };
        let answer: Answer = fetch(client, self.asked.request(client, how), "query").await?;
        let mut execution = Execution {
            client: client.clone(),
            page_size: self.page_size,
            id: answer.query_id,
            columns: answer.column_fields.into_iter().map(|column| column.name).collect(),
            rest: Rest::Unfinished,
        };
        if let Some(error) = answer.query_errors.into_iter().next() {
            return Err(failed(error));
        }
        match answer.status {
            Some(QueryResponseStatus::Queued | QueryResponseStatus::Running) => {}
            Some(QueryResponseStatus::Error) => return Err(failed(QueryError::default())),
            _ => execution.rest = Rest::Rows(answer.results, next_cursor(answer.pagination)),
        }
        Ok(execution)
    }
}

/// A query that the server runs, or has run.
///
/// It goes on at the server when this is dropped; [`Self::cancel`] ends it.
#[derive(Debug)]
pub struct Execution {
    client: Client,
    page_size: u32,
    id: Option<String>,
    columns: Vec<String>,
    rest: Rest,
}

/// What is yet to come of a query.
#[derive(Debug)]
enum Rest {
    /// All: the query may still run.
    Unfinished,
    /// Rows that are here, and with a cursor those behind it.
    Rows(Vec<Row>, Option<String>),
    /// The page at a cursor, or the first.
    At(Option<String>),
    Nothing,
}

/// A row of a result, as the server wrote it.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct Row(Box<RawValue>);

impl Row {
    /// The row as JSON: an object, with its columns in the query's order.
    pub fn json(&self) -> &str {
        self.0.get()
    }

    /// Reads the row as any type that has its columns.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_str(self.json())
            .map_err(|error| Error::Unexpected(format!("a row of another form: {error}")))
    }
}

impl Execution {
    /// The server's name for it.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The columns in the query's order. None are known of a query that selects `*`, or that
    /// took long.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The next rows, once they are there; `None` after the last ones. Dropping the future
    /// loses no row.
    pub async fn next_page(&mut self) -> Result<Option<Vec<Row>>, Error> {
        if matches!(self.rest, Rest::Unfinished) {
            self.rest = Rest::At(self.finish().await?);
        }
        let (rows, cursor) = match &mut self.rest {
            Rest::Rows(rows, cursor) => (std::mem::take(rows), cursor.take()),
            Rest::At(cursor) => {
                let cursor = cursor.clone();
                self.page(cursor.as_deref()).await?
            }
            Rest::Unfinished | Rest::Nothing => return Ok(None),
        };
        self.rest = cursor.map_or(Rest::Nothing, |cursor| Rest::At(Some(cursor)));
        Ok(Some(rows))
    }

    /// The pages that are left, as a stream. A page is fetched when it is asked for. The stream
    /// ends after the first error.
    pub fn pages(self) -> impl Stream<Item = Result<Vec<Row>, Error>> + Send {
        stream::try_unfold(self, |mut execution| async move {
            let page = execution.next_page().await?;
            Ok(page.map(|page| (page, execution)))
        })
    }

    /// The rows that are left, each as a value of a type, as a stream that holds a page at a time.
    /// A row of another form is an error, after which the rows behind it follow; the stream ends
    /// after any other error.
    pub fn rows<T: DeserializeOwned + Send>(self) -> impl Stream<Item = Result<T, Error>> + Send {
        let read = |page: Vec<Row>| stream::iter(page.into_iter().map(|row| row.read()));
        self.pages().map_ok(read).try_flatten()
    }

    /// All rows that are left, each as a value of a type.
    pub async fn into_rows<T: DeserializeOwned + Send>(self) -> Result<Vec<T>, Error> {
        self.rows().try_collect().await
    }

    /// Ends the query, if it still runs.
    pub async fn cancel(&self) -> Result<(), Error> {
        match &self.id {
            Some(id) => call(self.client.cancel_query(id)).await.map(drop),
            None => Ok(()),
        }
    }

    /// Waits for the query's end. Returns the cursor of its first page, if there is one.
    async fn finish(&self) -> Result<Option<String>, Error> {
        let mut pause = FIRST_POLL;
        loop {
            let info = call(self.client.get_query(self.known_id()?)).await?;
            let info = info.data.unwrap_or_default();
            match info.status {
                Some(QueryState::Completed) => {
                    return Ok(info.pagination.and_then(|pagination| pagination.start_cursor));
                }
                Some(QueryState::Cancelled) => return Err(Error::Cancelled),
                Some(QueryState::Error) => {
                    let error = info.query_errors.into_iter().next();
                    return Err(failed(error.unwrap_or_default()));
                }
                _ => tokio::time::sleep(pause).await,
            }
            pause = LONGEST_POLL.min(2 * pause);
        }
    }

    async fn page(&self, cursor: Option<&str>) -> Result<(Vec<Row>, Option<String>), Error> {
        let id = encode_path(self.known_id()?);
        let url = format!("{}/v1/orgs/self/queries/{id}/pages", self.client.baseurl);
        let docs = self.page_size.to_string();
        let asked: Vec<(&str, &str)> =
            cursor.map(|cursor| ("cursor", cursor)).into_iter().chain([("docs", &*docs)]).collect();
        let request = self.client.client.get(url).query(&asked);
        let page: Page = fetch(&self.client, request, "get_query_results").await?;
        Ok((page.results, next_cursor(page.pagination)))
    }

    fn known_id(&self) -> Result<&str, Error> {
        let missing =
            || Error::Unexpected("a query without an id, which has not ended".to_string());
        self.id.as_deref().ok_or_else(missing)
    }
}

/// A `QueryResponse`, with its rows as they were written.
#[derive(Deserialize)]
struct Answer {
    #[serde(default, deserialize_with = "nulls::or_default")]
    column_fields: Vec<QueryFieldType>,
    #[serde(default, deserialize_with = "nulls::or_default")]
    results: Vec<Row>,
    query_id: Option<String>,
    status: Option<QueryResponseStatus>,
    pagination: Option<PaginationInfo>,
    #[serde(default, deserialize_with = "nulls::or_default")]
    query_errors: Vec<QueryError>,
}

/// A `QueryPaginationResponse`, with its rows as they were written.
#[derive(Deserialize)]
struct Page {
    results: Vec<Row>,
    pagination: Option<PaginationInfo>,
}

fn next_cursor(pagination: Option<PaginationInfo>) -> Option<String> {
    pagination.and_then(|pagination| pagination.next_cursor)
}

/// What the generated client does, but for the rows.
async fn fetch<T: DeserializeOwned>(
    client: &Client,
    request: RequestBuilder,
    operation: &'static str,
) -> Result<T, Error> {
    let request = request.build().map_err(|error| {
        let error = super::error::chain(&client.inner().shown(error));
        Error::Unexpected(format!("no request could be made: {error}"))
    })?;
    let answer = client.send(request, operation).await?;
    serde_json::from_slice(&answer.body).map_err(|error| {
        let body = client.inner().mask.body(answer.body.clone());
        let words = format!(" with what it was not asked for ({error}): {}", super::words(&body));
        let effort = Effort::first(operation);
        Error::Foreign(Foreign { status: answer.status, words, effort })
    })
}

/// The error that a query ended with after it was accepted.
fn failed(error: QueryError) -> Error {
    let status = error.status_code.and_then(|status| u16::try_from(status).ok());
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    let model = ErrorModel {
        message: error.message,
        type_: error.type_.as_deref().map(ErrorType::from),
        ..ErrorModel::default()
    };
    let effort = Effort::first("query");
    let status = status.unwrap_or(StatusCode::BAD_REQUEST);
    Error::answered(Rejection { status, model: model.into(), effort })
}
