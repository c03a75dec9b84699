//! The definition of a collection, checked.

use super::SourceEntry;
use super::creator::Creator;
use super::event_time::EventTimeSource;
use super::transformation::Transformation;
use crate::local::error::ApiError;
use crate::rockset::enums::{CollectionStorageCompressionType as Compression, ErrorType};
use crate::rockset::rules::{self, RETENTION_SECS};
use crate::rockset::types::{CreateCollectionRequest, FieldPartition, FieldSchema};
use serde::{Deserialize, Serialize};

/// The definition of a collection.
#[derive(Debug, Serialize, Deserialize)]
pub struct Definition {
    pub name: String,
    #[serde(skip)]
    pub description: Option<String>,
    pub retention_secs: Option<i64>,
    pub event_time: Option<EventTimeSource>,
    pub insert_only: bool,
    pub clustering_key: Vec<FieldPartition>,
    pub field_schemas: Vec<FieldSchema>,
    pub compression: Compression,
    #[serde(default)]
    pub creator: Creator,
    #[serde(skip)]
    pub sources: Vec<SourceEntry>,
    #[serde(skip)]
    pub transformation: Option<Transformation>,
}

impl Definition {
    /// The definition of a collection that the server makes by itself.
    pub(super) fn of_server(name: &str, description: &str, retention_secs: i64) -> Self {
        Self {
            name: name.to_string(),
            description: Some(description.to_string()),
            retention_secs: Some(retention_secs),
            event_time: None,
            insert_only: false,
            clustering_key: Vec::new(),
            field_schemas: Vec::new(),
            compression: Compression::Lz4,
            creator: Creator::default(),
            sources: Vec::new(),
            transformation: None,
        }
    }
}

/// Converts all but the sources and the transformation, which are added once they are checked, and
/// the creator.
impl TryFrom<CreateCollectionRequest> for Definition {
    type Error = ApiError;

    fn try_from(request: CreateCollectionRequest) -> Result<Self, ApiError> {
        let name = request.name.ok_or_else(|| ApiError::invalid("Wrong in name: it is missing"))?;
        check_name("name", &name)?;
        if let Some(seconds) = request.retention_secs
            && !RETENTION_SECS.contains(&seconds)
        {
            let (least, most) = RETENTION_SECS.into_inner();
            return Err(ApiError::invalid(format!(
                "Wrong in retention_secs: {seconds} is not between {least} and {most}"
            )));
        }
        for (i, field) in request.clustering_key.iter().enumerate() {
            check_clustering(field).map_err(|wrong| {
                ApiError::invalid(format!("Wrong in clustering_key[{i}].{wrong}"))
            })?;
        }
        if !request.field_mappings.is_empty() {
            let message = "The local Rockset has no field_mappings: they are superseded by \
                           field_mapping_query";
            return Err(ApiError::new(ErrorType::Notimplementedyet, message));
        }
        Ok(Self {
            name,
            description: request.description,
            retention_secs: request.retention_secs,
            event_time: request.event_time_info.map(EventTimeSource::try_from).transpose()?,
            insert_only: request.insert_only.unwrap_or_default(),
            clustering_key: request.clustering_key,
            field_schemas: request.field_schemas,
            compression: request
                .storage_compression_type
                .map_or(Compression::Lz4, |kind| Compression::from(kind.as_str())),
            creator: Creator::default(),
            sources: Vec::new(),
            transformation: None,
        })
    }
}

/// Checks the name of a workspace, collection or integration.
pub fn check_name(place: &str, name: &str) -> Result<(), ApiError> {
    rules::check_name(name).map_err(|_| {
        ApiError::invalid(format!(
            "Wrong in {place}: {name:?} is not 1 to 100 letters, digits, _ or -, beginning with \
             a letter or digit"
        ))
    })
}

fn check_clustering(field: &FieldPartition) -> Result<(), String> {
    if field.field_name.as_deref().unwrap_or_default().is_empty() {
        return Err("field_name: it is missing".to_string());
    }
    Ok(())
}
