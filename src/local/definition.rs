//! What a collection is to be, checked.

use super::engine::{self, Transformation};
use super::errors::Failure;
use super::special_fields::EventTimeSource;
use crate::rockset::enums::{
    ClusteringType, CollectionStorageCompressionType, ErrorType, SourceState,
    StorageCompressionType,
};
use crate::rockset::types::{
    CreateCollectionRequest, FieldMappingQuery, FieldPartition, Source, SourceS3, Status,
};
use std::ops::RangeInclusive;

/// Seconds for which documents may be kept.
const RETENTION: RangeInclusive<i64> = 3_600..=315_359_999;

/// A name may be so long.
const NAME: RangeInclusive<usize> = 1..=100;

/// The definition of a collection.
#[derive(Debug)]
pub(super) struct Definition {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) retention_secs: Option<i64>,
    pub(super) event_time: Option<EventTimeSource>,
    pub(super) insert_only: bool,
    pub(super) clustering_key: Vec<FieldPartition>,
    pub(super) compression: Option<CollectionStorageCompressionType>,
    pub(super) sources: Vec<Source>,
    pub(super) transformation: Option<Transformation>,
}

impl TryFrom<CreateCollectionRequest> for Definition {
    type Error = Failure;

    fn try_from(request: CreateCollectionRequest) -> Result<Self, Failure> {
        let name = request.name.ok_or_else(|| Failure::invalid("Wrong in name: it is missing"))?;
        check_name("name", &name)?;
        if let Some(seconds) = request.retention_secs
            && !RETENTION.contains(&seconds)
        {
            let (least, most) = (RETENTION.start(), RETENTION.end());
            return Err(Failure::invalid(format!(
                "Wrong in retention_secs: {seconds} is not between {least} and {most}"
            )));
        }
        for (i, field) in request.clustering_key.iter().enumerate() {
            check_clustering(field).map_err(|wrong| {
                Failure::invalid(format!("Wrong in clustering_key[{i}].{wrong}"))
            })?;
        }
        if let Some(StorageCompressionType::Unlisted(other)) = &request.storage_compression_type {
            let known = StorageCompressionType::KNOWN.join(" nor ");
            return Err(Failure::invalid(format!(
                "Wrong in storage_compression_type: {other:?} is neither {known}"
            )));
        }
        if !request.field_mappings.is_empty() {
            let message = "The local Rockset has no field_mappings: they are superseded by \
                           field_mapping_query";
            return Err(Failure::new(ErrorType::Notimplementedyet, message));
        }
        let transformation = transformation(request.field_mapping_query.as_ref())?;
        for (i, source) in request.sources.iter().enumerate() {
            check_source(source, &format!("sources[{i}]"))?;
        }
        Ok(Self {
            name,
            description: request.description,
            retention_secs: request.retention_secs,
            event_time: request.event_time_info.map(EventTimeSource::try_from).transpose()?,
            insert_only: request.insert_only.unwrap_or_default(),
            clustering_key: request.clustering_key,
            compression: request
                .storage_compression_type
                .map(|kind| CollectionStorageCompressionType::from(kind.as_str())),
            sources: request.sources.into_iter().map(new_source).collect(),
            transformation,
        })
    }
}

/// Checks the name of a workspace, collection or integration.
pub(super) fn check_name(place: &str, name: &str) -> Result<(), Failure> {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    match NAME.contains(&name.len())
        && name.chars().all(good)
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
    {
        true => Ok(()),
        false => Err(Failure::invalid(format!(
            "Wrong in {place}: {name:?} is not 1 to 100 letters, digits, _ or -, beginning with \
             a letter or digit"
        ))),
    }
}

/// An ingest transformation, if there is one.
pub(super) fn transformation(
    query: Option<&FieldMappingQuery>,
) -> Result<Option<Transformation>, Failure> {
    match query.and_then(|query| query.sql.as_deref()).unwrap_or_default().trim() {
        "" => Ok(None),
        sql => Transformation::parse(sql).map(Some),
    }
}

fn check_clustering(field: &FieldPartition) -> Result<(), String> {
    if field.field_name.as_deref().unwrap_or_default().is_empty() {
        return Err("field_name: it is missing".to_string());
    }
    match &field.type_ {
        Some(ClusteringType::Unlisted(other)) => Err(format!("type: {other:?} is not AUTO")),
        Some(ClusteringType::Auto) | None => Ok(()),
    }
}

/// Checks a source: the write API, or one that is to be read.
pub(super) fn check_source(source: &Source, place: &str) -> Result<(), Failure> {
    let bare = Source { id: None, status: None, write_api: None, ..source.clone() };
    let settings = serde_json::to_value(bare).unwrap_or_default();
    let reads = settings.as_object().is_some_and(|settings| !settings.is_empty());
    match (source.write_api.is_some(), reads) {
        (false, true) => engine::check_source(source, place),
        (true, false) => Ok(()),
        (true, true) => Err(Failure::invalid(format!(
            "Wrong in {place}: it is the write API, and something to be read as well"
        ))),
        (false, false) => Err(Failure::invalid(format!("Wrong in {place}: it is empty"))),
    }
}

/// A source as it begins, whatever the request says of how far it has come.
pub(super) fn new_source(source: Source) -> Source {
    let begun = Status { state: Some(SourceState::Initializing), ..Status::default() };
    Source {
        id: Some(uuid::Uuid::new_v4().to_string()),
        resume_at: None,
        suspended_at: None,
        status: source.s3.is_some().then_some(begun),
        s3: source.s3.map(|s3| SourceS3 {
            object_bytes_downloaded: Some(0),
            object_bytes_total: Some(0),
            object_count_downloaded: Some(0),
            object_count_total: Some(0),
            ..s3
        }),
        ..source
    }
}
