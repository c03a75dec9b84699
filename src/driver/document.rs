//! How a Store becomes a document: one pass over packed tuples that writes
//! `{"_id":…,"field":value,…}`.

use super::Error;
use super::base64;
use crate::config::DocumentId;
use crate::flow::Store;
use crate::flow::buffer::{Buffer, PIECE, Writer};
use crate::flow::json_text;
use crate::flow::padded::Padded;
use crate::flow::spec::FieldSelection;
use crate::flow::tuple::{self, Reader};
use fearless_simd::{Level, Simd, dispatch};

/// Identifies a document.
pub const ID: &str = "_id";
/// Rockset's own notes on a document.
pub const META: &str = "_meta";
/// When what a document tells of happened.
pub const EVENT_TIME: &str = "_event_time";

/// What a date and time is written as, so that Rockset reads it as a timestamp.
const TIMESTAMP: (&[u8], &[u8]) = (br#"{"__rockset_type":"timestamp","value":"#, b"}");

/// How the documents of a binding are laid out.
#[derive(Debug, Clone)]
pub struct Layout {
    binding: usize,
    /// Workspace and collection, for errors.
    collection: String,
    id: Id,
    keys: Vec<Field>,
    values: Vec<Field>,
    document: Option<Field>,
    level: Level,
}

/// Where a document's `_id` comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Id {
    /// The whole key is a selected field of that name.
    Selected,
    PackedKey,
    Key,
}

#[derive(Debug, Clone)]
struct Field {
    name: String,
    /// `"name":` as JSON, with the comma before it where there is one.
    prefix: Vec<u8>,
    /// The prefix, if it's short enough to be written at once.
    piece: Option<[u8; PIECE]>,
    is_event_time: bool,
}

impl Layout {
    /// The layout of a binding's field selection.
    pub fn new(
        binding: usize,
        collection: &str,
        selection: &FieldSelection,
        document_id: DocumentId,
    ) -> Result<Self, Error> {
        let all = || selection.keys.iter().chain(&selection.values).chain([&selection.document]);
        let id_is_selected = all().any(|field| field == ID);
        let problem = |problem: &str| {
            Err(Error::request("Open", format!("bindings[{binding}] ({collection}) {problem}")))
        };
        if selection.keys.is_empty() {
            return problem("selects no key");
        }
        if id_is_selected && selection.keys != [ID] {
            return problem(
                "selects a field called _id that is not its whole key; project the location \
                 under another name",
            );
        }
        if all().any(|field| field == META) {
            return problem("selects a field called _meta, which Rockset would drop");
        }

        let mut fields = all().map(|name| Field::new(name));
        let mut take = |count| fields.by_ref().take(count).collect::<Vec<_>>();
        let (mut keys, values) = (take(selection.keys.len()), take(selection.values.len()));
        let document = (!selection.document.is_empty()).then(|| Field::new(&selection.document));
        if let (true, Some(id)) = (id_is_selected, keys.first_mut()) {
            *id = Field::with_prefix(ID, id.prefix[1..].to_vec());
        }
        let id = match (id_is_selected, document_id) {
            (true, _) => Id::Selected,
            (false, DocumentId::PackedKey) => Id::PackedKey,
            (false, DocumentId::Key) => Id::Key,
        };
        Ok(Self {
            binding,
            collection: collection.to_string(),
            id,
            keys,
            values,
            document,
            level: Level::new(),
        })
    }

    /// Appends the document of a Store to `out`. On an error, what was appended is of
    /// no use.
    pub fn write(&self, store: &Store<'_>, out: &mut Writer<'_>) -> Result<(), Error> {
        dispatch!(self.level, simd => out.aside(
            #[inline(always)]
            |out| self.write_with(simd, store, out)
        ))
    }

    #[inline(always)]
    fn write_with<S: Simd>(
        &self,
        simd: S,
        store: &Store<'_>,
        out: &mut Writer<'_>,
    ) -> Result<(), Error> {
        out.push(b'{');
        if self.id != Id::Selected {
            self.write_id(simd, store, out)?;
        }
        self.write_tuple(simd, &self.keys, store.key_packed, out)?;
        self.write_tuple(simd, &self.values, store.values_packed, out)?;
        if let Some(field) = &self.document {
            field.write_prefix(out);
            json_text::write(simd, store.doc_json, out).map_err(|e| self.error(&field.name, e))?;
        }
        out.push(b'}');
        Ok(())
    }

    /// Appends what names the document of a Store, to delete it.
    pub fn write_deletion(&self, store: &Store<'_>, out: &mut Writer<'_>) -> Result<(), Error> {
        dispatch!(self.level, simd => out.aside(
            #[inline(always)]
            |out| self.write_deletion_with(simd, store, out)
        ))
    }

    #[inline(always)]
    fn write_deletion_with<S: Simd>(
        &self,
        simd: S,
        store: &Store<'_>,
        out: &mut Writer<'_>,
    ) -> Result<(), Error> {
        out.push(b'{');
        match self.id {
            Id::Selected => self.write_tuple(simd, &self.keys, store.key_packed, out)?,
            Id::PackedKey | Id::Key => self.write_id(simd, store, out)?,
        }
        out.push(b'}');
        Ok(())
    }

    /// The `_id` of a Store's document, to show it.
    pub fn id(&self, store: &Store<'_>) -> String {
        let mut text = Buffer::default();
        let written = text.append(|out| self.write_deletion(store, out)).is_ok();
        let named =
            serde_json::from_slice::<serde_json::Value>(text.as_slice()).unwrap_or_default();
        match named[ID].as_str() {
            Some(id) if written => id.to_string(),
            _ => "(none)".to_string(),
        }
    }

    /// Appends `"_id":"…"`.
    #[inline(always)]
    fn write_id<S: Simd>(
        &self,
        simd: S,
        store: &Store<'_>,
        out: &mut Writer<'_>,
    ) -> Result<(), Error> {
        out.extend_array(b"\"_id\":\"");
        match self.id {
            Id::PackedKey => base64::write(store.key_packed.as_slice(), out),
            Id::Key | Id::Selected => self.write_plain_key(simd, store.key_packed, out)?,
        }
        out.push(b'"');
        Ok(())
    }

    #[inline(always)]
    fn write_plain_key<S: Simd>(
        &self,
        simd: S,
        packed: Padded<'_>,
        out: &mut Writer<'_>,
    ) -> Result<(), Error> {
        let mut tuple = Reader::new(packed);
        for (i, field) in self.keys.iter().enumerate() {
            if i > 0 {
                out.push(b':');
            }
            tuple.write_plain(simd, out).map_err(|e| self.error(&field.name, e))?;
        }
        Ok(())
    }

    #[inline(always)]
    fn write_tuple<S: Simd>(
        &self,
        simd: S,
        fields: &[Field],
        packed: Padded<'_>,
        out: &mut Writer<'_>,
    ) -> Result<(), Error> {
        let mut tuple = Reader::new(packed);
        for field in fields {
            let written = match field.is_event_time {
                false => field.write(simd, &mut tuple, out),
                true => out
                    .aside(|out| field.write_event_time(simd, tuple, out))
                    .map(|rest| tuple = rest),
            };
            written.map_err(|e| self.error(&field.name, e))?;
        }
        let last = || fields.last().map_or("(none)", |field| &field.name);
        tuple.finish().map_err(|e| self.error(last(), e))
    }

    #[cold]
    fn error(&self, field: &str, source: tuple::Error) -> Error {
        Error::Tuple {
            binding: self.binding,
            collection: self.collection.clone(),
            field: field.to_string(),
            source,
        }
    }
}

impl Field {
    fn new(name: &str) -> Self {
        Self::with_prefix(name, format!(",{}:", serde_json::Value::from(name)).into_bytes())
    }

    fn with_prefix(name: &str, prefix: Vec<u8>) -> Self {
        let piece = (prefix.len() <= PIECE).then(|| {
            let mut piece = [0; PIECE];
            piece[..prefix.len()].copy_from_slice(&prefix);
            piece
        });
        Self { name: name.to_string(), prefix, piece, is_event_time: name == EVENT_TIME }
    }

    /// Appends the field, with the next element of a tuple.
    #[inline(always)]
    fn write<S: Simd>(
        &self,
        simd: S,
        tuple: &mut Reader<'_>,
        out: &mut Writer<'_>,
    ) -> Result<(), tuple::Error> {
        self.write_prefix(out);
        tuple.write_json(simd, out)
    }

    #[inline(always)]
    fn write_prefix(&self, out: &mut Writer<'_>) {
        match &self.piece {
            Some(piece) => out.extend_piece(piece, self.prefix.len()),
            None => out.extend(&self.prefix),
        }
    }

    /// Appends the field with a timestamp made of what is a text in the tuple, and leaves a
    /// null out: Rockset then takes the time at which the document comes in. Returns what is
    /// left of the tuple.
    #[inline(never)]
    fn write_event_time<'a, S: Simd>(
        &self,
        simd: S,
        mut tuple: Reader<'a>,
        out: &mut Writer<'_>,
    ) -> Result<Reader<'a>, tuple::Error> {
        let before = out.position();
        simd.vectorize(
            #[inline(always)]
            || self.write(simd, &mut tuple, out),
        )?;
        let value = before + self.prefix.len();
        match out.written_from(value).first() {
            Some(b'n') => out.back_to(before),
            Some(b'"') => {
                out.insert(value, TIMESTAMP.0);
                out.extend(TIMESTAMP.1);
            }
            _ => {}
        }
        Ok(tuple)
    }
}
