//! The organization, of which there is one.

use crate::local::answers::Json;
use crate::local::errors::Answer;
use crate::local::state::App;
use crate::local::store::EXTERNAL_ID;
use crate::rockset::enums::ClusterType;
use crate::rockset::types::{Cluster, Organization, OrganizationResponse};
use axum::extract::State;

pub(in crate::local) async fn get(State(app): State<App>) -> Answer<OrganizationResponse> {
    let text = |text: &str| Some(text.to_string());
    // Clients take no null for any of these.
    let cluster = Cluster {
        id: text("local"),
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
        id: text("local"),
        rockset_user: text("arn:aws:iam::000000000000:user/local"),
        ..Organization::default()
    };
    Ok(Json(OrganizationResponse { data: Some(organization) }))
}

/// What the root of the hosted service says, by which clients see that it is there.
pub(in crate::local) async fn greet() -> Json<serde_json::Value> {
    Json(serde_json::json!({ "message": "GO ROCKSET!" }))
}
