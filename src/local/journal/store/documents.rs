//! Documents as a message, and back.

use super::error::StoreError;
use super::messages::{Documents, MetaRow, Origin, OriginKind, Segment, SegmentTexts, StateRow};
use crate::local::storage::{
    Chunk, Document, Meta, NewDocument, RecordOrigin, Rollup, Stored, Texts,
};
use std::collections::HashMap;
use std::mem;
use std::sync::Arc;
use uuid::Uuid;

/// The message of all rows of chunks, which come with their fields.
pub fn encode(chunks: &[(Chunk, Arc<Texts>)]) -> Documents {
    let mut message = encode_heads(chunks.iter().flat_map(|(chunk, _)| chunk.rows()));
    for (_, texts) in chunks {
        message.fields.extend_from_slice(texts.bytes());
    }
    message
}

/// The message of documents without their fields.
fn encode_heads<'a>(documents: impl Iterator<Item = &'a Arc<Stored>>) -> Documents {
    let mut message = Documents::default();
    let mut origins = HashMap::new();
    for (stored, row) in documents.zip(0..) {
        message.ids.extend_from_slice(stored.id.as_bytes());
        message.id_lengths.push(short(stored.id.len()));
        message.event_times.push(stored.event_time);
        message.field_lengths.push(short(stored.length()));
        if let Some(meta) = stored.meta() {
            let (kind, text, offset) = parts(&meta.origin);
            let known = &mut message.origins;
            let origin = *origins.entry((kind, text.clone())).or_insert_with(|| {
                known.push(Origin { kind: kind as i32, text: text.to_string() });
                short(known.len() - 1)
            });
            let bad = meta.bad.as_deref().map(String::from);
            message.metas.push(MetaRow { row, origin, offset, bad });
        }
        if let Some(state) = stored.state() {
            message.states.push(StateRow { row, state: state.to_vec() });
        }
    }
    message
}

/// The message of a chunk without its fields.
pub fn encode_segment(chunk: &Chunk) -> Segment {
    let mut before = 0;
    let distance = |stored: &Arc<Stored>| {
        let distance = stored.seq() - before;
        before = stored.seq();
        distance
    };
    let seqs = chunk.rows().map(distance).collect();
    Segment { documents: Some(encode_heads(chunk.rows())), seqs }
}

fn short(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// The kind and the text of an origin, and the position in it.
fn parts(origin: &RecordOrigin) -> (OriginKind, &Arc<str>, u64) {
    match origin {
        RecordOrigin::S3 { object, offset } => (OriginKind::S3, object, *offset),
        RecordOrigin::Upload(file) => (OriginKind::Upload, file, 0),
        RecordOrigin::Kafka { message, .. } => (OriginKind::Kafka, message, 0),
    }
}

/// The documents of a message.
pub fn decode(object: &str, message: Documents) -> Result<Vec<NewDocument>, StoreError> {
    let mut message = message;
    let texts = texts_of(object, &mut message)?;
    let heads = heads_of(object, &message)?;
    let document = |(row, head): (usize, Head)| {
        let Head { id, event_time, meta, state, .. } = head;
        let rollup = state.map(|state| Box::new(Rollup::State(state)));
        let (fields, meta) = (texts.get(row).into(), meta.map(Box::new));
        (id, Document { event_time, fields, meta, rollup })
    };
    Ok(heads.into_iter().enumerate().map(document).collect())
}

/// The message of the fields of a chunk.
pub fn encode_texts(texts: &Texts) -> SegmentTexts {
    SegmentTexts { fields: texts.bytes().to_vec() }
}

/// The fields of a segment, from an object of their own, one after the other.
pub fn decode_text(object: &str, texts: SegmentTexts) -> Result<String, StoreError> {
    text_of(object, texts.fields)
}

/// The fields of rows, from an object of their own.
pub fn decode_texts(
    object: &str,
    texts: SegmentTexts,
    rows: &[Arc<Stored>],
) -> Result<Texts, StoreError> {
    let lengths = rows.iter().map(|stored| stored.length());
    let texts = Texts::new(text_of(object, texts.fields)?, lengths);
    texts.ok_or_else(|| StoreError::damaged(object, "it has other fields than its segment says"))
}

/// The fields in a segment of version 1.
pub fn decode_fields(object: &str, segment: Segment) -> Result<String, StoreError> {
    text_of(object, segment.documents.unwrap_or_default().fields)
}

/// The rows of a chunk, and their fields if these are in the segment, as in version 1.
pub fn decode_segment(
    object: &str,
    segment: Segment,
    has_texts: bool,
) -> Result<(Vec<Arc<Stored>>, Option<Texts>), StoreError> {
    let Segment { documents, seqs } = segment;
    let mut documents = documents.unwrap_or_default();
    let texts = has_texts.then(|| texts_of(object, &mut documents)).transpose()?;
    let heads = heads_of(object, &documents)?;
    if heads.len() != seqs.len() {
        return Err(StoreError::damaged(object, "its rows are inconsistent"));
    }
    let mut seq = 0;
    let rows = heads.into_iter().zip(&seqs).map(|(head, distance)| {
        seq += distance;
        let Head { id, event_time, length, meta, state } = head;
        Arc::new(Stored::restored(seq, id, event_time, length, meta, state))
    });
    Ok((rows.collect(), texts))
}

/// A document without its fields.
struct Head {
    id: Box<str>,
    event_time: i64,
    /// Bytes of the fields.
    length: usize,
    meta: Option<Meta>,
    state: Option<Box<[u8]>>,
}

/// The documents of a message without their fields.
fn heads_of(object: &str, message: &Documents) -> Result<Vec<Head>, StoreError> {
    let inconsistent = || StoreError::damaged(object, "its documents are inconsistent");
    let mut ids = Ids::new(&message.ids).ok_or_else(inconsistent)?;
    let mut metas = metas(message).ok_or_else(inconsistent)?.into_iter().peekable();
    let mut states = message.states.iter().peekable();
    let lengths = message.id_lengths.iter().zip(&message.field_lengths);
    let mut heads = Vec::with_capacity(message.event_times.len());
    for (row, ((id, length), event_time)) in lengths.zip(&message.event_times).enumerate() {
        let id = ids.next(*id).ok_or_else(inconsistent)?;
        let meta = metas.next_if(|(at, _)| *at == row).map(|(_, meta)| meta);
        let state = states.next_if(|it| it.row as usize == row);
        let state = state.map(|it| it.state.as_slice().into());
        heads.push(Head { id, event_time: *event_time, length: *length as usize, meta, state });
    }
    let is_read = metas.next().is_none() && states.next().is_none();
    let rows = [message.id_lengths.len(), message.field_lengths.len()];
    match is_read && rows == [heads.len(); 2] {
        true => Ok(heads),
        false => Err(inconsistent()),
    }
}

/// Takes the fields out of a message.
fn texts_of(object: &str, message: &mut Documents) -> Result<Texts, StoreError> {
    let fields = text_of(object, mem::take(&mut message.fields))?;
    let texts = Texts::new(fields, message.field_lengths.iter().map(|length| *length as usize));
    texts.ok_or_else(|| StoreError::damaged(object, "its documents are inconsistent"))
}

fn text_of(object: &str, fields: Vec<u8>) -> Result<String, StoreError> {
    let error = |error| StoreError::damaged(object, format!("its fields are no text: {error}"));
    String::from_utf8(fields).map_err(error)
}

/// The metas, each with the position of its document.
fn metas(message: &Documents) -> Option<Vec<(usize, Meta)>> {
    let texts: Vec<Arc<str>> =
        message.origins.iter().map(|origin| origin.text.as_str().into()).collect();
    let meta = |row: &MetaRow| {
        let at = row.origin as usize;
        let text = texts.get(at)?;
        let origin = match message.origins.get(at)?.kind() {
            OriginKind::S3 => RecordOrigin::S3 { object: text.clone(), offset: row.offset },
            OriginKind::Upload => RecordOrigin::Upload(text.clone()),
            // Only a message that becomes a document needs the identifier.
            OriginKind::Kafka => RecordOrigin::Kafka { message: text.clone(), id: Uuid::nil() },
        };
        let bad = row.bad.as_deref().map(Box::from);
        Some((row.row as usize, Meta { origin, bad }))
    };
    message.metas.iter().map(meta).collect()
}

/// `_id`s that follow one another.
struct Ids<'a>(&'a str);

impl<'a> Ids<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        simdutf8::basic::from_utf8(bytes).ok().map(Self)
    }

    fn next(&mut self, length: u32) -> Option<Box<str>> {
        let (text, rest) = self.0.split_at_checked(length as usize)?;
        self.0 = rest;
        Some(text.into())
    }
}
