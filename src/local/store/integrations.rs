//! Integrations: credentials that sources refer to by name.
//!
//! They are kept as they were sent, for a source to use, and shown without secrets.

use super::{CREATOR, EXTERNAL_ID, KEY_NAME, Store, timestamp};
use crate::local::definition::check_name;
use crate::local::errors::Failure;
use crate::rockset::enums::ErrorType;
use crate::rockset::types::{
    AwsAccessKey, CreateIntegrationRequest, Integration, Source, UpdateIntegrationRequest,
};
use url::Url;

/// What is shown in place of a secret.
const MASK: &str = "********";

/// An integration, and where its S3 is if it isn't that of Amazon.
#[derive(Debug, Clone)]
pub(in crate::local) struct Kept {
    pub(in crate::local) integration: Integration,
    pub(in crate::local) s3_endpoint: Option<Url>,
}

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
        let s3_endpoint = s3_endpoint.or(found.s3_endpoint.take());
        *found = Kept { integration: updated, s3_endpoint };
        Ok(masked(found))
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
        kafka.connection_string.iter_mut().for_each(hide);
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
