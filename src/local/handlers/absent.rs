//! What can't be created here: views, aliases and query lambdas. Who looks for them is
//! told that there are none, in the words of the API.

use crate::local::answers::Json;
use crate::local::body::Params;
use crate::local::errors::{Answer, Failure};
use crate::local::state::App;
use crate::rockset::enums::ErrorType;
use crate::rockset::types::{ListAliasesResponse, ListQueryLambdasResponse, ListViewsResponse};
use axum::extract::State;

pub(in crate::local) async fn aliases() -> Json<ListAliasesResponse> {
    Json(ListAliasesResponse { data: Vec::new() })
}

pub(in crate::local) async fn views() -> Json<ListViewsResponse> {
    Json(ListViewsResponse { data: Vec::new() })
}

pub(in crate::local) async fn lambdas() -> Json<ListQueryLambdasResponse> {
    Json(ListQueryLambdasResponse { data: Vec::new() })
}

pub(in crate::local) async fn aliases_of(
    State(app): State<App>,
    Params(workspace): Params<String>,
) -> Answer<ListAliasesResponse> {
    app.store.workspace(&workspace).map(|_| Json(ListAliasesResponse { data: Vec::new() }))
}

pub(in crate::local) async fn views_of(
    State(app): State<App>,
    Params(workspace): Params<String>,
) -> Answer<ListViewsResponse> {
    app.store.workspace(&workspace).map(|_| Json(ListViewsResponse { data: Vec::new() }))
}

pub(in crate::local) async fn lambdas_of(
    State(app): State<App>,
    Params(workspace): Params<String>,
) -> Answer<ListQueryLambdasResponse> {
    app.store.workspace(&workspace).map(|_| Json(ListQueryLambdasResponse { data: Vec::new() }))
}

pub(in crate::local) async fn alias(
    State(app): State<App>,
    Params((workspace, name)): Params<(String, String)>,
) -> Failure {
    none(&app, &workspace, "Alias", &name)
}

pub(in crate::local) async fn view(
    State(app): State<App>,
    Params((workspace, name)): Params<(String, String)>,
) -> Failure {
    none(&app, &workspace, "View", &name)
}

fn none(app: &App, workspace: &str, what: &str, name: &str) -> Failure {
    let message = format!("{what} {name:?} does not exist in workspace {workspace:?}");
    let missing = Failure::new(ErrorType::Notfound, message);
    app.store.workspace(workspace).err().unwrap_or(missing)
}

pub(in crate::local) async fn lambda(
    State(app): State<App>,
    Params((workspace, name)): Params<(String, String)>,
) -> Failure {
    no_lambda(&app, &workspace, &name, None)
}

pub(in crate::local) async fn lambda_tag(
    State(app): State<App>,
    Params((workspace, name, _)): Params<(String, String, String)>,
) -> Failure {
    no_lambda(&app, &workspace, &name, None)
}

pub(in crate::local) async fn lambda_version(
    State(app): State<App>,
    Params((workspace, name, version)): Params<(String, String, String)>,
) -> Failure {
    no_lambda(&app, &workspace, &name, Some(&version))
}

fn no_lambda(app: &App, workspace: &str, name: &str, version: Option<&str>) -> Failure {
    let missing = Failure::no_lambda(workspace, name, version);
    app.store.workspace(workspace).err().unwrap_or(missing)
}
