//! Finds the document that made Rockset answer 400 to a whole request: one that isn't JSON.

use super::batch::Closed;
use crate::driver::Error;
use crate::driver::task::Target;
use crate::rockset::rules::ID;
use serde::Deserializer as _;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use std::fmt;

/// The first document that isn't JSON, as an error.
pub(super) fn find(target: &Target, batch: &Closed) -> Option<Error> {
    batch.documents().find_map(|document| {
        let mut read = Fields::default();
        let mut deserializer = serde_json::Deserializer::from_slice(document);
        let problem = deserializer.deserialize_map(&mut read).err()?;
        Some(Error::NotJson {
            binding: target.binding,
            collection: target.to_string(),
            field: read.last,
            id: read.id,
            problem: problem.to_string(),
        })
    })
}

/// Reads a document, and notes its `_id` and the field that was read last.
#[derive(Default)]
struct Fields {
    id: String,
    /// The name of the last field.
    last: String,
}

impl<'de> Visitor<'de> for &mut Fields {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a document")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(name) = fields.next_key()? {
            self.last = name;
            if self.last == ID {
                let id: Value = fields.next_value()?;
                self.id = id.as_str().map_or_else(|| id.to_string(), str::to_string);
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}
