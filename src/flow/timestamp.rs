//! `google.protobuf.Timestamp`: a message in protobuf, and text of RFC 3339 in JSON.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

/// A moment, to the nanosecond.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct Timestamp {
    /// Seconds since 1970.
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    /// Nanoseconds of the second, 0 to 999,999,999.
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let nanos = u32::try_from(self.nanos).ok();
        let time = nanos.and_then(|nanos| DateTime::<Utc>::from_timestamp(self.seconds, nanos));
        let time = time.ok_or_else(|| ser::Error::custom(format!("{self:?} is no time")))?;
        serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time = DateTime::parse_from_rfc3339(&text)
            .map_err(|e| de::Error::custom(format!("{text:?} is no time of RFC 3339: {e}")))?;
        let nanos = i32::try_from(time.timestamp_subsec_nanos()).unwrap_or_default();
        Ok(Self { seconds: time.timestamp(), nanos })
    }
}
