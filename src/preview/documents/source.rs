//! Sources: which documents of a collection a binding reads.

use super::extract::Extractor;
use crate::flow::Timestamp;
use crate::flow::spec::CollectionSpec;
use crate::preview::catalog::model::Source;
use crate::preview::schema::field::UUID_POINTER;
use crate::preview::schema::order::compare;
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// A source's selector of partitions, and its times.
#[derive(Debug)]
pub struct Filter {
    include: Vec<Choice>,
    exclude: Vec<Choice>,
    not_before: Option<Timestamp>,
    not_after: Option<Timestamp>,
}

/// Values of a partitioned field.
#[derive(Debug)]
struct Choice {
    field: Extractor,
    values: Vec<Value>,
}

impl Filter {
    /// A filter of this collection's documents. The error names a field of the selector
    /// that doesn't partition it.
    pub fn new(source: &Source, collection: &CollectionSpec) -> Result<Self, String> {
        Ok(Self {
            include: choices("include", &source.partitions.include, collection)?,
            exclude: choices("exclude", &source.partitions.exclude, collection)?,
            not_before: source.not_before,
            not_after: source.not_after,
        })
    }

    /// Whether a document is read.
    pub fn takes(&self, document: &Value) -> bool {
        self.include.iter().all(|choice| choice.has(document))
            && !self.exclude.iter().any(|choice| choice.has(document))
            && self.is_in_time(document)
    }

    /// A document whose identifier has no time is always in time.
    fn is_in_time(&self, document: &Value) -> bool {
        if self.not_before.is_none() && self.not_after.is_none() {
            return true;
        }
        let Some(time) = published_at(document) else { return true };
        let moment = |time: Timestamp| (time.seconds, time.nanos);
        self.not_before.is_none_or(|bound| moment(bound) <= moment(time))
            && self.not_after.is_none_or(|bound| moment(time) <= moment(bound))
    }
}

impl Choice {
    fn has(&self, document: &Value) -> bool {
        let value = self.field.value(document);
        self.values.iter().any(|one| compare(one, &value).is_eq())
    }
}

/// A field without any value selects nothing.
fn choices(
    of: &str,
    fields: &BTreeMap<String, Vec<Value>>,
    collection: &CollectionSpec,
) -> Result<Vec<Choice>, String> {
    let chosen = fields.iter().filter(|(_, values)| !values.is_empty());
    let choice = |(field, values): (&String, &Vec<Value>)| {
        let found = collection.projections.iter().find(|it| it.field == *field);
        let partition = found.filter(|it| it.is_partition_key).ok_or_else(|| {
            let name = &collection.name;
            format!("source/partitions/{of}: {field:?} is no partition of the collection {name:?}")
        })?;
        Ok(Choice { field: Extractor::new(partition), values: values.clone() })
    };
    chosen.map(choice).collect()
}

/// The time of a document's publication, by its identifier of version 1.
fn published_at(document: &Value) -> Option<Timestamp> {
    let text = document.pointer(UUID_POINTER)?.as_str()?;
    let (seconds, nanos) = Uuid::try_parse(text).ok()?.get_timestamp()?.to_unix();
    Some(Timestamp { seconds: i64::try_from(seconds).ok()?, nanos: i32::try_from(nanos).ok()? })
}
