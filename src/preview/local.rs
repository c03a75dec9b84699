//! The local Rockset that a preview may run against.

use super::Error;
use serde_json::Value;

pub struct Server;
impl Server {
    pub fn url(&self) -> String {
        String::new()
    }
}
pub async fn start() -> Result<Server, Error> {
    Err(Error::Local("not here yet".into()))
}

/// The endpoint's configuration, pointed at that server.
pub fn point_at(server: &Server, mut config: Value) -> Result<Value, Error> {
    let Some(fields) = config.as_object_mut() else {
        return Err(Error::Config {
            what: "the endpoint configuration".to_string(),
            violations: vec!["it is no object".to_string()],
        });
    };
    fields.insert("region_base_url".to_string(), server.url().into());
    fields.entry("api_key").or_insert_with(|| "local".into());
    Ok(config)
}
