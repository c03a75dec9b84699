//! Documents as a message, and back.

use super::error::StoreError;
use super::messages::{Documents, MetaRow, Origin, OriginKind, Segment, StateRow};
use crate::local::storage::{Document, Meta, NewDocument, RecordOrigin, Rollup, Stored};
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// The message of documents. A text of more than 4 GiB can't be, since no body is as large.
pub fn encode<'a>(documents: impl Iterator<Item = &'a Arc<Stored>>) -> Documents {
    let mut message = Documents::default();
    let mut origins = HashMap::new();
    for (stored, row) in documents.zip(0..) {
        let document = &stored.document;
        message.ids.extend_from_slice(stored.id.as_bytes());
        message.id_lengths.push(short(stored.id.len()));
        message.event_times.push(document.event_time);
        message.fields.extend_from_slice(document.fields.as_bytes());
        message.field_lengths.push(short(document.fields.len()));
        if let Some(meta) = &document.meta {
            let (kind, text, offset) = parts(&meta.origin);
            let known = &mut message.origins;
            let origin = *origins.entry((kind, text.clone())).or_insert_with(|| {
                known.push(Origin { kind: kind as i32, text: text.to_string() });
                short(known.len() - 1)
            });
            let bad = meta.bad.as_deref().map(String::from);
            message.metas.push(MetaRow { row, origin, offset, bad });
        }
        if let Some(Rollup::State(state)) = document.rollup.as_deref() {
            message.states.push(StateRow { row, state: state.to_vec() });
        }
    }
    message
}

/// The message of a chunk.
pub fn encode_segment<'a>(rows: impl Iterator<Item = &'a Arc<Stored>> + Clone) -> Segment {
    let mut before = 0;
    let distance = |stored: &Arc<Stored>| {
        let distance = stored.seq() - before;
        before = stored.seq();
        distance
    };
    let seqs = rows.clone().map(distance).collect();
    Segment { documents: Some(encode(rows)), seqs }
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
pub fn decode(object: &str, message: &Documents) -> Result<Vec<NewDocument>, StoreError> {
    let inconsistent = || StoreError::damaged(object, "its documents are inconsistent");
    let mut ids = Texts::new(&message.ids).ok_or_else(inconsistent)?;
    let mut fields = Texts::new(&message.fields).ok_or_else(inconsistent)?;
    let mut metas = metas(message).ok_or_else(inconsistent)?.into_iter().peekable();
    let mut states = message.states.iter().peekable();
    let lengths = message.id_lengths.iter().zip(&message.field_lengths);
    let mut documents = Vec::with_capacity(message.event_times.len());
    for (row, ((id, field), event_time)) in lengths.zip(&message.event_times).enumerate() {
        let (id, fields) = ids.next(*id).zip(fields.next(*field)).ok_or_else(inconsistent)?;
        let meta = metas.next_if(|(at, _)| *at == row).map(|(_, meta)| Box::new(meta));
        let state = states.next_if(|it| it.row as usize == row);
        let rollup = state.map(|it| Box::new(Rollup::State(it.state.as_slice().into())));
        documents.push((id, Document { event_time: *event_time, fields, meta, rollup }));
    }
    let is_read = metas.next().is_none() && states.next().is_none();
    let is_whole = documents.len() == message.id_lengths.len() && is_read;
    is_whole.then_some(documents).ok_or_else(inconsistent)
}

/// The rows of a chunk.
pub fn decode_segment(object: &str, segment: &Segment) -> Result<Vec<Arc<Stored>>, StoreError> {
    let none = Documents::default();
    let documents = decode(object, segment.documents.as_ref().unwrap_or(&none))?;
    if documents.len() != segment.seqs.len() {
        return Err(StoreError::damaged(object, "its rows are inconsistent"));
    }
    let mut seq = 0;
    let rows = documents.into_iter().zip(&segment.seqs).map(|((id, document), distance)| {
        seq += distance;
        Arc::new(Stored::restored(seq, id, document))
    });
    Ok(rows.collect())
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

/// Texts that follow one another.
struct Texts<'a>(&'a str);

impl<'a> Texts<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        simdutf8::basic::from_utf8(bytes).ok().map(Self)
    }

    fn next(&mut self, length: u32) -> Option<Box<str>> {
        let (text, rest) = self.0.split_at_checked(length as usize)?;
        self.0 = rest;
        Some(text.into())
    }
}
