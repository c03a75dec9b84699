//! Running and checking queries.

use super::failed::{cancelled, failed};
use super::request::{Manner, QueryRequest};
use super::rows::{Duration, ObjectText, completed};
use crate::local::api::answers::json_text;
use crate::local::api::auth::{Sender, check_instance, identifier};
use crate::local::api::extract::{JsonBody, Params};
use crate::local::catalog::access::Caller;
use crate::local::catalog::lambda::LambdaVersion;
use crate::local::error::ApiError;
use crate::local::execution::{self, Named, Submitted};
use crate::local::queries::{Asker, Outcome, Query};
use crate::local::state::AppState;
use crate::rockset::enums::PrivilegeAction as Action;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use http::header::USER_AGENT;
use std::sync::Arc;

pub async fn query(
    State(app): State<AppState>,
    Extension(caller): Sender,
    headers: HeaderMap,
    JsonBody(request): JsonBody<QueryRequest>,
) -> Result<Response, ApiError> {
    run(&app, caller, &headers, request, Via::default()).await
}

pub async fn on_instance(
    State(app): State<AppState>,
    Params(id): Params<String>,
    Extension(caller): Sender,
    headers: HeaderMap,
    JsonBody(request): JsonBody<QueryRequest>,
) -> Result<Response, ApiError> {
    let via = Via { instance: Some(id), ..Via::default() };
    run(&app, caller, &headers, request, via).await
}

/// By what a query is run.
#[derive(Debug, Default)]
pub struct Via {
    /// The version of a query lambda that is executed.
    pub lambda: Option<LambdaVersion>,
    /// Identifier of a virtual instance, if the request names one.
    pub instance: Option<String>,
    /// Whether anybody may run it.
    pub is_public: bool,
}

/// Where the queries of an instance go, if it is a read replica.
async fn elsewhere(app: &AppState, instance: &str) -> Option<ApiError> {
    let replica = app.catalog.replica_instance(instance).await?;
    let (name, description) = (replica.name, replica.description?);
    let message = format!("Send queries for virtual instance {name:?} to itself. {description}");
    Some(ApiError::invalid(message))
}

/// Runs a query.
pub async fn run(
    app: &AppState,
    caller: Arc<Caller>,
    headers: &HeaderMap,
    request: QueryRequest,
    via: Via,
) -> Result<Response, ApiError> {
    let instance = via.instance.filter(|id| !id.is_empty());
    let instance = instance.unwrap_or_else(|| app.catalog.query_instance());
    let instance = match app.catalog.active_instance(&instance) {
        Ok(instance) => instance,
        Err(error) => return Err(elsewhere(app, &instance).await.unwrap_or(error)),
    };
    if !via.is_public {
        check_instance(app, &caller, &Action::QueryVi, Some(&instance))?;
    }
    let manner = request.manner()?;
    let user_agent = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
    let submitted = Submitted {
        parameters: request.parameters(),
        sql: request.sql.query,
        default_limit: manner.default_limit,
        timeout: manner.timeout,
        is_async: manner.is_async,
        keeps_rows: manner.is_async || manner.initial.is_some(),
        asker: Asker {
            user_agent: user_agent.map(String::from),
            key: identifier(headers),
            email: caller.email.clone(),
            holder: caller.holder(),
        },
        caller,
        lambda: via.lambda,
        instance,
    };
    let query = execution::submit(app, submitted).await?;
    answer(app, query, &manner).await
}

/// Answers the result of a query, or that the query goes on.
async fn answer(app: &AppState, query: Arc<Query>, manner: &Manner) -> Result<Response, ApiError> {
    wait(&query, manner).await;
    let outcome = query.take_outcome();
    let is_impatient = manner.is_async && manner.patience.is_zero();
    match outcome {
        Some(Outcome::Failed(error)) if !is_impatient || !query.has_begun() => {
            Err(failed(error, query.id()))
        }
        // The query may have ended meanwhile, which doesn't matter.
        _ if is_impatient => Ok(queued(&query, "QUEUED")),
        Some(Outcome::Failed(error)) => Err(failed(error, query.id())),
        None => Ok(queued(&query, query.show().stage.name())),
        Some(Outcome::Cancelled) => Err(cancelled(query.id())),
        Some(Outcome::Completed(answer)) => {
            let initial = manner.initial;
            let text = app.pool.run(move || completed(&query, &answer, initial)).await?;
            Ok(json_text(text))
        }
    }
}

/// Waits for the end of a query, as long as the client wants to.
async fn wait(query: &Query, manner: &Manner) {
    if manner.is_async {
        // The outcome of the query shows whether it has ended.
        let _ = tokio::time::timeout(manner.patience, query.ended()).await;
    } else {
        // A query whose client is gone is cancelled.
        let _waiting = CancelOnDrop(query);
        query.ended().await;
    }
}

/// Cancels a query that nobody waits for any more.
struct CancelOnDrop<'a>(&'a Query);

impl Drop for CancelOnDrop<'_> {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// Answer for a query in the background that has not ended.
fn queued(query: &Query, status: &str) -> Response {
    let mut text = ObjectText::new();
    text.set("query_id", &query.id());
    text.set("status", &status);
    text.set("stats", &Duration::of(&query.show()));
    json_text(text.finish())
}

pub async fn validate(
    State(app): State<AppState>,
    Extension(caller): Sender,
    JsonBody(request): JsonBody<QueryRequest>,
) -> Result<Response, ApiError> {
    let parameters = request.parameters().map_err(|error| failed(error, ""))?;
    let named = execution::validate(&app, request.sql.query, parameters).await?;
    let Named { reads, parameters } = named.map_err(|error| failed(error, ""))?;
    caller.check_reads(&reads.entities)?;
    let mut text = ObjectText::new();
    text.set("aliases", &reads.aliases);
    text.set("views", &reads.views);
    text.set("name", &[(); 0]);
    text.set("collections", &reads.collections);
    text.set("parameters", &parameters);
    Ok(json_text(text.finish()))
}
