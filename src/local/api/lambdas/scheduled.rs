//! Schedules of query lambdas.

use crate::local::api::answers::{ApiResult, Json};
use crate::local::api::auth::Sender;
use crate::local::api::extract::{JsonBody, Params};
use crate::local::catalog::cron::Cron;
use crate::local::catalog::schedule::{Executed, Schedule, ScheduleSettings, Webhook};
use crate::local::error::ApiError;
use crate::local::execution::check_authorization;
use crate::local::state::AppState;
use crate::rockset::Secret;
use crate::rockset::types::{
    CreateScheduledLambdaRequest, ListScheduledLambdasResponse, ScheduledLambdaResponse,
    UpdateScheduledLambdaRequest,
};
use axum::Extension;
use axum::extract::State;
use chrono::Utc;
use serde::de::IgnoredAny;
use url::Url;

/// The name of a workspace, and the identifier of a schedule in it.
type SchedulePath = Params<(String, String)>;

pub async fn list_scheduled(
    State(app): State<AppState>,
    Extension(caller): Sender,
) -> Json<ListScheduledLambdasResponse> {
    let mut data = app.catalog.schedules();
    data.retain(|it| caller.sees(it.workspace.as_deref().unwrap_or_default()));
    Json(ListScheduledLambdasResponse { data })
}

pub async fn get_scheduled(
    State(app): State<AppState>,
    Params((workspace, id)): SchedulePath,
) -> ApiResult<ScheduledLambdaResponse> {
    let shown = app.catalog.schedule(&workspace, &id)?.show();
    Ok(Json(ScheduledLambdaResponse { data: Some(shown) }))
}

pub async fn schedule(
    State(app): State<AppState>,
    Params(workspace): Params<String>,
    JsonBody(request): JsonBody<CreateScheduledLambdaRequest>,
) -> ApiResult<ScheduledLambdaResponse> {
    app.catalog.workspace(&workspace)?;
    let cron = Cron::try_from(request.cron_string).map_err(|error| wrong("cron_string", error))?;
    if cron.next_after(Utc::now()).is_none() {
        let never = format!("the time {:?} never comes", cron.text());
        return Err(wrong("cron_string", never));
    }
    let executed = match (given(request.tag), given(request.version)) {
        (Some(tag), None) => Executed::Tag(tag),
        (None, Some(version)) => Executed::Version(version),
        (Some(_), Some(_)) => {
            return Err(wrong("version", "there is a tag, too, and one excludes the other"));
        }
        (None, None) => return Err(wrong("tag", "either a tag or a version is needed")),
    };
    let settings = ScheduleSettings {
        key: Secret::new(request.apikey),
        total: request.total_times_to_execute,
        webhook: Webhook {
            url: given(request.webhook_url),
            authorization: Secret::new(request.webhook_auth_header.unwrap_or_default()),
            payload: given(request.webhook_payload),
        },
    };
    check(&app, &settings)?;
    let schedule = Schedule::new(&workspace, request.ql_name, executed, cron, settings);
    let shown = app.catalog.create_schedule(schedule)?;
    Ok(Json(ScheduledLambdaResponse { data: Some(shown) }))
}

pub async fn reschedule(
    State(app): State<AppState>,
    Params((workspace, id)): SchedulePath,
    JsonBody(request): JsonBody<UpdateScheduledLambdaRequest>,
) -> ApiResult<ScheduledLambdaResponse> {
    let old = app.catalog.schedule(&workspace, &id)?.settings;
    // What a request leaves out stays, and an empty text takes it away.
    let text = |new: Option<String>, old: Option<String>| new.map_or(old, |new| given(Some(new)));
    let settings = ScheduleSettings {
        key: request.apikey.map_or(old.key, Secret::new),
        total: request.total_times_to_execute.or(old.total),
        webhook: Webhook {
            url: text(request.webhook_url, old.webhook.url),
            authorization: request
                .webhook_auth_header
                .map_or(old.webhook.authorization, Secret::new),
            payload: text(request.webhook_payload, old.webhook.payload),
        },
    };
    check(&app, &settings)?;
    let resumes = request.resume_permanent_error;
    let shown = app.catalog.update_schedule(&workspace, &id, settings, resumes)?;
    Ok(Json(ScheduledLambdaResponse { data: Some(shown) }))
}

pub async fn unschedule(
    State(app): State<AppState>,
    Params((workspace, id)): SchedulePath,
) -> ApiResult<ScheduledLambdaResponse> {
    let shown = app.catalog.delete_schedule(&workspace, &id)?;
    Ok(Json(ScheduledLambdaResponse { data: Some(shown) }))
}

fn check(app: &AppState, settings: &ScheduleSettings) -> Result<(), ApiError> {
    let ScheduleSettings { key, total, webhook } = settings;
    if app.caller(key.reveal())?.is_none() {
        return Err(wrong("apikey", "it is not known"));
    }
    if let Some(total) = total.filter(|total| *total < 1) {
        return Err(wrong("total_times_to_execute", format!("{total} is less than 1")));
    }
    if let Some(url) = &webhook.url {
        let is_http = |url: &Url| matches!(url.scheme(), "http" | "https");
        let url = Url::parse(url).ok().filter(is_http);
        url.ok_or_else(|| wrong("webhook_url", "it is no address of an HTTP server"))?;
    }
    if check_authorization(&webhook.authorization).is_none() {
        return Err(wrong("webhook_auth_header", "it can't be the value of a header"));
    }
    if let Some(payload) = &webhook.payload {
        let parsed = serde_json::from_str::<IgnoredAny>(payload);
        parsed.map_err(|error| wrong("webhook_payload", format!("it is no JSON: {error}")))?;
    }
    Ok(())
}

fn wrong(what: &str, why: impl std::fmt::Display) -> ApiError {
    ApiError::invalid(format!("Wrong in {what}: {why}"))
}

/// A text, unless it is empty.
fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
