//! The body of AddDocuments, taken apart in one pass over its text.
//!
//! This is where a write spends its time, so no tree is built: the special fields are
//! set aside as text, and all others are copied, as text, into what will be stored.

use super::body;
use super::errors::Failure;
use super::limits;
use super::special_fields::{self as special, EventTimeSource};
use crate::rockset::rules::MAX_DOCUMENTS;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// A document as it was sent.
pub(super) struct Incoming<'a> {
    /// `_id`, if there is one.
    pub(super) id: Option<&'a RawValue>,
    /// `_event_time`, or what the collection's source of it holds.
    event_time: Option<Result<i64, Failure>>,
    /// All fields but the special ones, as the inside of a JSON object.
    pub(super) fields: Box<str>,
}

impl Incoming<'_> {
    /// When the document happened, in microseconds since the epoch.
    pub(super) fn event_time(&mut self, now: i64) -> Result<i64, Failure> {
        self.event_time.take().unwrap_or(Ok(now))
    }
}

/// Reads the documents of a request, and refuses it if they are too many.
pub(super) fn read<'a>(
    text: &'a [u8],
    source: Option<&EventTimeSource>,
) -> Result<Vec<Incoming<'a>>, Failure> {
    // Following the path to where an error is costs an allocation for each field, so
    // it is done when there is one.
    let mut scratch = String::new();
    let mut json = serde_json::Deserializer::from_slice(text);
    let fast = Request(Documents { source, scratch: &mut scratch })
        .deserialize(&mut json)
        .and_then(|documents| json.end().map(|()| documents));
    let documents = match fast {
        Ok(documents) => documents,
        Err(_) => body::parse(text, Request(Documents { source, scratch: &mut scratch }))?,
    };
    limits::check_documents(documents.count)?;
    Ok(documents.read)
}

/// Reads the documents of a request as they are, and refuses it if they are too many.
pub(super) fn texts(text: &[u8]) -> Result<Vec<&str>, Failure> {
    #[derive(Deserialize)]
    struct Request<'a> {
        #[serde(borrow)]
        data: Vec<&'a RawValue>,
    }
    let request = body::parse(text, std::marker::PhantomData::<Request<'_>>)?;
    limits::check_documents(request.data.len())?;
    Ok(request.data.into_iter().map(RawValue::get).collect())
}

/// Reads one document.
pub(super) fn one<'a>(
    text: &'a str,
    source: Option<&EventTimeSource>,
    scratch: &mut String,
) -> Result<Incoming<'a>, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(text);
    let document = Document { source, scratch }.deserialize(&mut json)?;
    json.end().map(|()| document)
}

/// What a transformation makes of a document. Without the engine, there is none.
#[cfg_attr(not(feature = "engine"), allow(dead_code))]
#[derive(Debug)]
pub(super) enum Transformed {
    /// The text of another.
    Document(String),
    /// Nothing: WHERE leaves it out.
    Dropped,
    /// It can't be transformed, and why.
    Failed(String),
}

/// `{"data": [document, …]}`
struct Request<'s>(Documents<'s>);

struct Documents<'s> {
    source: Option<&'s EventTimeSource>,
    /// Where the fields of a document are gathered, kept to spare allocations.
    scratch: &'s mut String,
}

struct Counted<'a> {
    count: usize,
    /// As many documents as a request may have.
    read: Vec<Incoming<'a>>,
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
    type Value = Incoming<'a>;

    fn deserialize<D: Deserializer<'a>>(self, json: D) -> Result<Incoming<'a>, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Document<'_> {
    type Value = Incoming<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a document, which is a JSON object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Incoming<'a>, A::Error> {
        let Self { source, scratch } = self;
        scratch.clear();
        let (mut id, mut own_time, mut source_time) = (None, None, None);
        while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            let present = value.get() != "null";
            match special::string(key).as_deref() {
                Some(special::ID) => {
                    id = Some(value);
                    continue;
                }
                Some(special::EVENT_TIME) => {
                    own_time = present.then(|| special::event_time(value));
                    continue;
                }
                Some(special::META) => continue,
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
        Ok(Incoming { id, event_time, fields: scratch.as_str().into() })
    }
}
