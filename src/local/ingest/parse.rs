//! Parser for the body of AddDocuments, in one pass over its text.
//!
//! A write spends most of its time here, so no tree is built: the special fields are kept as text,
//! and all other fields are copied, as text, into the stored document.

use super::special_fields::{self as special, EVENT_TIME, ID, META};
use crate::local::catalog::EventTimeSource;
use crate::local::error::ApiError;
use crate::local::json;
use crate::rockset::rules::MAX_DOCUMENTS;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// A document as it was sent.
pub struct ParsedDocument<'a> {
    /// `_id`, if there is one.
    pub id: Option<&'a RawValue>,
    /// Microseconds since the epoch: `_event_time`, or the field that the collection reads in its
    /// place.
    pub event_time: Option<Result<i64, ApiError>>,
    /// All fields but the special ones, as the inside of a JSON object.
    pub fields: Box<str>,
}

/// Reads the documents of a request, and refuses it if they are too many.
pub fn body<'a>(
    text: &'a [u8],
    source: Option<&EventTimeSource>,
) -> Result<Vec<ParsedDocument<'a>>, ApiError> {
    // Tracking the path to an error costs an allocation for each field. So only a text with an
    // error is parsed with it, in a second pass.
    let mut scratch = String::new();
    let mut json = serde_json::Deserializer::from_slice(text);
    let fast = Request(Documents { source, scratch: &mut scratch })
        .deserialize(&mut json)
        .and_then(|documents| json.end().map(|()| documents));
    let documents = match fast {
        Ok(documents) => documents,
        Err(_) => json::parse_with(text, Request(Documents { source, scratch: &mut scratch }))?,
    };
    check_count(documents.count)?;
    Ok(documents.read)
}

/// Splits a request into the texts of its documents, and refuses it if they are too many.
pub fn texts(text: &[u8]) -> Result<Vec<&str>, ApiError> {
    #[derive(Deserialize)]
    struct Request<'a> {
        #[serde(borrow)]
        data: Vec<&'a RawValue>,
    }
    let request: Request<'_> = json::parse(text)?;
    check_count(request.data.len())?;
    Ok(request.data.into_iter().map(RawValue::get).collect())
}

/// Refuses a request of too many documents.
pub fn check_count(count: usize) -> Result<(), ApiError> {
    if count > MAX_DOCUMENTS {
        return Err(ApiError::invalid(format!(
            "The number of documents specified in this request exceeds the maximum allowed \
             limit of {MAX_DOCUMENTS} documents"
        )));
    }
    Ok(())
}

/// Reads one document.
pub fn document<'a>(
    text: &'a str,
    source: Option<&EventTimeSource>,
    scratch: &mut String,
) -> Result<ParsedDocument<'a>, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(text);
    let document = Document { source, scratch }.deserialize(&mut json)?;
    json.end().map(|()| document)
}

/// The `_id` that a document was sent with, if it is valid.
pub fn sent_id(text: &str) -> Option<Box<str>> {
    let parsed = document(text, None, &mut String::new()).ok()?;
    parsed.id.and_then(json::string).map(Box::from)
}

/// `{"data": [document, …]}`
struct Request<'s>(Documents<'s>);

struct Documents<'s> {
    source: Option<&'s EventTimeSource>,
    /// Buffer for the fields of a document, reused to save allocations.
    scratch: &'s mut String,
}

struct Counted<'a> {
    count: usize,
    /// No more documents than a request may have, whatever `count` is.
    read: Vec<ParsedDocument<'a>>,
}

impl<'a> DeserializeSeed<'a> for Request<'_> {
    type Value = Counted<'a>;

    fn deserialize<D: Deserializer<'a>>(self, json: D) -> Result<Counted<'a>, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Request<'_> {
    type Value = Counted<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the field data")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Counted<'a>, A::Error> {
        let Documents { source, scratch } = self.0;
        let mut documents = None;
        while let Some(name) = map.next_key::<Cow<'a, str>>()? {
            match name.as_ref() {
                "data" if documents.is_some() => return Err(Error::duplicate_field("data")),
                "data" => {
                    let scratch = &mut *scratch;
                    documents = Some(map.next_value_seed(Documents { source, scratch })?);
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        documents.ok_or_else(|| Error::missing_field("data"))
    }
}

impl<'a> DeserializeSeed<'a> for Documents<'_> {
    type Value = Counted<'a>;

    fn deserialize<D: Deserializer<'a>>(self, json: D) -> Result<Counted<'a>, D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'a> Visitor<'a> for Documents<'_> {
    type Value = Counted<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of documents")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<Counted<'a>, A::Error> {
        let mut read = Vec::new();
        while read.len() < MAX_DOCUMENTS {
            let document = Document { source: self.source, scratch: &mut *self.scratch };
            match seq.next_element_seed(document)? {
                Some(document) => read.push(document),
                None => break,
            }
        }
        let mut count = read.len();
        while seq.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Counted { count, read })
    }
}

struct Document<'s> {
    source: Option<&'s EventTimeSource>,
    scratch: &'s mut String,
}

impl<'a> DeserializeSeed<'a> for Document<'_> {
    type Value = ParsedDocument<'a>;

    fn deserialize<D: Deserializer<'a>>(self, json: D) -> Result<ParsedDocument<'a>, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Document<'_> {
    type Value = ParsedDocument<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a document, which is a JSON object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<ParsedDocument<'a>, A::Error> {
        let Self { source, scratch } = self;
        scratch.clear();
        let (mut id, mut own_time, mut source_time) = (None, None, None);
        while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            let present = value.get() != "null";
            match json::string(key).as_deref() {
                Some(ID) => {
                    id = Some(value);
                    continue;
                }
                Some(EVENT_TIME) => {
                    own_time = present.then(|| special::event_time(value));
                    continue;
                }
                Some(META) => continue,
                Some(name) => {
                    if let Some(source) = source.filter(|source| source.field == name) {
                        source_time = present.then(|| source.read(value));
                    }
                }
                None => {}
            }
            if !scratch.is_empty() {
                scratch.push(',');
            }
            scratch.push_str(key.get());
            scratch.push(':');
            scratch.push_str(value.get());
        }
        let event_time = own_time.or(source_time);
        Ok(ParsedDocument { id, event_time, fields: scratch.as_str().into() })
    }
}
