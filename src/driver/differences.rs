//! Differences between a collection that exists and its configuration.

use crate::config::{DocumentId, InitializeFromS3, Resource};
use crate::rockset::types::{Collection, CreateCollectionRequest};
use serde_json::{Value, json};

/// A setting that differs, and that can't be changed in a collection that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    /// The path of the setting in the resource's configuration.
    pub setting: String,
    /// The value that the collection has, as JSON or in words.
    pub has: String,
    /// The configured value.
    pub wanted: String,
}

/// Settings that `getCollection` reports, each with the value that an absent property stands for
/// (`None`: absence tells nothing).
const REPORTED: [(&str, Option<Value>); 5] = [
    ("retention_secs", Some(Value::Null)),
    ("clustering_key", Some(Value::Array(Vec::new()))),
    ("field_mappings", Some(Value::Array(Vec::new()))),
    ("insert_only", Some(Value::Bool(false))),
    ("storage_compression_type", None),
];

/// Settings that no answer reports.
const NOT_REPORTED: [&str; 5] = [
    "event_time_info",
    "source_download_soft_limit_bytes",
    "time_partition_resolution_secs",
    "field_schemas",
    "inverted_index_group_encoding_options",
];

/// The differences between a configuration and the collection that exists. Settings that the
/// configuration leaves out are not compared.
///
/// The API doesn't report all settings of a collection. The others are compared with `last`, the
/// configuration with which the collection was filled, if that is known.
pub(super) fn differences(
    resource: &Resource,
    existing: &Collection,
    last: Option<&Resource>,
) -> Vec<Difference> {
    let mut found = Vec::new();
    let wanted = request(resource);
    let has = serde_json::to_value(existing).unwrap_or_default();
    for (name, default) in &REPORTED {
        let has = match (&has[name], default) {
            (Value::Null, None) => continue,
            (Value::Null, Some(default)) => default,
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
        for name in NOT_REPORTED {
            if !wanted[name].is_null() && had[name] != wanted[name] {
                found.push(difference(name, &had[name], &wanted[name]));
            }
        }
        found.extend(changed_document_id(last, resource));
    }
    found
}

/// The settings that have changed since the configuration `last`, and can't be changed in the
/// collection that exists. `Difference::has` is the collection's value if the API reports it, or
/// else the last configured one.
pub(super) fn changes(last: &Resource, new: &Resource, existing: &Collection) -> Vec<Difference> {
    let (had, wanted) = (request(last), request(new));
    let reported = serde_json::to_value(existing).unwrap_or_default();
    let mut found = Vec::new();
    for name in REPORTED.iter().map(|(name, _)| *name).chain(NOT_REPORTED) {
        let has = if reported[name].is_null() { &had[name] } else { &reported[name] };
        let follows = !wanted[name].is_null() && satisfies(&reported[name], &wanted[name]);
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

/// Whether a collection's value has everything that is wanted. It may have more, and answers leave
/// out defaults.
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

/// The objects that a source reads, for people.
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
