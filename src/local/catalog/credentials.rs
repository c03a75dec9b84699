//! Whether the credentials of an integration can be what their service takes. Nothing is asked of
//! the service.

use super::integration::services;
use crate::local::error::ApiError;
use crate::rockset::types::{AwsAccessKey, AwsRole, Integration, KafkaIntegration};
use serde_json::{Map, Value};

/// Checks that there are credentials of one service, and that they look like those of it. No message
/// shows a part of a secret.
pub(super) fn check(integration: &Integration) -> Result<(), ApiError> {
    let it = integration;
    if services(it).len() != 1 {
        return Err(ApiError::invalid(
            "An integration needs the credentials of one service, such as s3, and of no other",
        ));
    }
    if let Some(azure) = &it.azure_blob_storage {
        connection_string("azure_blob_storage", Some(&azure.connection_string))?;
    }
    if let Some(azure) = &it.azure_event_hubs {
        connection_string("azure_event_hubs", azure.connection_string.as_deref())?;
    }
    if let Some(azure) = &it.azure_service_bus {
        connection_string("azure_service_bus", Some(&azure.connection_string))?;
    }
    if let Some(account) = it.gcs.as_ref().and_then(|gcs| gcs.gcp_service_account.as_ref()) {
        let key = &account.service_account_key_file_json;
        if serde_json::from_str::<Map<String, Value>>(key).is_err() {
            let place = "gcs.gcp_service_account.service_account_key_file_json";
            return Err(wrong(place, "it is no JSON object, which a key file holds"));
        }
    }
    if let Some(mongodb) = &it.mongodb {
        let is_uri =
            ["mongodb://", "mongodb+srv://"].map(|it| mongodb.connection_uri.starts_with(it));
        if !is_uri.contains(&true) {
            let why = "it begins with neither mongodb:// nor mongodb+srv://";
            return Err(wrong("mongodb.connection_uri", why));
        }
    }
    if let Some(snowflake) = &it.snowflake {
        for (name, text) in [
            ("snowflake_url", &snowflake.snowflake_url),
            ("username", &snowflake.username),
            ("password", &snowflake.password),
            ("default_warehouse", &snowflake.default_warehouse),
        ] {
            given(&format!("snowflake.{name}"), text)?;
        }
        if !snowflake.s3_export_path.starts_with("s3://") {
            return Err(wrong("snowflake.s3_export_path", "it doesn't begin with s3://"));
        }
        aws("snowflake", snowflake.aws_role.as_ref(), snowflake.aws_access_key.as_ref())?;
    }
    if let Some(kafka) = &it.kafka {
        check_kafka(kafka)?;
    }
    if let Some(it) = &it.dynamodb {
        aws("dynamodb", it.aws_role.as_ref(), it.aws_access_key.as_ref())?;
    }
    if let Some(it) = &it.kinesis {
        aws("kinesis", it.aws_role.as_ref(), it.aws_access_key.as_ref())?;
    }
    if let Some(it) = &it.s3 {
        aws("s3", it.aws_role.as_ref(), it.aws_access_key.as_ref())?;
    }
    Ok(())
}

fn wrong(place: &str, why: &str) -> ApiError {
    ApiError::invalid(format!("Wrong in {place}: {why}"))
}

fn given(place: &str, text: &str) -> Result<(), ApiError> {
    if text.trim().is_empty() { Err(wrong(place, "it is empty")) } else { Ok(()) }
}

/// `Name=value;Name=value`, as Azure writes it.
fn connection_string(service: &str, text: Option<&str>) -> Result<(), ApiError> {
    let parts = text.unwrap_or_default().split(';').filter(|part| !part.is_empty());
    let mut parts =
        parts.map(|part| part.split_once('=').is_some_and(|(name, _)| !name.is_empty()));
    match parts.next() == Some(true) && parts.all(|is_setting| is_setting) {
        true => Ok(()),
        false => {
            let why = "it is no connection string of Azure, such as Name=value;Name=value";
            Err(wrong(&format!("{service}.connection_string"), why))
        }
    }
}

fn check_kafka(kafka: &KafkaIntegration) -> Result<(), ApiError> {
    if kafka.use_v3 == Some(true) {
        given("kafka.bootstrap_servers", kafka.bootstrap_servers.as_deref().unwrap_or_default())?;
    }
    let role = kafka.aws_role.as_ref();
    if role.is_some() && kafka.security_config.is_some() {
        return Err(wrong(
            "kafka",
            "it has a role and a security_config, and one excludes the other",
        ));
    }
    aws("kafka", role, None)
}

/// A role or a key, and not both.
fn aws(service: &str, role: Option<&AwsRole>, key: Option<&AwsAccessKey>) -> Result<(), ApiError> {
    if role.is_some() && key.is_some() {
        let why = "it has a role and an access key, and one excludes the other";
        return Err(wrong(service, why));
    }
    if let Some(role) = role {
        let arn = &role.aws_role_arn;
        if !(arn.starts_with("arn:") && arn.contains(":role/")) {
            let why = format!("{arn:?} is no ARN of a role");
            return Err(wrong(&format!("{service}.aws_role.aws_role_arn"), &why));
        }
    }
    if let Some(key) = key {
        let place = |name: &str| format!("{service}.aws_access_key.{name}");
        given(&place("aws_access_key_id"), &key.aws_access_key_id)?;
        given(&place("aws_secret_access_key"), &key.aws_secret_access_key)?;
    }
    Ok(())
}
