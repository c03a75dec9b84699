//! Integrations.

use crate::local::answers::Json;
use crate::local::body::{JsonText, Params, parse};
use crate::local::errors::{Answer, Failure};
use crate::local::state::App;
use crate::rockset::types::{
    CreateIntegrationRequest, CreateIntegrationResponse, DeleteIntegrationResponse,
    GetIntegrationResponse, ListIntegrationsResponse, UpdateIntegrationRequest,
    UpdateIntegrationResponse,
};
use axum::extract::State;
use serde::Deserialize;
use std::marker::PhantomData;
use url::Url;

/// The one property of a request that Rockset doesn't have: where S3 is.
#[derive(Default, Deserialize)]
struct Local {
    s3: Option<LocalS3>,
}

#[derive(Deserialize)]
struct LocalS3 {
    endpoint_url: Option<String>,
}

fn s3_endpoint(text: &[u8]) -> Result<Option<Url>, Failure> {
    let local = parse(text, PhantomData::<Local>)?;
    let Some(text) = local.s3.and_then(|s3| s3.endpoint_url) else {
        return Ok(None);
    };
    match Url::parse(&text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(Some(url)),
        _ => {
            let wrong = format!("{text:?} is no address of an HTTP server");
            Err(Failure::invalid(format!("Wrong in s3.endpoint_url: {wrong}")))
        }
    }
}

pub(in crate::local) async fn list(State(app): State<App>) -> Answer<ListIntegrationsResponse> {
    Ok(Json(ListIntegrationsResponse { data: app.store.integrations() }))
}

pub(in crate::local) async fn get(
    State(app): State<App>,
    Params(name): Params<String>,
) -> Answer<GetIntegrationResponse> {
    Ok(Json(GetIntegrationResponse { data: Some(app.store.integration(&name)?) }))
}

pub(in crate::local) async fn create(
    State(app): State<App>,
    JsonText(text): JsonText,
) -> Answer<CreateIntegrationResponse> {
    let request = parse(&text, PhantomData::<CreateIntegrationRequest>)?;
    let created = app.store.create_integration(request, s3_endpoint(&text)?)?;
    Ok(Json(CreateIntegrationResponse { data: Some(created) }))
}

pub(in crate::local) async fn update(
    State(app): State<App>,
    Params(name): Params<String>,
    JsonText(text): JsonText,
) -> Answer<UpdateIntegrationResponse> {
    let request = parse(&text, PhantomData::<UpdateIntegrationRequest>)?;
    let updated = app.store.update_integration(&name, request, s3_endpoint(&text)?)?;
    Ok(Json(UpdateIntegrationResponse { data: Some(updated) }))
}

pub(in crate::local) async fn delete(
    State(app): State<App>,
    Params(name): Params<String>,
) -> Answer<DeleteIntegrationResponse> {
    Ok(Json(DeleteIntegrationResponse { data: Some(app.store.delete_integration(&name)?) }))
}
