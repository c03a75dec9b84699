//! Checkpoints: how far each binding has read its journals.
//!
//! The fixture stands for the journals: each collection is one, and an offset in it counts
//! documents, where Flow counts bytes. A checkpoint names a binding's
//! source by the journal and the binding's read suffix. With another suffix, a binding reads
//! from the start.

use crate::flow::consumer::checkpoint::{ProducerEntry, Source};
use crate::flow::consumer::{Checkpoint as Message, ProducerState};
use uuid::Uuid;

/// The producer of the documents of a fixture; a group address, which no network card has.
pub const PRODUCER: [u8; 6] = [0x03, 0x70, 0x72, 0x65, 0x76, 0x77];

/// Where Flow itself puts the time of a commit, among the sources.
const COMMITTED_CLOSE: &str = "committed-close";

/// How far each source has been read, from Flow's recovery log or the connector's.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Checkpoint(Message);

/// A binding's source as checkpoints name it: its collection's journal and its read suffix.
pub fn source(collection: &str, read_suffix: &str) -> String {
    format!("{collection}/pivot=00;{read_suffix}")
}

impl Checkpoint {
    /// A checkpoint to read on from. The error names the source that the
    /// runtime would not accept.
    pub fn new(message: Message) -> Result<Self, String> {
        for (name, source) in &message.sources {
            let failed = |what: String| Err(format!("its source {name:?} {what}"));
            if !name.contains(';') && name != COMMITTED_CLOSE {
                return failed("has no read suffix, which follows the journal and a \";\"".into());
            }
            for ProducerEntry { id, state } in &source.producers {
                let begin = state.as_ref().map_or(0, |state| state.begin);
                if id.len() != 6 {
                    return failed(format!("has a producer of {} bytes, not 6", id.len()));
                }
                if begin < -1 {
                    return failed(format!("has a producer that begins at {begin}"));
                }
            }
        }
        Ok(Self(message))
    }

    /// Reads Flow's JSON form.
    pub fn parse(json: &str) -> Result<Self, String> {
        // serde would read a message from a list of its fields, too.
        if !json.trim_start().starts_with('{') {
            return Err("no checkpoint: it is no object".to_string());
        }
        Self::new(serde_json::from_str(json).map_err(|e| format!("no checkpoint: {e}"))?)
    }

    /// Whether it has no journal's position.
    pub fn is_empty(&self) -> bool {
        self.0.sources.keys().all(|name| name == COMMITTED_CLOSE)
    }

    /// The message to a connector.
    pub fn message(&self) -> &Message {
        &self.0
    }

    /// The offset at which a source reads on, if it is known: that of the oldest document that was
    /// read and not committed, or else the end of all that was read.
    pub fn position(&self, source: &str) -> Option<u64> {
        let Source { read_through, producers } = self.0.sources.get(source)?;
        let states = producers.iter().filter_map(|producer| producer.state.as_ref());
        let pending = states.map(|state| state.begin).filter(|begin| *begin >= 0).min();
        Some(u64::try_from(pending.unwrap_or(*read_through)).unwrap_or_default())
    }

    /// Records that a source is read and committed up to this offset.
    pub fn advance(&mut self, source: &str, offset: u64) {
        let source = self.0.sources.entry(source.to_string()).or_default();
        source.read_through = i64::try_from(offset).unwrap_or(i64::MAX);
        for producer in &mut source.producers {
            producer.state.get_or_insert_default().begin = -1;
        }
        let state = Some(ProducerState { last_ack: clock(), begin: -1 });
        match source.producers.iter_mut().find(|producer| *producer.id == PRODUCER) {
            Some(producer) => producer.state = state,
            None => {
                let id = PRODUCER.to_vec().into();
                source.producers.push(ProducerEntry { id, state });
                source.producers.sort_by(|a, b| a.id.cmp(&b.id));
            }
        }
    }
}

/// The time of Flow's clocks: that of a UUID, with four more bits.
fn clock() -> u64 {
    let time = Uuid::now_v1(&PRODUCER).get_timestamp().map(|time| time.to_gregorian().0);
    time.unwrap_or_default() << 4
}
