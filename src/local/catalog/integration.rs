//! An integration: credentials that sources refer to by its name.
//!
//! It is kept as it was sent, for sources to use, and shown without secrets.

use super::EXTERNAL_ID;
use super::source::{kinds, no_messages};
use crate::local::error::ApiError;
use crate::rockset::types::{AwsAccessKey, Integration, KafkaIntegration, Source};
use serde::{Deserialize, Serialize};
use url::Url;

/// Shown in place of a secret.
const MASK: &str = "********";

/// An integration, with the address of its S3 server if that isn't Amazon's.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StoredIntegration {
    pub integration: Integration,
    #[serde(with = "address")]
    pub s3_endpoint: Option<Url>,
}

impl StoredIntegration {
    /// The integration as it is shown, without its secrets.
    pub(super) fn masked(&self) -> Integration {
        let mut integration = self.integration.clone();
        let it = &mut integration;
        if let Some(azure) = &mut it.azure_blob_storage {
            hide(&mut azure.connection_string);
        }
        if let Some(azure) = &mut it.azure_event_hubs {
            azure.connection_string.iter_mut().for_each(hide);
        }
        if let Some(azure) = &mut it.azure_service_bus {
            hide(&mut azure.connection_string);
        }
        if let Some(account) = it.gcs.as_mut().and_then(|gcs| gcs.gcp_service_account.as_mut()) {
            hide(&mut account.service_account_key_file_json);
        }
        if let Some(kafka) = &mut it.kafka {
            // Without `use_v3` it is the key for the plugin, which clients read here to set the
            // plugin up.
            let secret = kafka.connection_string.iter_mut().filter(|_| kafka.use_v3 == Some(true));
            secret.for_each(hide);
            kafka.security_config.iter_mut().filter_map(|c| c.secret.as_mut()).for_each(hide);
            kafka
                .schema_registry_config
                .iter_mut()
                .filter_map(|c| c.secret.as_mut())
                .for_each(hide);
        }
        if let Some(mongodb) = &mut it.mongodb {
            hide(&mut mongodb.connection_uri);
            mongodb.tls.iter_mut().for_each(|tls| hide(&mut tls.client_key));
        }
        if let Some(snowflake) = &mut it.snowflake {
            hide(&mut snowflake.password);
            snowflake.aws_access_key.iter_mut().for_each(hide_aws);
        }
        it.dynamodb.iter_mut().filter_map(|c| c.aws_access_key.as_mut()).for_each(hide_aws);
        it.kinesis.iter_mut().filter_map(|c| c.aws_access_key.as_mut()).for_each(hide_aws);
        it.s3.iter_mut().filter_map(|c| c.aws_access_key.as_mut()).for_each(hide_aws);
        integration
    }
}

/// An address as JSON.
mod address {
    use serde::{Deserialize, Deserializer, Serializer, de};
    use url::Url;

    pub fn serialize<S: Serializer>(url: &Option<Url>, serializer: S) -> Result<S::Ok, S::Error> {
        match url {
            None => serializer.serialize_none(),
            Some(url) => serializer.serialize_some(url.as_str()),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Url>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| Url::parse(&text).map_err(de::Error::custom)).transpose()
    }
}

/// Name of the integration that a source uses.
pub(super) fn named(source: &Source) -> Option<&str> {
    source.integration_name.as_deref().filter(|name| !name.is_empty())
}

/// Settings of an integration that the Kafka Connect plugin pushes into.
pub(super) fn pushed(integration: &Integration) -> Option<&KafkaIntegration> {
    integration.kafka.as_ref().filter(|kafka| kafka.use_v3 != Some(true))
}

/// Sets the key by which the Kafka Connect plugin writes into an integration, which a change of the
/// integration keeps, and the status of its topics.
pub(super) fn with_key(integration: &mut Integration, before: Option<&KafkaIntegration>) {
    let is_pushed = pushed(integration).is_some();
    let Some(kafka) = &mut integration.kafka else {
        return;
    };
    kafka.source_status_by_topic =
        before.map(|before| before.source_status_by_topic.clone()).unwrap_or_default();
    for topic in &kafka.kafka_topic_names {
        kafka.source_status_by_topic.entry(topic.clone()).or_insert_with(no_messages);
    }
    if is_pushed {
        let key = before.and_then(|before| before.connection_string.clone());
        let new = || format!("kafka://{}", uuid::Uuid::new_v4().simple());
        kafka.connection_string = Some(key.unwrap_or_else(new));
    }
}

/// Sets the external ID with which the integration's roles are assumed.
pub(super) fn with_external_id(integration: &mut Integration) {
    let it = integration;
    let roles = [
        it.s3.as_mut().and_then(|c| c.aws_role.as_mut()),
        it.dynamodb.as_mut().and_then(|c| c.aws_role.as_mut()),
        it.kinesis.as_mut().and_then(|c| c.aws_role.as_mut()),
        it.kafka.as_mut().and_then(|c| c.aws_role.as_mut()),
        it.snowflake.as_mut().and_then(|c| c.aws_role.as_mut()),
    ];
    for role in roles.into_iter().flatten() {
        role.aws_external_id.get_or_insert_with(|| EXTERNAL_ID.to_string());
    }
}

/// Fails if a source reads another service than the integration is for.
pub(super) fn check_kind(source: &Source, integration: &Integration) -> Result<(), ApiError> {
    let services = services(integration);
    let kinds = kinds(source);
    if kinds.iter().all(|kind| services.contains(kind)) {
        return Ok(());
    }
    let (name, services, kinds) = (&integration.name, services.join(", "), kinds.join(", "));
    Err(ApiError::invalid(format!("Integration {name:?} is for {services}, and not for {kinds}")))
}

/// The services that the integration has credentials for.
pub(super) fn services(integration: &Integration) -> Vec<&'static str> {
    let all = [
        ("azure_blob_storage", integration.azure_blob_storage.is_some()),
        ("azure_event_hubs", integration.azure_event_hubs.is_some()),
        ("azure_service_bus", integration.azure_service_bus.is_some()),
        ("dynamodb", integration.dynamodb.is_some()),
        ("gcs", integration.gcs.is_some()),
        ("kafka", integration.kafka.is_some()),
        ("kinesis", integration.kinesis.is_some()),
        ("mongodb", integration.mongodb.is_some()),
        ("s3", integration.s3.is_some()),
        ("snowflake", integration.snowflake.is_some()),
    ];
    all.into_iter().filter_map(|(name, present)| present.then_some(name)).collect()
}

fn hide_aws(key: &mut AwsAccessKey) {
    hide(&mut key.aws_secret_access_key);
}

fn hide(secret: &mut String) {
    *secret = MASK.to_string();
}
