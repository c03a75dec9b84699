//! What the sender may do, told before it is tried.

use super::answers::Json;
use super::auth::Sender;
use crate::local::catalog::access::{Caller, EVERY_RESOURCE, Resource, lacking};
use crate::local::error::ApiError;
use crate::local::state::AppState;
use crate::rockset::operations::{OPERATIONS, Operation, Right};
use axum::Extension;
use axum::extract::State;
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct Permissions {
    data: Vec<Permission>,
}

/// Where the sender may do one operation.
#[derive(Serialize)]
struct Permission {
    operation: &'static str,
    /// `read`, `query` or `write`.
    kind: &'static str,
    /// Names of the resources that it is permitted on, or `*ALL*`.
    permitted_on: Vec<String>,
    /// Why it is refused on all others.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<String>,
}

pub(super) async fn permissions(
    State(app): State<AppState>,
    Extension(caller): Sender,
) -> Json<Permissions> {
    let fixed = app.catalog.check_journal().err();
    let of = |operation| permission(operation, &caller, fixed.as_ref());
    Json(Permissions { data: OPERATIONS.iter().filter_map(of).collect() })
}

/// What an API key decides of an operation; `None` if it decides nothing. `fixed` is why nothing can
/// be changed at present.
fn permission(
    operation: &Operation,
    caller: &Caller,
    fixed: Option<&ApiError>,
) -> Option<Permission> {
    let kind = match operation.right {
        Right::Nothing | Right::IntegrationKey => return None,
        Right::Read => "read",
        Right::Query => "query",
        Right::Write => "write",
    };
    let told = |permitted_on, refusal| Permission {
        operation: operation.operation_id,
        kind,
        permitted_on,
        refusal,
    };
    let lacks = operation.privileges.iter().find(|it| !caller.may(it, Resource::Every));
    Some(match (fixed, lacks) {
        (Some(error), _) if kind == "write" => told(Vec::new(), Some(error.message().to_string())),
        (_, Some(action)) => {
            let refusal = lacking(action, Resource::Any).message().to_string();
            told(caller.permitted_on(action), Some(refusal))
        }
        (_, None) => told(vec![EVERY_RESOURCE.to_string()], None),
    })
}
