//! One execution of a query lambda by a schedule.

use super::webhook::call;
use crate::local::catalog::access::Resource;
use crate::local::catalog::lambda::{Lambda, Version};
use crate::local::catalog::schedule::{Executed, Schedule, Trouble};
use crate::local::error::ApiError;
use crate::local::execution::lambda::defaults;
use crate::local::execution::submit::{Submitted, submit};
use crate::local::queries::{Asker, Outcome, Query};
use crate::local::query::SqlErrorKind;
use crate::local::state::{AppState, WeakState};
use crate::rockset::enums::{ErrorType, PrivilegeAction as Action};
use std::sync::Arc;
use std::time::Duration;
use tracing::warn;

/// Time limit of the query, which is that of a query in the background.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// Sender of the query, where queries are listed.
const SENDER: &str = "scheduled query lambda";

/// Executes a lambda, calls the webhook, and records how both went. A server that ends meanwhile
/// doesn't wait for it.
pub async fn run(app: WeakState, schedule: Schedule) {
    let begun = match app.upgrade() {
        None => return,
        Some(app) => begin(&app, &schedule).await,
    };
    let (query, trouble) = match begun {
        Err(trouble) => (None, Some(trouble)),
        Ok(query) => {
            query.ended().await;
            let trouble = trouble(&query);
            (Some(query), trouble)
        }
    };
    if let Some(Trouble { message, .. }) = &trouble {
        warn!(schedule = schedule.id, message, "a scheduled query lambda has failed");
    }
    let completed = query.clone().filter(|_| trouble.is_none());
    let id = query.map(|query| query.id().to_string());
    let Some(state) = app.upgrade() else { return };
    state.catalog.end_scheduled_query(&schedule, id, trouble);
    drop(state);
    let webhook = match completed {
        None => None,
        Some(query) => call(&schedule.settings.webhook, &query).await.err(),
    };
    if let Some(Trouble { message, .. }) = &webhook {
        warn!(schedule = schedule.id, message, "a webhook has failed");
    }
    if let Some(state) = app.upgrade() {
        state.catalog.end_execution(&schedule, webhook);
    }
}

async fn begin(app: &AppState, schedule: &Schedule) -> Result<Arc<Query>, Trouble> {
    let caller = app.caller(schedule.settings.key.reveal()).map_err(|error| refused(&error))?;
    let caller = caller.ok_or_else(|| Trouble::permanent("The API key is not known"))?;
    let workspace = Resource::Named(&schedule.workspace);
    let allowed = caller.check(&Action::ExecuteQueryLambdaWs, workspace);
    allowed.map_err(|error| refused(&error))?;
    let (lambda, version) = executed(app, schedule).map_err(|error| refused(&error))?;
    let instance = app.catalog.active_instance(&app.catalog.query_instance());
    let instance = instance.map_err(|error| refused(&error))?;
    let submitted = Submitted {
        sql: version.content.query.clone(),
        parameters: defaults(&version.content),
        default_limit: None,
        timeout: LIMIT,
        is_async: true,
        keeps_rows: true,
        asker: Asker {
            user_agent: Some(SENDER.to_string()),
            key: None,
            email: caller.email.clone(),
            holder: caller.holder(),
        },
        caller,
        lambda: Some(lambda.path(&version)),
        instance,
    };
    submit(app, submitted).await.map_err(|error| refused(&error))
}

/// The version that is executed now.
fn executed(app: &AppState, schedule: &Schedule) -> Result<(Lambda, Version), ApiError> {
    let Schedule { workspace, lambda: name, executed, .. } = schedule;
    let lambda = app.catalog.lambda(workspace, name)?;
    let version = match executed {
        Executed::Tag(tag) => lambda
            .tagged(tag)
            .cloned()
            .ok_or_else(|| ApiError::no_lambda_tag(workspace, name, tag))?,
        Executed::Version(version) => lambda
            .version(version)
            .cloned()
            .ok_or_else(|| ApiError::no_lambda(workspace, name, Some(version)))?,
    };
    Ok((lambda, version))
}

/// Why a query couldn't begin.
fn refused(error: &ApiError) -> Trouble {
    match error.kind() {
        ErrorType::Internalerror | ErrorType::NotReady => Trouble::passing(error.message()),
        _ => Trouble::permanent(error.message()),
    }
}

/// What a query that has ended ran into.
fn trouble(query: &Query) -> Option<Trouble> {
    match query.show().outcome {
        Some(Outcome::Completed(_)) => None,
        Some(Outcome::Failed(error)) => Some(match error.kind {
            SqlErrorKind::Query => Trouble::permanent(error.message),
            _ => Trouble::passing(error.message),
        }),
        Some(Outcome::Cancelled) | None => Some(Trouble::passing("The query was cancelled")),
    }
}
