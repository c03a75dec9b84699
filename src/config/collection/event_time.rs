//! The field that becomes the event time of documents.

use crate::config::text;
use crate::rockset::rules::EVENT_TIME_FORMATS;
use crate::rockset::types;
use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// The field that becomes the event time of documents, and its format.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with field")]
pub struct EventTimeInfo {
    /// The name of your field. It must be present in every document.
    #[serde(deserialize_with = "text::non_empty")]
    #[schemars(title = "Field", extend("order" = 0))]
    pub field: String,

    /// Whether your field counts seconds or milliseconds since 1970. Leave it out for
    /// a date and time in text.
    #[serde(default)]
    #[schemars(title = "Format", with = "EventTimeFormat", extend("order" = 1))]
    pub format: Option<EventTimeFormat>,

    /// The IANA name of the time zone that your field is written in, for times that
    /// don't name their own.
    #[serde(default, deserialize_with = "time_zone")]
    #[schemars(
        title = "Time Zone",
        with = "String",
        example = &"America/New_York",
        extend("order" = 2)
    )]
    pub time_zone: Option<Tz>,
}

/// The unit in which a field counts time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "a described variant would turn the schema's enum into a oneOf")]
pub enum EventTimeFormat {
    SecondsSinceEpoch,
    MillisecondsSinceEpoch,
}

impl From<EventTimeInfo> for types::EventTimeInfo {
    fn from(info: EventTimeInfo) -> Self {
        let [seconds, milliseconds] = EVENT_TIME_FORMATS.map(|(name, _)| name);
        let format = info.format.map(|format| match format {
            EventTimeFormat::SecondsSinceEpoch => seconds,
            EventTimeFormat::MillisecondsSinceEpoch => milliseconds,
        });
        let time_zone = info.time_zone.map(|zone| zone.name().to_string());
        Self { field: info.field, format: format.map(Into::into), time_zone }
    }
}

fn time_zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Tz>, D::Error> {
    let Some(name) = text::optional(deserializer)? else {
        return Ok(None);
    };
    name.parse().map(Some).map_err(|_| {
        D::Error::custom(format!(
            "{name:?} is no time zone of the IANA database; write a name such as UTC or \
             America/New_York"
        ))
    })
}
