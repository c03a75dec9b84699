//! The definition of a source, checked without reading the source.

use super::durations;
use crate::local::error::ApiError;
use crate::rockset::enums::{SourceState, StreamActivity};
use crate::rockset::types::{
    FormatParams, Source, SourceBase, SourceKafka, SourceS3, Status, StatusKafka, XmlParams,
};
use uuid::Uuid;

/// Checks a source, except for what only its reader knows.
pub fn check(source: &Source, place: &str) -> Result<(), ApiError> {
    let kinds = kinds(source);
    match kinds.as_slice() {
        [] => {
            return Err(ApiError::invalid(format!(
                "Wrong in {place}: it is of no kind, such as s3 or write_api"
            )));
        }
        [_] => {}
        [first, second, ..] => {
            return Err(ApiError::invalid(format!(
                "Wrong in {place}: it is {first} and {second}, and can only be one of them"
            )));
        }
    }
    let csv = source.format_params.as_ref().and_then(|params| params.csv.as_ref());
    if csv.and_then(|csv| csv.separator.as_deref()).is_some_and(str::is_empty) {
        return Err(ApiError::invalid(format!(
            "Wrong in {place}.format_params.csv.separator: it is empty"
        )));
    }
    if let Some(s3) = &source.s3 {
        check_s3(s3, place)?;
    }
    Ok(())
}

fn check_s3(s3: &SourceS3, place: &str) -> Result<(), ApiError> {
    let wrong = |what: String| Err(ApiError::invalid(format!("Wrong in {place}.s3.{what}")));
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

/// Kinds of a source, by the properties that it has.
pub fn kinds(source: &Source) -> Vec<&'static str> {
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

/// Changes the settings of a source, which are those of its kind.
pub(super) fn set(source: &mut Source, change: SourceBase) -> Result<(), ApiError> {
    let missing = |kind| ApiError::invalid(format!("Wrong in {kind}.settings: it is missing"));
    macro_rules! set {
        ($($kind:ident),+) => {
            $(if let Some(of_kind) = &mut source.$kind {
                let settings = change.$kind.and_then(|change| change.settings);
                of_kind.settings = Some(settings.ok_or_else(|| missing(stringify!($kind)))?);
                return Ok(());
            })+
        };
    }
    set!(azure_blob_storage, dynamodb, gcs, s3);
    Err(ApiError::invalid(format!("A source of {} has no settings", kinds(source).join(", "))))
}

/// Whether a server reads the source: nobody writes or pushes to it.
pub fn is_read(source: &Source) -> bool {
    source.write_api.is_none() && pushed_topic(source).is_none()
}

/// The topic of a source whose messages the Kafka Connect plugin pushes, with the key of the
/// source's integration.
pub fn pushed_topic(source: &Source) -> Option<&str> {
    source.integration_name.as_ref()?;
    let pushed = source.kafka.as_ref().filter(|kafka| kafka.use_v3 != Some(true))?;
    Some(pushed.kafka_topic_name.as_deref().unwrap_or_default())
}

/// A new source. Any status in the request is dropped.
pub fn new(source: Source) -> Source {
    let begun = Status { state: Some(SourceState::Initializing), ..Status::default() };
    Source {
        id: Some(Uuid::new_v4().to_string()),
        resume_at: None,
        suspended_at: None,
        status: is_read(&source).then_some(begun),
        format_params: source.format_params.map(written_out),
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

/// Parameters of XML that weren't given are empty texts, which the Terraform provider needs.
fn written_out(params: FormatParams) -> FormatParams {
    let text = |given: Option<String>| Some(given.unwrap_or_default());
    let xml = params.xml.map(|xml| XmlParams {
        attribute_prefix: text(xml.attribute_prefix),
        doc_tag: text(xml.doc_tag),
        encoding: text(xml.encoding),
        root_tag: text(xml.root_tag),
        value_tag: text(xml.value_tag),
    });
    FormatParams { xml, ..params }
}

/// Status of a Kafka topic without messages so far.
pub fn no_messages() -> StatusKafka {
    StatusKafka { state: Some(StreamActivity::NoDocsYet), ..StatusKafka::default() }
}
