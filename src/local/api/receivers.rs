//! Receiver of Kafka messages, which the plugin for Kafka Connect pushes for sources.

use super::answers::{ApiResult, Json};
use super::extract::JsonText;
use crate::local::catalog::{Subscriber, timestamp};
use crate::local::error::ApiError;
use crate::local::ingest::parse::check_count;
use crate::local::ingest::{Ingest, transform};
use crate::local::json::parse;
use crate::local::state::AppState;
use crate::local::storage::RecordOrigin;
use crate::rockset::enums::{ErrorType, StreamActivity};
use crate::rockset::types::{ReceiveKafkaMessagesResponse, StatusKafka, StatusKafkaPartition};
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use uuid::Uuid;

#[derive(Deserialize)]
struct Request<'a> {
    topic: String,
    #[serde(borrow)]
    kafka_messages: Vec<Message<'a>>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    document: &'a RawValue,
    #[serde(borrow)]
    key: Option<&'a RawValue>,
    partition: i32,
    offset: i64,
    create_time: Option<i64>,
    log_append_time: Option<i64>,
}

pub(super) async fn kafka(
    State(app): State<AppState>,
    headers: HeaderMap,
    JsonText(text): JsonText,
) -> ApiResult<ReceiveKafkaMessagesResponse> {
    let integration = integration(&app, &headers)?;
    if let Some(writes) = &app.writes {
        writes.take()?;
    }
    app.room().await?;
    let pool = app.pool.clone();
    Ok(Json(pool.run(move || received(&app, &integration, &text)).await??))
}

fn received(
    app: &AppState,
    integration: &str,
    text: &[u8],
) -> Result<ReceiveKafkaMessagesResponse, ApiError> {
    let Request { topic, kafka_messages: messages } = parse(text)?;
    check_count(messages.len())?;
    let mut collections = Vec::new();
    for taker in app.catalog.subscribers(integration, &topic) {
        if push(&taker, &topic, &messages)? {
            collections.push(taker.0.path());
        }
    }
    app.catalog.note_topic(integration, &topic, |status| note(status, &messages));
    let message_count = i64::try_from(messages.len()).ok();
    Ok(ReceiveKafkaMessagesResponse { collections, message_count })
}

/// The integration whose key is the user of the basic authentication.
fn integration(app: &AppState, headers: &HeaderMap) -> Result<String, ApiError> {
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|text| text.trim().split_once(' '));
    let encoded = given.filter(|(word, _)| word.eq_ignore_ascii_case("Basic"));
    let decoded = encoded.and_then(|(_, text)| STANDARD.decode(text.trim()).ok());
    // A key contains a colon itself, and the password is empty.
    let user = decoded
        .and_then(|bytes| String::from_utf8(bytes).ok()?.strip_suffix(':').map(String::from));
    user.and_then(|key| app.catalog.integration_of_key(&key)).ok_or_else(|| {
        let message = "The key of a Kafka integration is needed: its connection_string as the user \
                       of basic authentication, with an empty password";
        ApiError::new(ErrorType::Authexception, message)
    })
}

/// Stores messages in a collection, if its source is still there.
fn push(
    (collection, source): &Subscriber,
    topic: &str,
    messages: &[Message<'_>],
) -> Result<bool, ApiError> {
    let own = transform::parse(source.ingest_transformation.as_ref())?;
    let told: Vec<Arc<str>> = messages.iter().map(|message| message.told(topic).into()).collect();
    let records: Vec<_> =
        messages.iter().zip(&told).map(|(message, told)| Ok(message.record(told))).collect();
    let origin =
        |i: usize| RecordOrigin::Kafka { message: told[i].clone(), id: messages[i].id(topic) };
    let documents = Ingest::new(collection, own).records(&records, origin);
    let id = source.id.as_deref().unwrap_or_default();
    Ok(collection.push(id, documents, |source| {
        if let Some(kafka) = &mut source.kafka {
            note(kafka.status.get_or_insert_default(), messages);
        }
    }))
}

impl Message<'_> {
    /// `_meta.kafka` of the message.
    fn told(&self, topic: &str) -> String {
        let topic = serde_json::Value::from(topic);
        let mut told =
            format!(r#"{{"topic":{topic},"partition":{},"offset":{}"#, self.partition, self.offset);
        if let Some(key) = self.key {
            told.push_str(&format!(r#","key":{key}"#));
        }
        let times = [("create_time", self.create_time), ("log_append_time", self.log_append_time)];
        for (name, time) in times {
            if let Some(time) = time {
                told.push_str(&format!(r#","{name}":{time}"#));
            }
        }
        told.push('}');
        told
    }

    /// The document of the message, with the fields that a transformation may read. A message
    /// without a document stands for one without fields.
    fn record(&self, told: &str) -> String {
        let text = match self.document.get() {
            "null" => "{}",
            text => text,
        };
        match text.strip_suffix('}') {
            Some("{") => format!(r#"{{"_meta":{{"kafka":{told}}}}}"#),
            Some(fields) => format!(r#"{fields},"_meta":{{"kafka":{told}}}}}"#),
            None => text.to_string(),
        }
    }

    /// Identifier that depends on the message alone, so that a repeated message is stored once.
    fn id(&self, topic: &str) -> Uuid {
        let half = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            (salt, topic, self.partition, self.offset).hash(&mut hasher);
            hasher.finish().to_be_bytes()
        };
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&half(0));
        bytes[8..].copy_from_slice(&half(1));
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}

/// Adds messages to the status of their topic.
fn note(status: &mut StatusKafka, messages: &[Message<'_>]) {
    let count = i64::try_from(messages.len()).unwrap_or(i64::MAX);
    if count == 0 {
        return;
    }
    status.state = Some(StreamActivity::Active);
    status.last_consumed_time = Some(timestamp());
    let before = status.num_documents_processed.unwrap_or_default();
    status.num_documents_processed = Some(before.saturating_add(count));
    for message in messages {
        let partition = partition(status, message.partition);
        partition.partition_offset = partition.partition_offset.max(Some(message.offset));
    }
}

fn partition(status: &mut StatusKafka, number: i32) -> &mut StatusKafkaPartition {
    let partitions = &mut status.kafka_partitions;
    let found = partitions.iter().position(|found| found.partition_number == Some(number));
    let i = found.unwrap_or_else(|| {
        partitions.push(StatusKafkaPartition {
            offset_lag: Some(0),
            partition_number: Some(number),
            partition_offset: None,
        });
        partitions.len() - 1
    });
    &mut partitions[i]
}
