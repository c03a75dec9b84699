//! Integrations: credentials that sources refer to by name.
//!
//! They are kept as they were sent, for a source to use, and shown without secrets.

use super::{CREATOR, EXTERNAL_ID, KEY_NAME, Store, timestamp};
use crate::local::definition::check_name;
use crate::local::errors::Failure;
use crate::local::source::{no_messages, pushed_topic};
use crate::local::store::Collection;
use crate::rockset::enums::ErrorType;
use crate::rockset::types::{
    AwsAccessKey, CreateIntegrationRequest, Integration, KafkaIntegration, Source, StatusKafka,
    UpdateIntegrationRequest,
};
use std::sync::Arc;
use url::Url;

/// What is shown in place of a secret.
const MASK: &str = "********";

/// An integration, and where its S3 is if it isn't that of Amazon.
#[derive(Debug, Clone)]
pub(in crate::local) struct Kept {
    pub(in crate::local) integration: Integration,
    pub(in crate::local) s3_endpoint: Option<Url>,
}

/// A collection that takes what is pushed, and the source by which it does.
pub(in crate::local) type Taker = (Arc<Collection>, Source);

impl Store {
    pub(in crate::local) fn integrations(&self) -> Vec<Integration> {
        self.integrations.read().values().map(masked).collect()
    }

    pub(in crate::local) fn integration(&self, name: &str) -> Result<Integration, Failure> {
        self.secret_integration(name).map(|kept| masked(&kept))
    }

    /// An integration with its secrets, for who works with them.
    pub(in crate::local) fn secret_integration(&self, name: &str) -> Result<Kept, Failure> {
        self.integrations.read().get(name).cloned().ok_or_else(|| Failure::no_integration(name))
    }

    pub(in crate::local) fn create_integration(
        &self,
        request: CreateIntegrationRequest,
        s3_endpoint: Option<Url>,
    ) -> Result<Integration, Failure> {
        check_name("name", &request.name)?;
        let mut integration = Integration {
            azure_blob_storage: request.azure_blob_storage,
            azure_event_hubs: request.azure_event_hubs,
            azure_service_bus: request.azure_service_bus,
            collections: Vec::new(),
            created_at: Some(timestamp()),
            created_by: CREATOR.to_string(),
            created_by_apikey_name: Some(KEY_NAME.to_string()),
            description: request.description,
            dynamodb: request.dynamodb,
            gcs: request.gcs,
            is_write_enabled: request.is_write_enabled,
            kafka: request.kafka,
            kinesis: request.kinesis,
            mongodb: request.mongodb,
            name: request.name,
            owner_email: Some(CREATOR.to_string()),
            s3: request.s3,
            snowflake: request.snowflake,
        };
        if services(&integration).len() != 1 {
            return Err(Failure::invalid(
                "An integration needs the credentials of one service, such as s3, and of no other",
            ));
        }
        let mut integrations = self.integrations.write();
        if integrations.contains_key(&integration.name) {
            return Err(Failure::already_exists("Integration", &integration.name));
        }
        with_external_id(&mut integration);
        with_key(&mut integration, None);
        let kept = Kept { integration, s3_endpoint };
        let shown = masked(&kept);
        integrations.insert(kept.integration.name.clone(), kept);
        Ok(shown)
    }

    pub(in crate::local) fn update_integration(
        &self,
        name: &str,
        request: UpdateIntegrationRequest,
        s3_endpoint: Option<Url>,
    ) -> Result<Integration, Failure> {
        let mut integrations = self.integrations.write();
        let found = integrations.get_mut(name).ok_or_else(|| Failure::no_integration(name))?;
        let old = found.integration.clone();
        let mut updated = Integration {
            azure_blob_storage: request.azure_blob_storage.or(old.azure_blob_storage),
            azure_event_hubs: request.azure_event_hubs.or(old.azure_event_hubs),
            azure_service_bus: request.azure_service_bus.or(old.azure_service_bus),
            description: request.description.or(old.description),
            dynamodb: request.dynamodb.or(old.dynamodb),
            gcs: request.gcs.or(old.gcs),
            is_write_enabled: request.is_write_enabled.or(old.is_write_enabled),
            kafka: request.kafka.or(old.kafka),
            kinesis: request.kinesis.or(old.kinesis),
            mongodb: request.mongodb.or(old.mongodb),
            s3: request.s3.or(old.s3),
            snowflake: request.snowflake.or(old.snowflake),
            ..old
        };
        let before = services(&found.integration);
        if services(&updated) != before {
            let before = before.join(", ");
            let message = format!("Integration {name:?} is for {before}, and stays so");
            return Err(Failure::invalid(message));
        }
        with_external_id(&mut updated);
        with_key(&mut updated, found.integration.kafka.as_ref());
        let s3_endpoint = s3_endpoint.or(found.s3_endpoint.take());
        *found = Kept { integration: updated, s3_endpoint };
        Ok(masked(found))
    }

    /// The integration to which a key belongs that the Kafka Connect plugin brings.
    pub(in crate::local) fn integration_of_key(&self, key: &str) -> Option<String> {
        let integrations = self.integrations.read();
        let of_key = |kept: &&Kept| {
            pushed(&kept.integration)
                .is_some_and(|kafka| kafka.connection_string.as_deref() == Some(key))
        };
        integrations.values().find(of_key).map(|kept| kept.integration.name.clone())
    }

    /// Changes what an integration tells of a topic.
    pub(in crate::local) fn note_topic(
        &self,
        name: &str,
        topic: &str,
        note: impl FnOnce(&mut StatusKafka),
    ) {
        let mut integrations = self.integrations.write();
        let found = integrations.get_mut(name);
        if let Some(kafka) = found.and_then(|kept| kept.integration.kafka.as_mut()) {
            let topics = &mut kafka.source_status_by_topic;
            note(topics.entry(topic.to_string()).or_insert_with(no_messages));
        }
    }

    /// The collections into which the messages of a topic go, each with its source.
    pub(in crate::local) fn takers(&self, integration: &str, topic: &str) -> Vec<Taker> {
        let takes = |source: &Source| {
            named(source) == Some(integration) && pushed_topic(source) == Some(topic)
        };
        let collections = self.collections().into_iter().flat_map(|collection| {
            let sources = collection.sources().into_iter().filter(takes);
            sources.map(|source| (collection.clone(), source)).collect::<Vec<_>>()
        });
        collections.collect()
    }

    pub(in crate::local) fn delete_integration(&self, name: &str) -> Result<Integration, Failure> {
        // Held so that no source comes to name it meanwhile.
        let mut integrations = self.integrations.write();
        if !integrations.contains_key(name) {
            return Err(Failure::no_integration(name));
        }
        if let Some(user) = self.user_of(name) {
            let message =
                format!("Integration {name:?} can't be deleted: collection {user:?} uses it");
            return Err(Failure::new(ErrorType::Dependentresources, message));
        }
        let removed = integrations.remove(name);
        removed.map(|kept| masked(&kept)).ok_or_else(|| Failure::no_integration(name))
    }

    /// A collection with a source that names this integration.
    fn user_of(&self, integration: &str) -> Option<String> {
        let names = |source: &Source| named(source) == Some(integration);
        let collections = self.collections();
        let user = collections.iter().find(|user| user.sources().iter().any(names))?;
        Some(user.name().to_string())
    }
}

/// The integration that a source names.
pub(super) fn named(source: &Source) -> Option<&str> {
    source.integration_name.as_deref().filter(|name| !name.is_empty())
}

/// The settings of an integration that the Kafka Connect plugin pushes into.
fn pushed(integration: &Integration) -> Option<&KafkaIntegration> {
    integration.kafka.as_ref().filter(|kafka| kafka.use_v3 != Some(true))
}

/// Gives an integration its key, by which the Kafka Connect plugin writes, or leaves it
/// the one that it has, and tells of its topics.
fn with_key(integration: &mut Integration, before: Option<&KafkaIntegration>) {
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

/// Fills in what the roles of an integration are assumed with.
fn with_external_id(integration: &mut Integration) {
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

/// The services for which there are credentials.
fn services(integration: &Integration) -> Vec<&'static str> {
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

/// An integration as it is shown.
fn masked(kept: &Kept) -> Integration {
    let mut integration = kept.integration.clone();
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
        // What the plugin is to be set up with is shown whenever it is asked for.
        let secret = kafka.connection_string.iter_mut().filter(|_| kafka.use_v3 == Some(true));
        secret.for_each(hide);
        kafka.security_config.iter_mut().filter_map(|c| c.secret.as_mut()).for_each(hide);
        kafka.schema_registry_config.iter_mut().filter_map(|c| c.secret.as_mut()).for_each(hide);
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

fn hide_aws(key: &mut AwsAccessKey) {
    hide(&mut key.aws_secret_access_key);
}

fn hide(secret: &mut String) {
    *secret = MASK.to_string();
}
