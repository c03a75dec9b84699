//! Spec: the schemas of the connector's configuration.

use crate::config::{self, Endpoint, Resource};
use crate::flow::PROTOCOL;
use crate::flow::materialize::response;

const DOCUMENTATION: &str = "https://go.estuary.dev/materialize-rockset";

/// Answers Spec.
pub fn spec() -> response::Spec {
    response::Spec {
        protocol: PROTOCOL,
        config_schema_json: config::schema::<Endpoint>().to_string().into(),
        resource_config_schema_json: config::schema::<Resource>().to_string().into(),
        documentation_url: DOCUMENTATION.to_string(),
    }
}
