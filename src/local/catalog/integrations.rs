//! The integrations of the organization.

use super::creator::Creator;
use super::credentials;
use super::definition::check_name;
use super::integration::{StoredIntegration, named, pushed, services, with_external_id, with_key};
use super::kept;
use super::source::{no_messages, pushed_topic};
use super::{Catalog, Collection, timestamp};
use crate::local::error::ApiError;
use crate::local::journal::Change;
use crate::rockset::enums::ErrorType;
use crate::rockset::types::{
    CreateIntegrationRequest, Integration, Source, StatusKafka, UpdateIntegrationRequest,
};
use std::sync::Arc;
use url::Url;

/// A collection that receives pushed messages, and the source that receives them.
pub type Subscriber = (Arc<Collection>, Source);

impl Catalog {
    pub fn integrations(&self) -> Vec<Integration> {
        self.integrations.read().values().map(StoredIntegration::masked).collect()
    }

    pub fn integration(&self, name: &str) -> Result<Integration, ApiError> {
        self.secret_integration(name).map(|stored| stored.masked())
    }

    /// An integration with its secrets, which no answer may show.
    pub fn secret_integration(&self, name: &str) -> Result<StoredIntegration, ApiError> {
        self.integrations.read().get(name).cloned().ok_or_else(|| ApiError::no_integration(name))
    }

    pub fn create_integration(
        &self,
        request: CreateIntegrationRequest,
        s3_endpoint: Option<Url>,
        creator: Creator,
    ) -> Result<Integration, ApiError> {
        check_name("name", &request.name)?;
        let mut integration = Integration {
            azure_blob_storage: request.azure_blob_storage,
            azure_event_hubs: request.azure_event_hubs,
            azure_service_bus: request.azure_service_bus,
            collections: Vec::new(),
            created_at: Some(timestamp()),
            created_by: creator.email.clone(),
            created_by_apikey_name: Some(creator.key),
            description: request.description,
            dynamodb: request.dynamodb,
            gcs: request.gcs,
            is_write_enabled: request.is_write_enabled,
            kafka: request.kafka,
            kinesis: request.kinesis,
            mongodb: request.mongodb,
            name: request.name,
            owner_email: Some(creator.email),
            s3: request.s3,
            snowflake: request.snowflake,
        };
        credentials::check(&integration)?;
        let mut integrations = self.integrations.write();
        if integrations.contains_key(&integration.name) {
            return Err(ApiError::already_exists("Integration", &integration.name));
        }
        with_external_id(&mut integration);
        with_key(&mut integration, None);
        let stored = StoredIntegration { integration, s3_endpoint };
        let shown = stored.masked();
        self.keep(|| Change::put(kept::INTEGRATION, &stored.integration.name, &stored));
        integrations.insert(stored.integration.name.clone(), stored);
        Ok(shown)
    }

    pub fn update_integration(
        &self,
        name: &str,
        request: UpdateIntegrationRequest,
        s3_endpoint: Option<Url>,
    ) -> Result<Integration, ApiError> {
        let mut integrations = self.integrations.write();
        let found = integrations.get_mut(name).ok_or_else(|| ApiError::no_integration(name))?;
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
            return Err(ApiError::invalid(message));
        }
        credentials::check(&updated)?;
        with_external_id(&mut updated);
        with_key(&mut updated, found.integration.kafka.as_ref());
        let s3_endpoint = s3_endpoint.or(found.s3_endpoint.take());
        *found = StoredIntegration { integration: updated, s3_endpoint };
        self.keep(|| Change::put(kept::INTEGRATION, name, &*found));
        Ok(found.masked())
    }

    /// Name of the integration that a key of the Kafka Connect plugin belongs to.
    pub fn integration_of_key(&self, key: &str) -> Option<String> {
        let integrations = self.integrations.read();
        let of_key = |stored: &&StoredIntegration| {
            pushed(&stored.integration)
                .is_some_and(|kafka| kafka.connection_string.as_deref() == Some(key))
        };
        integrations.values().find(of_key).map(|stored| stored.integration.name.clone())
    }

    /// Changes the status of a topic that an integration shows.
    pub fn note_topic(&self, name: &str, topic: &str, note: impl FnOnce(&mut StatusKafka)) {
        let mut integrations = self.integrations.write();
        let Some(found) = integrations.get_mut(name) else {
            return;
        };
        if let Some(kafka) = &mut found.integration.kafka {
            let topics = &mut kafka.source_status_by_topic;
            note(topics.entry(topic.to_string()).or_insert_with(no_messages));
            self.keep(|| Change::put(kept::INTEGRATION, name, &*found));
        }
    }

    /// The collections that receive the messages of a topic, each with its source.
    pub fn subscribers(&self, integration: &str, topic: &str) -> Vec<Subscriber> {
        let takes = |source: &Source| {
            named(source) == Some(integration) && pushed_topic(source) == Some(topic)
        };
        let collections = self.collections().into_iter().flat_map(|collection| {
            let sources = collection.sources().into_iter().filter(takes);
            sources.map(|source| (collection.clone(), source)).collect::<Vec<_>>()
        });
        collections.collect()
    }

    pub fn delete_integration(&self, name: &str) -> Result<Integration, ApiError> {
        // Held so that no source can name the integration meanwhile.
        let mut integrations = self.integrations.write();
        if !integrations.contains_key(name) {
            return Err(ApiError::no_integration(name));
        }
        if let Some(user) = self.user_of(name) {
            let message =
                format!("Integration {name:?} can't be deleted: collection {user:?} uses it");
            return Err(ApiError::new(ErrorType::Dependentresources, message));
        }
        let removed = integrations.remove(name);
        self.keep(|| Change::delete(kept::INTEGRATION, name));
        removed.map(|stored| stored.masked()).ok_or_else(|| ApiError::no_integration(name))
    }

    /// A collection with a source that names this integration.
    fn user_of(&self, integration: &str) -> Option<String> {
        let names = |source: &Source| named(source) == Some(integration);
        let collections = self.collections();
        let user = collections.iter().find(|user| user.sources().iter().any(names))?;
        Some(user.name().to_string())
    }
}
