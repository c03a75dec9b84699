//! The organization, of which there is one.

use crate::local::errors::Answer;
use crate::local::server::App;
use crate::rockset::types::{Cluster, Organization, OrganizationResponse};
use axum::Json;
use axum::extract::State;

pub(in crate::local) async fn get(State(app): State<App>) -> Answer<OrganizationResponse> {
    let cluster = Cluster {
        id: Some("local".to_string()),
        apiserver_url: Some(app.url.clone()),
        ..Cluster::default()
    };
    let organization = Organization {
        clusters: vec![cluster],
        created_at: Some(app.started_at.clone()),
        display_name: Some("Local Rockset".to_string()),
        id: Some("local".to_string()),
        ..Organization::default()
    };
    Ok(Json(OrganizationResponse { data: Some(organization) }))
}
