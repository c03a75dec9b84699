//! Changes of what exists, as events of `commons._events`: an operation that has changed something
//! is recorded, with who asked for it, and what it is about.

use super::auth::{Sender, identifier};
use super::extract::{params, parse, unread};
use crate::local::catalog::access::SELF;
use crate::local::catalog::event::{Actor, Event, Kind};
use crate::local::error::ApiError;
use crate::local::state::AppState;
use crate::rockset::rules::MAX_BODY;
use axum::Extension;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What is changed, and the operations that change it.
#[derive(Debug)]
struct Subject {
    kind: Kind,
    /// The parameter of paths that names it. What is created is named by the body.
    param: &'static str,
    created: &'static [&'static str],
    updated: &'static [&'static str],
    deleted: &'static [&'static str],
}

/// Operations in a table, since their names follow no rule. Those that write documents are not in
/// it, nor those that run queries.
const SUBJECTS: [Subject; 12] = [
    named(Kind::User, "user", &["createUser"], &["updateUser"], &["deleteUser"]),
    named(Kind::Role, "roleName", &["createRole"], &["updateRole"], &["deleteRole"]),
    named(Kind::ApiKey, "name", &["createApiKey"], &["updateApiKey"], &["deleteApiKey"]),
    named(Kind::Workspace, "workspace", &["createWorkspace"], &[], &["deleteWorkspace"]),
    named(
        Kind::Collection,
        "collection",
        &["createCollection"],
        &[
            "updateCollection",
            "createSource",
            "updateSource",
            "deleteSource",
            "suspendSource",
            "resumeSource",
        ],
        &["deleteCollection"],
    ),
    named(
        Kind::Integration,
        "integration",
        &["createIntegration"],
        &["updateIntegration"],
        &["deleteIntegration"],
    ),
    named(Kind::Alias, "alias", &["createAlias"], &["updateAlias"], &["deleteAlias"]),
    named(Kind::View, "view", &["createView"], &["updateView"], &["deleteView"]),
    named(
        Kind::QueryLambda,
        "queryLambda",
        &["createQueryLambda"],
        &[
            "updateQueryLambda",
            "deleteQueryLambdaVersion",
            "createQueryLambdaTag",
            "deleteQueryLambdaTag",
        ],
        &["deleteQueryLambda"],
    ),
    named(
        Kind::ScheduledLambda,
        "scheduledLambdaId",
        &["createScheduledLambda"],
        &["updateScheduledLambda"],
        &["deleteScheduledLambda"],
    ),
    named(
        Kind::VirtualInstance,
        "virtualInstanceId",
        &["createVirtualInstance"],
        &[
            "setVirtualInstance",
            "suspendVirtualInstance",
            "resumeVirtualInstance",
            "mountCollection",
            "unmountCollection",
        ],
        &["deleteVirtualInstance"],
    ),
    named(Kind::Organization, "", &[], &["updateDeploymentSettings"], &[]),
];

const fn named(
    kind: Kind,
    param: &'static str,
    created: &'static [&'static str],
    updated: &'static [&'static str],
    deleted: &'static [&'static str],
) -> Subject {
    Subject { kind, param, created, updated, deleted }
}

/// An operation whose success is recorded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Audited {
    operation_id: &'static str,
    subject: &'static Subject,
    /// What has become of the subject.
    what: &'static str,
}

impl Audited {
    /// What is recorded of an operation, if anything.
    pub(super) fn of(operation_id: &'static str) -> Option<Self> {
        SUBJECTS.iter().find_map(|subject| {
            let what = match operation_id {
                it if subject.created.contains(&it) => "CREATED",
                it if subject.updated.contains(&it) => "UPDATED",
                it if !subject.deleted.contains(&it) => return None,
                // The hosted service's word.
                "deleteCollection" => "DROPPED",
                _ => "DELETED",
            };
            Some(Self { operation_id, subject, what })
        })
    }

    fn event(&self, request: &Names) -> Event {
        let Self { operation_id, subject: Subject { kind, param, .. }, what } = *self;
        let Names { by, params, body } = request;
        let name = params.get(*param).or_else(|| body.name());
        let workspace = params.get("workspace").or(name.filter(|_| *kind == Kind::Workspace));
        let mut fields = Map::new();
        let mut details = Map::new();
        let mut note = |field: &str, value: Value| fields.insert(field.to_string(), value);
        details.insert("operation".to_string(), operation_id.into());
        match (kind, workspace, name) {
            (Kind::Collection, Some(workspace), Some(name)) => {
                note("collections", json!([format!("{workspace}.{name}")]));
            }
            (Kind::Integration, _, Some(name)) => _ = note("integrations", json!([name])),
            (Kind::ApiKey, _, Some(name)) => _ = note("apiKeyName", json!(name)),
            (Kind::Workspace | Kind::User, ..) => {}
            (_, _, Some(name)) => _ = details.insert("name".to_string(), json!(name)),
            _ => {}
        }
        if let Some(workspace) = workspace {
            note("workspaceName", json!(workspace));
        }
        if let (Kind::ApiKey | Kind::User, Some(user)) = (kind, request.user()) {
            details.insert("user".to_string(), json!(user));
        }
        Event {
            kind: *kind,
            label: format!("{}_{what}", kind.name()),
            is_error: false,
            by: by.clone(),
            fields,
            details,
            message: None,
        }
    }
}

/// What a request names.
#[derive(Debug)]
struct Names {
    by: Actor,
    /// Parameters of the path.
    params: BTreeMap<String, String>,
    body: BodyNames,
}

/// The names in a body. Nothing secret is among them.
#[derive(Debug, Default, Deserialize)]
struct BodyNames {
    name: Option<String>,
    role_name: Option<String>,
    email: Option<String>,
    /// Name of the query lambda that is scheduled.
    ql_name: Option<String>,
    /// Email address of the user of an API key.
    created_by: Option<String>,
}

impl BodyNames {
    fn name(&self) -> Option<&String> {
        let Self { name, role_name, email, ql_name, .. } = self;
        name.as_ref().or(role_name.as_ref()).or(email.as_ref()).or(ql_name.as_ref())
    }
}

impl Names {
    /// The user who is changed, or whose key is: the sender if no other one is named.
    fn user(&self) -> Option<&str> {
        let BodyNames { email, created_by, .. } = &self.body;
        let named = self.params.get("user").or(email.as_ref()).or(created_by.as_ref());
        let named = named.map(String::as_str).filter(|user| *user != SELF);
        named.or(Some(&self.by.email)).filter(|user| !user.is_empty())
    }
}

/// Records an operation once it has succeeded.
pub(super) async fn record(
    State((app, audited)): State<(AppState, Audited)>,
    Extension(caller): Sender,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let (mut parts, body) = request.into_parts();
    let key = identifier(&parts.headers);
    let params = params(&mut parts).await?;
    // It is in memory already.
    let text: Bytes = to_bytes(body, MAX_BODY).await.map_err(unread)?;
    let body = match audited.subject.created.contains(&audited.operation_id) {
        // The operation itself refuses what can't be parsed.
        true => parse(&app, text.clone()).await.unwrap_or_default(),
        false => BodyNames::default(),
    };
    let names = Names { by: Actor { email: caller.email.clone(), key }, params, body };
    let response = next.run(Request::from_parts(parts, Body::from(text))).await;
    if response.status().is_success() {
        app.catalog.record(&audited.event(&names));
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rockset::operations::{OPERATIONS, Right};

    /// Operations with the right to write that write documents, or what is nobody's business.
    const NOT_RECORDED: [&str; 5] = [
        "addDocuments",
        "patchDocuments",
        "deleteDocuments",
        "uploadFile",
        "updateUnsubscribePreferences",
    ];

    #[test]
    fn every_operation_that_changes_something_is_recorded() {
        for operation in OPERATIONS.iter().filter(|it| it.right == Right::Write) {
            let id = operation.operation_id;
            assert_ne!(Audited::of(id).is_some(), NOT_RECORDED.contains(&id), "{id}");
        }
    }

    #[test]
    fn what_is_recorded_is_an_operation() {
        for Subject { created, updated, deleted, .. } in &SUBJECTS {
            for id in [*created, *updated, *deleted].into_iter().flatten() {
                assert!(OPERATIONS.iter().any(|it| it.operation_id == *id), "there is no {id}");
            }
        }
    }
}
