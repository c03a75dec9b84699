//! Virtual instances.

use super::answers::{ApiResult, Json};
use super::auth::Sender;
use super::extract::{JsonBody, Params};
use super::queries::last_queried;
use crate::local::catalog::virtual_instance::Settings;
use crate::local::state::AppState;
use crate::rockset::enums::InstanceClass;
use crate::rockset::types::{
    CreateVirtualInstanceRequest, CreateVirtualInstanceResponse, DeleteVirtualInstanceResponse,
    GetVirtualInstanceResponse, ListVirtualInstancesResponse, ResumeVirtualInstanceResponse,
    SuspendVirtualInstanceResponse, UpdateVirtualInstanceRequest, UpdateVirtualInstanceResponse,
    VirtualInstance, VirtualInstanceStats,
};
use axum::Extension;
use axum::extract::State;

/// Adds the time of the latest query.
fn with_stats(app: &AppState, shown: VirtualInstance) -> VirtualInstance {
    let queried = shown.id.as_deref().and_then(|id| last_queried(app, id));
    let stats = VirtualInstanceStats { last_queried_ms: Some(queried.unwrap_or_default()) };
    VirtualInstance { stats: Some(stats), ..shown }
}

pub(super) async fn list(State(app): State<AppState>) -> ApiResult<ListVirtualInstancesResponse> {
    let mut instances = app.catalog.instances();
    instances.extend(app.catalog.replica_instances().await);
    let data = instances.into_iter().map(|shown| with_stats(&app, shown)).collect();
    Ok(Json(ListVirtualInstancesResponse { data }))
}

pub(super) async fn get(
    State(app): State<AppState>,
    Params(id): Params<String>,
) -> ApiResult<GetVirtualInstanceResponse> {
    let shown = match app.catalog.instance(&id) {
        Ok(known) => known,
        // Replicas are found in the store, which takes longer.
        Err(missing) => app.catalog.replica_instance(&id).await.ok_or(missing)?,
    };
    let shown = with_stats(&app, shown);
    Ok(Json(GetVirtualInstanceResponse { data: Some(shown) }))
}

pub(super) async fn create(
    State(app): State<AppState>,
    Extension(caller): Sender,
    JsonBody(request): JsonBody<CreateVirtualInstanceRequest>,
) -> ApiResult<CreateVirtualInstanceResponse> {
    let default = Settings::new(request.name);
    let class = request.instance_class.map(|class| InstanceClass::from(class.as_str()));
    let settings = Settings {
        description: request.description,
        size: request.type_.unwrap_or(default.size),
        class: class.unwrap_or(default.class),
        auto_suspend_seconds: request.auto_suspend_seconds,
        mount_refresh_interval_seconds: request.mount_refresh_interval_seconds.unwrap_or_default(),
        mount_type: request.mount_type.unwrap_or(default.mount_type),
        enable_remount_on_resume: request.enable_remount_on_resume,
        ..default
    };
    let created = app.catalog.create_instance(settings, caller.creator())?;
    Ok(Json(CreateVirtualInstanceResponse { data: Some(created) }))
}

pub(super) async fn update(
    State(app): State<AppState>,
    Params(id): Params<String>,
    JsonBody(request): JsonBody<UpdateVirtualInstanceRequest>,
) -> ApiResult<UpdateVirtualInstanceResponse> {
    let shown = app.catalog.update_instance(&id, |settings| change(settings, request))?;
    let shown = with_stats(&app, shown);
    Ok(Json(UpdateVirtualInstanceResponse { data: Some(shown) }))
}

/// What a request leaves out stays.
fn change(settings: &mut Settings, request: UpdateVirtualInstanceRequest) {
    let old = settings.clone();
    let class = request.instance_class.map(|class| InstanceClass::from(class.as_str()));
    let auto_suspend_seconds = request.auto_suspend_seconds.or(old.auto_suspend_seconds);
    let suspends = request.auto_suspend_enabled.unwrap_or(true);
    *settings = Settings {
        name: request.name.unwrap_or(old.name),
        description: request.description.or(old.description),
        size: request.new_size.unwrap_or(old.size),
        class: class.unwrap_or(old.class),
        auto_suspend_seconds: auto_suspend_seconds.filter(|_| suspends),
        mount_refresh_interval_seconds: request
            .mount_refresh_interval_seconds
            .unwrap_or(old.mount_refresh_interval_seconds),
        mount_type: request.mount_type.unwrap_or(old.mount_type),
        enable_remount_on_resume: request.enable_remount_on_resume.or(old.enable_remount_on_resume),
        auto_scaling_policy: request.auto_scaling_policy.or(old.auto_scaling_policy),
        microbatch_policy: request.microbatch_policy.or(old.microbatch_policy),
    };
}

pub(super) async fn delete(
    State(app): State<AppState>,
    Params(id): Params<String>,
) -> ApiResult<DeleteVirtualInstanceResponse> {
    let shown = with_stats(&app, app.catalog.delete_instance(&id)?);
    Ok(Json(DeleteVirtualInstanceResponse { data: Some(shown) }))
}

pub(super) async fn suspend(
    State(app): State<AppState>,
    Params(id): Params<String>,
) -> ApiResult<SuspendVirtualInstanceResponse> {
    let shown = with_stats(&app, app.catalog.suspend_instance(&id)?);
    Ok(Json(SuspendVirtualInstanceResponse { data: Some(shown) }))
}

pub(super) async fn resume(
    State(app): State<AppState>,
    Params(id): Params<String>,
) -> ApiResult<ResumeVirtualInstanceResponse> {
    let shown = with_stats(&app, app.catalog.resume_instance(&id)?);
    Ok(Json(ResumeVirtualInstanceResponse { data: Some(shown) }))
}
