//! The settings of a collection, and the request that they become.

use crate::rockset::enums::ClusteringType;
use crate::rockset::types;
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Number;
use std::ops::RangeInclusive;

/// In seconds: an hour to ten years, as Rockset allows.
const RETENTION: RangeInclusive<i64> = 3_600..=315_359_999;

/// What may be said of a collection when it is created.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CollectionSettings {
    /// How many seconds your documents are kept, counted from their event time.
    /// Leave it out to keep them for ever.
    #[serde(deserialize_with = "retention")]
    #[schemars(
        title = "Retention Period",
        with = "i64",
        range(min = *RETENTION.start(), max = *RETENTION.end()),
        extend("order" = 0)
    )]
    pub retention_secs: Option<i64>,

    /// Which field of your documents becomes their event time. Without it, that is
    /// the time at which Rockset takes a document in.
    #[schemars(title = "Event Time", with = "EventTimeInfo", extend("order" = 1))]
    pub event_time_info: Option<EventTimeInfo>,

    /// The fields by which Rockset stores your documents together, so that queries
    /// that filter on them read less.
    #[schemars(title = "Clustering Key", extend("order" = 2))]
    pub clustering_key: Vec<ClusteringField>,

    /// Forbid updates and deletions. You should only enable it for a collection in
    /// which every key occurs once, because a second document of a key is refused
    /// and the task fails.
    #[schemars(title = "Insert Only", extend("order" = 3))]
    pub insert_only: bool,
}

/// The field that event times are taken from.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventTimeInfo {
    /// The name of your field. It must be present in every document.
    #[schemars(title = "Field", extend("order" = 0))]
    pub field: String,

    /// Whether your field counts seconds or milliseconds since 1970. Leave it out for
    /// a date and time in text.
    #[serde(default)]
    #[schemars(title = "Format", with = "EventTimeFormat", extend("order" = 1))]
    pub format: Option<EventTimeFormat>,

    /// The IANA name of the time zone that your field is written in, for times that
    /// don't name their own.
    #[serde(default)]
    #[schemars(
        title = "Time Zone",
        with = "String",
        example = &"America/New_York",
        extend("order" = 2)
    )]
    pub time_zone: Option<String>,
}

/// How a field counts time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "a described variant would turn the schema's enum into a oneOf")]
pub enum EventTimeFormat {
    SecondsSinceEpoch,
    MillisecondsSinceEpoch,
}

/// A field of the clustering key.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClusteringField {
    /// The name of your field.
    #[schemars(title = "Field Name", extend("order" = 0))]
    pub field_name: String,
}

impl From<CollectionSettings> for types::CreateCollectionRequest {
    fn from(settings: CollectionSettings) -> Self {
        Self {
            retention_secs: settings.retention_secs,
            event_time_info: settings.event_time_info.map(Into::into),
            clustering_key: settings.clustering_key.into_iter().map(Into::into).collect(),
            insert_only: settings.insert_only.then_some(true),
            ..Self::default()
        }
    }
}

impl From<EventTimeInfo> for types::EventTimeInfo {
    fn from(info: EventTimeInfo) -> Self {
        let format = info.format.map(|format| match format {
            EventTimeFormat::SecondsSinceEpoch => "seconds_since_epoch",
            EventTimeFormat::MillisecondsSinceEpoch => "milliseconds_since_epoch",
        });
        Self { field: info.field, format: format.map(Into::into), time_zone: info.time_zone }
    }
}

impl From<ClusteringField> for types::FieldPartition {
    fn from(field: ClusteringField) -> Self {
        Self {
            field_name: Some(field.field_name),
            type_: Some(ClusteringType::Auto),
            ..Self::default()
        }
    }
}

fn retention<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let Some(number) = Option::<Number>::deserialize(deserializer)? else {
        return Ok(None);
    };
    match number.as_i64() {
        Some(seconds) if RETENTION.contains(&seconds) => Ok(Some(seconds)),
        _ => Err(D::Error::custom(format!(
            "{number} seconds are not within {} to {}; leave it out to keep documents for ever",
            RETENTION.start(),
            RETENTION.end(),
        ))),
    }
}
