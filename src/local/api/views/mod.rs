//! Views. Only a build with the feature `engine` can save them; in others, `refused` stands for
//! `save`.

#[cfg(not(feature = "engine"))]
mod refused;
#[cfg(feature = "engine")]
mod save;

#[cfg(not(feature = "engine"))]
pub use refused::{refuse as create, refuse as update};
#[cfg(feature = "engine")]
pub use save::{create, update};

use super::answers::{ApiResult, Json};
use super::auth::Sender;
use super::extract::Params;
use crate::local::state::AppState;
use crate::rockset::types::{DeleteViewResponse, GetViewResponse, ListViewsResponse};
use axum::Extension;
use axum::extract::State;

/// The names of a workspace and of a view in it.
type ViewPath = Params<(String, String)>;

pub async fn list(
    State(app): State<AppState>,
    Extension(caller): Sender,
) -> ApiResult<ListViewsResponse> {
    let mut data = app.catalog.views(None);
    data.retain(|view| caller.sees(view.workspace.as_deref().unwrap_or_default()));
    Ok(Json(ListViewsResponse { data }))
}

pub async fn list_in_workspace(
    State(app): State<AppState>,
    Params(workspace): Params<String>,
) -> ApiResult<ListViewsResponse> {
    Ok(Json(ListViewsResponse { data: app.catalog.views(Some(&workspace)) }))
}

pub async fn get(
    State(app): State<AppState>,
    Params((workspace, name)): ViewPath,
) -> ApiResult<GetViewResponse> {
    Ok(Json(GetViewResponse { data: Some(app.catalog.view(&workspace, &name)?) }))
}

pub async fn delete(
    State(app): State<AppState>,
    Params((workspace, name)): ViewPath,
) -> ApiResult<DeleteViewResponse> {
    Ok(Json(DeleteViewResponse { data: Some(app.catalog.delete_view(&workspace, &name)?) }))
}
