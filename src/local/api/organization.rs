//! The only organization.

use super::answers::{ApiResult, Json};
use crate::local::catalog::EXTERNAL_ID;
use crate::local::catalog::access::CLUSTER;
use crate::local::catalog::event::ORGANIZATION;
use crate::local::state::AppState;
use crate::rockset::enums::ClusterType;
use crate::rockset::types::{Cluster, Organization, OrganizationResponse};
use axum::extract::State;

pub(super) async fn get(State(app): State<AppState>) -> ApiResult<OrganizationResponse> {
    let text = |text: &str| Some(text.to_string());
    // Clients accept no null for any of these.
    let cluster = Cluster {
        id: text(CLUSTER),
        apiserver_url: Some(app.url.clone()),
        aws_region: text("local"),
        cluster_type: Some(ClusterType::Public),
        domain: text("rockset"),
        top_level_domain: text("local"),
    };
    let organization = Organization {
        clusters: vec![cluster],
        created_at: Some(app.started_at.clone()),
        display_name: text("Local Rockset"),
        external_id: text(EXTERNAL_ID),
        id: text(ORGANIZATION),
        rockset_user: text("arn:aws:iam::000000000000:user/local"),
        ..Organization::default()
    };
    Ok(Json(OrganizationResponse { data: Some(organization) }))
}

/// Answer of the hosted service's root, by which clients see that the server is up.
pub(super) async fn greet() -> Json<serde_json::Value> {
    Json(serde_json::json!({ "message": "GO ROCKSET!" }))
}
