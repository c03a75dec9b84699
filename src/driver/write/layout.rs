//! Writes a Store as a document, `{"_id":…,"field":value,…}`, in one pass over its packed tuples.

use crate::config::DocumentId;
use crate::driver::Error;
use crate::driver::names::{folded, is_own_id};
use crate::encode;
use crate::encode::base64;
use crate::encode::buffer::{Buffer, PIECE, Writer};
use crate::encode::embedded;
use crate::encode::padded::Padded;
use crate::encode::tuple::Reader;
use crate::flow::Store;
use crate::flow::spec::{FieldSelection, Projection};
use crate::rockset::rules::{EVENT_TIME, ID};
use fearless_simd::{Level, Simd, dispatch};

/// The packed key that is one empty string.
const EMPTY_TEXT: &[u8] = &[0x02, 0x00];

/// The extended JSON around a date and time that Rockset reads as a timestamp.
const TIMESTAMP: (&[u8], &[u8]) = (br#"{"__rockset_type":"timestamp","value":"#, b"}");

/// The layout of the documents of a binding.
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

/// The source of a document's `_id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Id {
    /// The key is a field called `_id`.
    Selected,
    PackedKey,
    Key,
}

#[derive(Debug, Clone)]
struct Field {
    name: String,
    /// `"name":` as JSON, with a comma before it unless the field begins a document.
    prefix: Vec<u8>,
    /// The prefix as an array, if it's short enough to be written by one copy.
    piece: Option<[u8; PIECE]>,
    is_event_time: bool,
}

impl Layout {
    /// The layout of a binding's field selection, whose fields have these projections.
    pub fn new(
        binding: usize,
        collection: &str,
        selection: &FieldSelection,
        projections: &[Projection],
        document_id: DocumentId,
    ) -> Result<Self, Error> {
        if selection.keys.is_empty() {
            let problem = format!("bindings[{binding}] ({collection}) selects no key");
            return Err(Error::request("Open", problem));
        }
        let is_own_id = is_own_id(&selection.keys, projections);
        let field = |name: &String| {
            let projection = projections.iter().find(|projection| projection.field == *name);
            let other = projection.and_then(|projection| folded(projection, is_own_id));
            Field::new(name, other.unwrap_or(name))
        };
        let mut keys: Vec<Field> = selection.keys.iter().map(field).collect();
        let values = selection.values.iter().map(field).collect();
        let document = (!selection.document.is_empty()).then(|| field(&selection.document));
        if let (true, Some(id)) = (is_own_id, keys.first_mut()) {
            id.begins_document();
        }
        let id = match (is_own_id, document_id) {
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

    /// Appends the document of a Store to `out`. After an error, the output is incomplete.
    pub fn write(&self, store: &Store<'_>, out: &mut Writer<'_>) -> Result<(), Error> {
        dispatch!(self.level, simd => out.outlined(
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
        self.check_id(store)?;
        out.push(b'{');
        if self.id != Id::Selected {
            self.write_id(simd, store, out)?;
        }
        self.write_tuple(simd, &self.keys, store.key_packed, out)?;
        self.write_tuple(simd, &self.values, store.values_packed, out)?;
        if let Some(field) = &self.document {
            field.write_prefix(out);
            embedded::write(simd, store.doc_json, out).map_err(|e| self.error(&field.name, e))?;
        }
        out.push(b'}');
        Ok(())
    }

    /// Appends the document with only an `_id` that deletes the document of a Store.
    pub fn write_deletion(&self, store: &Store<'_>, out: &mut Writer<'_>) -> Result<(), Error> {
        dispatch!(self.level, simd => out.outlined(
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
        self.check_id(store)?;
        out.push(b'{');
        match self.id {
            Id::Selected => self.write_tuple(simd, &self.keys, store.key_packed, out)?,
            Id::PackedKey | Id::Key => self.write_id(simd, store, out)?,
        }
        out.push(b'}');
        Ok(())
    }

    /// The `_id` of a Store's document, for errors.
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

    /// Fails for a key whose `_id` would be empty, which Rockset refuses.
    #[inline(always)]
    fn check_id(&self, store: &Store<'_>) -> Result<(), Error> {
        if self.id != Id::PackedKey && store.key_packed.as_slice() == EMPTY_TEXT {
            Err(self.empty_id())
        } else {
            Ok(())
        }
    }

    #[cold]
    fn empty_id(&self) -> Error {
        let instead = match self.id {
            Id::Selected => "group the binding by another field of this location, and backfill it",
            Id::PackedKey | Id::Key => "set documentId to packedKey, and backfill the binding",
        };
        Error::EmptyId {
            binding: self.binding,
            collection: self.collection.clone(),
            field: self.keys.first().map(|field| field.name.clone()).unwrap_or_default(),
            instead,
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
            let written = if field.is_event_time {
                out.outlined(|out| field.write_event_time(simd, tuple, out))
                    .map(|rest| tuple = rest)
            } else {
                field.write(simd, &mut tuple, out)
            };
            written.map_err(|e| self.error(&field.name, e))?;
        }
        let last = || fields.last().map_or("(none)", |field| &field.name);
        tuple.finish().map_err(|e| self.error(last(), e))
    }

    #[cold]
    fn error(&self, field: &str, source: encode::Error) -> Error {
        Error::Tuple {
            binding: self.binding,
            collection: self.collection.clone(),
            field: field.to_string(),
            source,
        }
    }
}

impl Field {
    /// A field of Flow, with its name in Rockset.
    fn new(name: &str, endpoint_name: &str) -> Self {
        let prefix = format!(",{}:", serde_json::Value::from(endpoint_name)).into_bytes();
        let is_event_time = endpoint_name == EVENT_TIME;
        let piece = piece(&prefix);
        Self { name: name.to_string(), prefix, piece, is_event_time }
    }

    /// Makes the field the first of a document, without a comma before it.
    fn begins_document(&mut self) {
        self.prefix.remove(0);
        self.piece = piece(&self.prefix);
    }

    /// Appends the field, with the next element of a tuple.
    #[inline(always)]
    fn write<S: Simd>(
        &self,
        simd: S,
        tuple: &mut Reader<'_>,
        out: &mut Writer<'_>,
    ) -> Result<(), encode::Error> {
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

    /// Appends the field, with a string as a timestamp. Leaves the field out if it is null: then
    /// Rockset uses the time at which it receives the document. Returns the rest of the tuple.
    #[inline(never)]
    fn write_event_time<'a, S: Simd>(
        &self,
        simd: S,
        mut tuple: Reader<'a>,
        out: &mut Writer<'_>,
    ) -> Result<Reader<'a>, encode::Error> {
        let before = out.position();
        self.write_prefix(out);
        simd.vectorize(
            #[inline(always)]
            || tuple.write_whole(simd, out),
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

/// A prefix as an array that can be written by one copy, if it's short enough.
fn piece(prefix: &[u8]) -> Option<[u8; PIECE]> {
    let mut piece = [0; PIECE];
    piece.get_mut(..prefix.len())?.copy_from_slice(prefix);
    Some(piece)
}
