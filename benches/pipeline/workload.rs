//! What is fed: stores, in the frames of the proto codec.

use crate::pack::pack;
use bytes::BytesMut;
use materialize_rockset::flow::materialize::{self, request};
use materialize_rockset::flow::spec::materialization_spec::Binding;
use materialize_rockset::flow::spec::{CollectionSpec, FieldSelection, MaterializationSpec};
use materialize_rockset::flow::{Codec, Request};
use serde_json::{Value, json};

/// Documents of one shape.
pub struct Workload {
    pub name: &'static str,
    /// How many different documents there are. They are repeated, with other keys.
    block: usize,
    repetitions: usize,
    bindings: usize,
    order: Order,
    fields: Vec<String>,
    values: fn(usize) -> Vec<Value>,
}

/// How the documents of several bindings follow each other. Each binding's have ascending
/// keys.
#[derive(Clone, Copy, PartialEq)]
enum Order {
    /// All of a binding, then all of the next one, as Flow stores them.
    OneByOne,
    /// One of each binding, again and again.
    InTurns,
}

/// The frames of the different documents.
pub struct Block {
    pub frames: Vec<u8>,
    /// Where in the frames the binding of each document stands, if it's to be written there.
    bindings: Vec<usize>,
    /// Where the key of each document stands, in `KEY` bytes.
    keys: Vec<usize>,
}

/// The first key, of as many bytes as the last one.
const FIRST: u32 = 100_000_000;
const KEY: usize = 4;

pub fn all() -> Vec<Workload> {
    use Order::{InTurns, OneByOne};
    let fields = |count: usize| (0..count).map(|i| format!("field_{i:02}")).collect();
    let workload =
        |name, (block, repetitions), (bindings, order), values: fn(usize) -> Vec<Value>| {
            let fields = match values(0).len() {
                2 => vec!["number".to_string(), "text".to_string()],
                count => fields(count),
            };
            Workload { name, block, repetitions, bindings, order, fields, values }
        };
    vec![
        workload("128 B", (20_000, 100), (1, OneByOne), small),
        workload("128 B, ten times as many", (20_000, 1_000), (1, OneByOne), small),
        workload("128 B, 50 bindings", (20_000, 100), (50, InTurns), small),
        workload("128 B, 1,000 bindings", (20_000, 100), (1_000, InTurns), small),
        workload("1 KiB", (10_000, 50), (1, OneByOne), medium),
        workload("64 KiB, 60 bindings", (130, 60), (60, OneByOne), |i| large(i, 4 << 10)),
        workload("64 KiB, 60 bindings in turns", (120, 65), (60, InTurns), |i| large(i, 4 << 10)),
        workload("1 MiB", (20, 50), (1, OneByOne), |i| large(i, 64 << 10)),
        workload("1 MiB, ten times as many", (20, 500), (1, OneByOne), |i| large(i, 64 << 10)),
    ]
}

impl Workload {
    pub fn documents(&self) -> usize {
        self.block * self.repetitions
    }

    pub fn repetitions(&self) -> usize {
        self.repetitions
    }

    /// The frames of the different documents, as they are for the first time.
    pub fn block(&self) -> Block {
        let mut frames = BytesMut::new();
        let (mut bindings, mut keys) = (Vec::new(), Vec::new());
        for i in 0..self.block {
            let begin = frames.len();
            let binding = match self.order {
                // Anything but 0, which isn't written.
                Order::OneByOne => 1,
                Order::InTurns => (i % self.bindings) as u32,
            };
            let packed = pack(&[json!(FIRST)]);
            let store = request::Store {
                binding,
                key_packed: packed.clone().into(),
                values_packed: pack(&(self.values)(i)).into(),
                ..Default::default()
            };
            let request = materialize::Request::from(Request::Store(store));
            Codec::Proto.encode("Request", &request, &mut frames).unwrap();
            let key = memchr::memmem::find(&frames[begin..], &packed).unwrap();
            keys.push(begin + key + 1);
            if self.order == Order::OneByOne {
                // Before the key are its tag and length.
                bindings.push(begin + key - 3);
            }
        }
        let mut block = Block { frames: frames.to_vec(), bindings, keys };
        self.turn(&mut block, 0);
        block
    }

    /// Gives the documents the keys that they have when they are repeated, and the binding.
    pub fn turn(&self, block: &mut Block, repetition: usize) {
        let first = FIRST as usize + repetition * self.block;
        for (i, at) in block.keys.iter().enumerate() {
            let key = ((first + i) as u32).to_be_bytes();
            block.frames[*at..*at + KEY].copy_from_slice(&key);
        }
        for at in &block.bindings {
            block.frames[*at] = (repetition * self.bindings / self.repetitions) as u8;
        }
    }

    /// The task that the documents are for.
    pub fn task(&self, url: &str) -> MaterializationSpec {
        let bindings = (0..self.bindings).map(|i| Binding {
            resource_config_json: json!({"workspace": "w", "collection": format!("c{i}")})
                .to_string()
                .into(),
            collection: Some(CollectionSpec::default()),
            field_selection: Some(FieldSelection {
                keys: vec!["id".to_string()],
                values: self.fields.clone(),
                ..FieldSelection::default()
            }),
            ..Binding::default()
        });
        MaterializationSpec {
            name: "bench/pipeline".to_string(),
            config_json: json!({"api_key": "key", "region_base_url": url}).to_string().into(),
            bindings: bindings.collect(),
            ..MaterializationSpec::default()
        }
    }
}

/// Text with an escape here and there, and a few characters beyond ASCII.
fn text(i: usize, length: usize) -> String {
    let mut text = String::new();
    while text.len() < length {
        text.push_str(match (i + text.len()) % 7 {
            0 => "a line\nbreak ",
            1 => "says \"so\" ",
            2 => "größer ",
            _ => "plain words of some length go on and on ",
        });
    }
    while !text.is_char_boundary(length) {
        text.push(' ');
        text.remove(0);
    }
    text.truncate(length);
    text
}

/// With key and names, 128 bytes of JSON.
fn small(i: usize) -> Vec<Value> {
    vec![json!(i as f64 * 0.37), json!(text(i, 67))]
}

/// With key and names, 1 KiB of JSON: scalars, and objects in objects.
fn medium(i: usize) -> Vec<Value> {
    let mut values = Vec::new();
    for n in 0..19 {
        values.push(match n % 5 {
            0 => json!(i * n),
            1 => json!(text(i + n, 110)),
            2 => json!({"lat": i as f64 * 0.01, "deep": {"on": n, "tags": ["a", "b", null]}}),
            3 => json!((i + n) as f64 / 7.0),
            _ => json!(i.is_multiple_of(2)),
        });
    }
    values
}

/// Twelve texts of this length, and one nested object that is a third as long as they.
fn large(i: usize, length: usize) -> Vec<Value> {
    let mut values: Vec<Value> = (0..12).map(|n| json!(text(i + n, length))).collect();
    let entries: Vec<Value> = (0..length / 25)
        .map(|n| json!({"n": n, "name": text(i + n, 30), "position": [n as f64 * 0.5, null, true]}))
        .collect();
    values.push(json!({"entries": entries}));
    values
}
