//! How a collection that exists differs from what is configured.

use crate::config::{DocumentId, InitializeFromS3, Resource};
use crate::rockset::types::{Collection, CreateCollectionRequest};
use serde_json::{Value, json};

/// A setting that only a new collection can take on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    /// Where the setting stands in the resource's configuration.
    pub setting: String,
    /// What the collection has, as JSON or in words.
    pub has: String,
    /// What is configured.
    pub wanted: String,
}

/// Settings of a request that a collection tells of, and what it means if it doesn't;
/// nothing, where that means nothing.
const REPORTED: [(&str, Option<Value>); 5] = [
    ("retention_secs", Some(Value::Null)),
    ("clustering_key", Some(Value::Array(Vec::new()))),
    ("field_mappings", Some(Value::Array(Vec::new()))),
    ("insert_only", Some(Value::Bool(false))),
    ("storage_compression_type", None),
];

/// Settings of a request that no answer tells of.
const NOT_REPORTED: [&str; 5] = [
    "event_time_info",
    "source_download_soft_limit_bytes",
    "time_partition_resolution_secs",
    "field_schemas",
    "inverted_index_group_encoding_options",
];

/// What differs between a configuration and the collection that exists, where it can't
/// be changed. What the configuration leaves out is not compared.
///
/// The API doesn't tell all that a collection was created with. For the rest, `last` is
/// the configuration with which it was filled, if that is known.
pub(super) fn differences(
    resource: &Resource,
    existing: &Collection,
    last: Option<&Resource>,
) -> Vec<Difference> {
    let mut found = Vec::new();
    let wanted = request(resource);
    let has = serde_json::to_value(existing).unwrap_or_default();
    for (name, untold) in &REPORTED {
        let has = match (&has[name], untold) {
            (Value::Null, None) => continue,
            (Value::Null, Some(untold)) => untold,
            (has, _) => has,
        };
        if !satisfies(has, &wanted[name]) {
            found.push(difference(name, has, &wanted[name]));
        }
    }
    if let Some(source) = &resource.initialize_from_s3
        && !has_source(existing, source)
    {
        found.push(Difference {
            setting: "initializeFromS3".to_string(),
            has: "no such source".to_string(),
            wanted: describe(source),
        });
    }
    if let Some(last) = last {
        let had = request(last);
        let changed = |name: &&&str| !wanted[**name].is_null() && had[**name] != wanted[**name];
        let changed = NOT_REPORTED.iter().filter(changed);
        found.extend(changed.map(|name| difference(name, &had[name], &wanted[name])));
        found.extend(changed_document_id(last, resource));
    }
    found
}

/// What of a configuration has changed since `last` and can't change of a collection that
/// exists. `has` is what the collection has, as far as the API tells, or else what was
/// configured last.
pub(super) fn changes(last: &Resource, new: &Resource, existing: &Collection) -> Vec<Difference> {
    let (had, wanted) = (request(last), request(new));
    let told = serde_json::to_value(existing).unwrap_or_default();
    let mut found = Vec::new();
    for name in REPORTED.iter().map(|(name, _)| *name).chain(NOT_REPORTED) {
        let has = if told[name].is_null() { &had[name] } else { &told[name] };
        let follows = !wanted[name].is_null() && satisfies(&told[name], &wanted[name]);
        if had[name] != wanted[name] && !follows {
            found.push(difference(name, has, &wanted[name]));
        }
    }
    if last.initialize_from_s3 != new.initialize_from_s3 {
        let describe = |source: &Option<InitializeFromS3>| {
            source.as_ref().map_or_else(|| "nothing".to_string(), describe)
        };
        found.push(Difference {
            setting: "initializeFromS3".to_string(),
            has: describe(&last.initialize_from_s3),
            wanted: describe(&new.initialize_from_s3),
        });
    }
    found.extend(changed_document_id(last, new));
    found
}

fn changed_document_id(last: &Resource, new: &Resource) -> Option<Difference> {
    (last.document_id != new.document_id).then(|| Difference {
        setting: "documentId".to_string(),
        has: document_id(last.document_id).to_string(),
        wanted: document_id(new.document_id).to_string(),
    })
}

/// Whether one of the collection's sources is the configured one.
pub(super) fn has_source(existing: &Collection, wanted: &InitializeFromS3) -> bool {
    existing.sources.iter().any(|has| reads(&json!(has), wanted))
}

fn request(resource: &Resource) -> Value {
    serde_json::to_value(CreateCollectionRequest::from(resource.clone())).unwrap_or_default()
}

fn difference(name: &str, has: &Value, wanted: &Value) -> Difference {
    Difference {
        setting: format!("advancedCollectionSettings.{name}"),
        has: match has {
            Value::Null => "nothing".to_string(),
            has => has.to_string(),
        },
        wanted: match wanted {
            Value::Null => "nothing".to_string(),
            wanted => wanted.to_string(),
        },
    }
}

/// Whether a collection has all that is wanted. It may have more, and an answer leaves
/// out what is the default.
fn satisfies(has: &Value, wanted: &Value) -> bool {
    match (has, wanted) {
        (_, Value::Null) => true,
        (Value::Object(has), Value::Object(wanted)) => wanted.iter().all(|(name, wanted)| {
            has.get(name).is_none_or(|has| has.is_null() || satisfies(has, wanted))
        }),
        (Value::Array(has), Value::Array(wanted)) => {
            has.len() == wanted.len() && has.iter().zip(wanted).all(|(has, it)| satisfies(has, it))
        }
        (has, wanted) => has == wanted,
    }
}

/// Whether a source, as JSON, is the configured one.
pub(super) fn reads(has: &Value, wanted: &InitializeFromS3) -> bool {
    let s3 = &has["s3"];
    let same = |has: &Value, wanted: &Option<String>| match wanted {
        Some(wanted) => has.as_str() == Some(wanted),
        None => true,
    };
    let absent = |has: &Value| has.as_str().unwrap_or_default().is_empty();
    has["integration_name"].as_str() == Some(&wanted.integration)
        && s3["bucket"].as_str() == Some(&wanted.bucket)
        && same(&s3["region"], &wanted.region)
        && match (&wanted.prefix, &wanted.pattern) {
            (None, None) => absent(&s3["prefix"]) && absent(&s3["pattern"]),
            (prefix, pattern) => same(&s3["prefix"], prefix) && same(&s3["pattern"], pattern),
        }
}

/// Which objects a source reads.
pub(super) fn describe(source: &InitializeFromS3) -> String {
    let objects = source.prefix.as_ref().or(source.pattern.as_ref());
    let objects = objects.map(String::as_str).unwrap_or_default();
    format!("s3://{}/{objects} through integration {}", source.bucket, source.integration)
}

fn document_id(kind: DocumentId) -> &'static str {
    match kind {
        DocumentId::PackedKey => "packedKey",
        DocumentId::Key => "key",
    }
}
