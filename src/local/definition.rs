//! What a collection is to be, checked.

use super::engine;
use super::errors::Failure;
use super::source;
use super::special_fields::EventTimeSource;
use crate::rockset::enums::{CollectionStorageCompressionType as Compression, ErrorType};
use crate::rockset::rules::{self, RETENTION_SECS};
use crate::rockset::types::{
    CreateCollectionRequest, FieldMappingQuery, FieldPartition, FieldSchema, Source,
};
use std::sync::Arc;

/// The definition of a collection.
#[derive(Debug)]
pub(super) struct Definition {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) retention_secs: Option<i64>,
    pub(super) event_time: Option<EventTimeSource>,
    pub(super) insert_only: bool,
    pub(super) clustering_key: Vec<FieldPartition>,
    pub(super) field_schemas: Vec<FieldSchema>,
    pub(super) compression: Compression,
    pub(super) sources: Vec<Source>,
    pub(super) transformation: Option<Transformation>,
}

impl TryFrom<CreateCollectionRequest> for Definition {
    type Error = Failure;

    fn try_from(request: CreateCollectionRequest) -> Result<Self, Failure> {
        let name = request.name.ok_or_else(|| Failure::invalid("Wrong in name: it is missing"))?;
        check_name("name", &name)?;
        if let Some(seconds) = request.retention_secs
            && !RETENTION_SECS.contains(&seconds)
        {
            let (least, most) = RETENTION_SECS.into_inner();
            return Err(Failure::invalid(format!(
                "Wrong in retention_secs: {seconds} is not between {least} and {most}"
            )));
        }
        for (i, field) in request.clustering_key.iter().enumerate() {
            check_clustering(field).map_err(|wrong| {
                Failure::invalid(format!("Wrong in clustering_key[{i}].{wrong}"))
            })?;
        }
        if !request.field_mappings.is_empty() {
            let message = "The local Rockset has no field_mappings: they are superseded by \
                           field_mapping_query";
            return Err(Failure::new(ErrorType::Notimplementedyet, message));
        }
        let transformation = transformation(request.field_mapping_query.as_ref())?;
        for (i, source) in request.sources.iter().enumerate() {
            source::check(source, &format!("sources[{i}]"))?;
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
            sources: request.sources.into_iter().map(source::new).collect(),
            transformation,
        })
    }
}

/// Checks the name of a workspace, collection or integration.
pub(super) fn check_name(place: &str, name: &str) -> Result<(), Failure> {
    match rules::check_name(name).is_ok() {
        true => Ok(()),
        false => Err(Failure::invalid(format!(
            "Wrong in {place}: {name:?} is not 1 to 100 letters, digits, _ or -, beginning with \
             a letter or digit"
        ))),
    }
}

/// An ingest transformation, as it was written and as it is carried out.
#[derive(Debug, Clone)]
pub(super) struct Transformation {
    pub(super) sql: String,
    /// `None` if it changes nothing.
    pub(super) engine: Option<Arc<engine::Transformation>>,
}

/// An ingest transformation, if there is one.
pub(super) fn transformation(
    query: Option<&FieldMappingQuery>,
) -> Result<Option<Transformation>, Failure> {
    let sql = query.and_then(|query| query.sql.as_deref()).unwrap_or_default().trim();
    let engine = match sql {
        "" => return Ok(None),
        sql if changes_nothing(sql) => None,
        sql => Some(Arc::new(engine::Transformation::parse(sql)?)),
    };
    Ok(Some(Transformation { sql: sql.to_string(), engine }))
}

/// Whether SQL is `SELECT * FROM _input` and no more.
fn changes_nothing(sql: &str) -> bool {
    let words: Vec<&str> =
        sql.trim_end_matches([';', ' ', '\n', '\t']).split_whitespace().collect();
    let keyword = |word: &str, keyword| word.eq_ignore_ascii_case(keyword);
    matches!(words[..], [select, "*", from, "_input"]
        if keyword(select, "SELECT") && keyword(from, "FROM"))
}

fn check_clustering(field: &FieldPartition) -> Result<(), String> {
    if field.field_name.as_deref().unwrap_or_default().is_empty() {
        return Err("field_name: it is missing".to_string());
    }
    Ok(())
}
