//! What a source is to be, checked as far as it goes without reading it.

use super::durations;
use super::engine;
use super::errors::Failure;
use crate::rockset::enums::{SourceState, StreamActivity};
use crate::rockset::types::{Source, SourceKafka, SourceS3, Status, StatusKafka};
use uuid::Uuid;

/// Checks a source: the write API, or one that is to be read. Such a one is taken
/// whether or not this server can read it.
pub(super) fn check(source: &Source, place: &str) -> Result<(), Failure> {
    let kinds = kinds(source);
    match kinds.as_slice() {
        [] => {
            return Err(Failure::invalid(format!(
                "Wrong in {place}: it is of no kind, such as s3 or write_api"
            )));
        }
        [_] => {}
        [first, second, ..] => {
            return Err(Failure::invalid(format!(
                "Wrong in {place}: it is {first} and {second}, and can only be one of them"
            )));
        }
    }
    let csv = source.format_params.as_ref().and_then(|params| params.csv.as_ref());
    if csv.and_then(|csv| csv.separator.as_deref()).is_some_and(str::is_empty) {
        return Err(Failure::invalid(format!(
            "Wrong in {place}.format_params.csv.separator: it is empty"
        )));
    }
    if let Some(s3) = &source.s3 {
        check_s3(s3, place)?;
    }
    engine::check_source(source, place)
}

fn check_s3(s3: &SourceS3, place: &str) -> Result<(), Failure> {
    let wrong = |what: String| Err(Failure::invalid(format!("Wrong in {place}.s3.{what}")));
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if !s3.bucket.starts_with(|c: char| c.is_ascii_alphanumeric()) || !s3.bucket.chars().all(good) {
        return wrong(format!("bucket: {:?} is no name of a bucket", s3.bucket));
    }
    let given = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.is_empty());
    if given(&s3.prefix) && given(&s3.pattern) {
        let message = "pattern: there is a prefix, too, and one excludes the other";
        return wrong(message.to_string());
    }
    durations::scan_frequency(s3.settings.as_ref(), &format!("{place}.s3")).map(drop)
}

/// What a source is, by the properties that it has.
pub(super) fn kinds(source: &Source) -> Vec<&'static str> {
    let all = [
        ("azure_blob_storage", source.azure_blob_storage.is_some()),
        ("azure_event_hubs", source.azure_event_hubs.is_some()),
        ("azure_service_bus", source.azure_service_bus.is_some()),
        ("dynamodb", source.dynamodb.is_some()),
        ("file_upload", source.file_upload.is_some()),
        ("gcs", source.gcs.is_some()),
        ("kafka", source.kafka.is_some()),
        ("kinesis", source.kinesis.is_some()),
        ("mongodb", source.mongodb.is_some()),
        ("s3", source.s3.is_some()),
        ("snapshot", source.snapshot.is_some()),
        ("snowflake", source.snowflake.is_some()),
        ("system", source.system.is_some()),
        ("write_api", source.write_api.is_some()),
    ];
    all.into_iter().filter_map(|(name, present)| present.then_some(name)).collect()
}

/// Whether there is something to read it from.
pub(super) fn is_read(source: &Source) -> bool {
    source.write_api.is_none() && pushed_topic(source).is_none()
}

/// The Kafka topic of a source that the Kafka Connect plugin pushes, with the key of the
/// integration that it names.
pub(super) fn pushed_topic(source: &Source) -> Option<&str> {
    source.integration_name.as_ref()?;
    let pushed = source.kafka.as_ref().filter(|kafka| kafka.use_v3 != Some(true))?;
    Some(pushed.kafka_topic_name.as_deref().unwrap_or_default())
}

/// A source as it begins, whatever the request says of how far it has come.
pub(super) fn new(source: Source) -> Source {
    let begun = Status { state: Some(SourceState::Initializing), ..Status::default() };
    Source {
        id: Some(Uuid::new_v4().to_string()),
        resume_at: None,
        suspended_at: None,
        status: is_read(&source).then_some(begun),
        kafka: source.kafka.map(|kafka| SourceKafka { status: Some(no_messages()), ..kafka }),
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

/// How far a Kafka topic has come of which there is no message yet.
pub(super) fn no_messages() -> StatusKafka {
    StatusKafka { state: Some(StreamActivity::NoDocsYet), ..StatusKafka::default() }
}
