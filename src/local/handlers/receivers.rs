//! What is pushed for sources: messages of Kafka, by the plugin for Kafka Connect.

use crate::local::answers::Json;
use crate::local::body::{JsonText, parse};
use crate::local::definition;
use crate::local::errors::{Answer, Failure};
use crate::local::limits;
use crate::local::records::Ingest;
use crate::local::state::App;
use crate::local::storage::Origin;
use crate::local::store::{Taker, timestamp};
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
use std::marker::PhantomData;
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

pub(in crate::local) async fn kafka(
    State(app): State<App>,
    headers: HeaderMap,
    JsonText(text): JsonText,
) -> Answer<ReceiveKafkaMessagesResponse> {
    let integration = integration(&app, &headers)?;
    if let Some(writes) = &app.writes {
        writes.take()?;
    }
    let pool = app.pool.clone();
    Ok(Json(pool.run(move || received(&app, &integration, &text)).await??))
}

fn received(
    app: &App,
    integration: &str,
    text: &[u8],
) -> Result<ReceiveKafkaMessagesResponse, Failure> {
    let Request { topic, kafka_messages: messages } = parse(text, PhantomData::<Request<'_>>)?;
    limits::check_documents(messages.len())?;
    let mut collections = Vec::new();
    for taker in app.store.takers(integration, &topic) {
        if push(&taker, &topic, &messages)? {
            collections.push(taker.0.path());
        }
    }
    app.store.note_topic(integration, &topic, |status| note(status, &messages));
    let message_count = i64::try_from(messages.len()).ok();
    Ok(ReceiveKafkaMessagesResponse { collections, message_count })
}

/// The integration of which the key is the user of the basic authentication.
fn integration(app: &App, headers: &HeaderMap) -> Result<String, Failure> {
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|text| text.trim().split_once(' '));
    let encoded = given.filter(|(word, _)| word.eq_ignore_ascii_case("Basic"));
    let decoded = encoded.and_then(|(_, text)| STANDARD.decode(text.trim()).ok());
    // A key holds a colon itself, and the password is empty.
    let user = decoded
        .and_then(|bytes| String::from_utf8(bytes).ok()?.strip_suffix(':').map(String::from));
    user.and_then(|key| app.store.integration_of_key(&key)).ok_or_else(|| {
        let message = "The key of a Kafka integration is needed: its connection_string as the user \
                       of basic authentication, with an empty password";
        Failure::new(ErrorType::Authexception, message)
    })
}

/// Stores messages in a collection, if its source is still there.
fn push(
    (collection, source): &Taker,
    topic: &str,
    messages: &[Message<'_>],
) -> Result<bool, Failure> {
    let own = definition::transformation(source.ingest_transformation.as_ref())?;
    let told: Vec<String> = messages.iter().map(|message| message.told(topic)).collect();
    let records: Vec<_> =
        messages.iter().zip(&told).map(|(message, told)| Ok(message.record(told))).collect();
    let origin =
        |i: usize| Origin::Kafka { message: told[i].as_str().into(), id: messages[i].id(topic) };
    let documents = Ingest::new(collection, own).documents(&records, origin);
    let id = source.id.as_deref().unwrap_or_default();
    Ok(collection.push(id, documents, |source| {
        if let Some(kafka) = &mut source.kafka {
            note(kafka.status.get_or_insert_default(), messages);
        }
    }))
}

impl Message<'_> {
    /// What `_meta.kafka` says of it.
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

    /// Its document, with what a transformation may ask of it. No document is as good as
    /// one without fields.
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

    /// The same for the same message, so that it is stored once, however often it comes.
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

/// Counts messages of a topic.
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
