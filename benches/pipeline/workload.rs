//! What is fed: stores, in the frames of the proto codec.

use crate::pack::pack;
use bytes::BytesMut;
use materialize_rockset::flow::materialize::{self, request};
use materialize_rockset::flow::spec::materialization_spec::Binding;
use materialize_rockset::flow::spec::{FieldSelection, MaterializationSpec};
use materialize_rockset::flow::{Codec, Request};
use serde_json::{Value, json};

/// Documents of one shape.
pub struct Workload {
    pub name: &'static str,
    /// How many different documents there are. They are repeated.
    block: usize,
    repetitions: usize,
    bindings: usize,
    fields: Vec<String>,
    values: fn(usize) -> Vec<Value>,
}

pub fn all() -> Vec<Workload> {
    let small_fields = || vec!["number".to_string(), "text".to_string()];
    vec![
        Workload {
            name: "128 B",
            block: 20_000,
            repetitions: 100,
            bindings: 1,
            fields: small_fields(),
            values: small,
        },
        Workload {
            name: "128 B, ten times as many",
            block: 20_000,
            repetitions: 1_000,
            bindings: 1,
            fields: small_fields(),
            values: small,
        },
        Workload {
            name: "128 B, 50 bindings",
            block: 20_000,
            repetitions: 100,
            bindings: 50,
            fields: small_fields(),
            values: small,
        },
        Workload {
            name: "1 KiB",
            block: 10_000,
            repetitions: 50,
            bindings: 1,
            fields: (0..19).map(|i| format!("field_{i:02}")).collect(),
            values: medium,
        },
        Workload {
            name: "1 MiB",
            block: 20,
            repetitions: 50,
            bindings: 1,
            fields: (0..13).map(|i| format!("field_{i:02}")).collect(),
            values: large,
        },
        Workload {
            name: "1 MiB, ten times as many",
            block: 20,
            repetitions: 500,
            bindings: 1,
            fields: (0..13).map(|i| format!("field_{i:02}")).collect(),
            values: large,
        },
    ]
}

impl Workload {
    pub fn documents(&self) -> usize {
        self.block * self.repetitions
    }

    pub fn repetitions(&self) -> usize {
        self.repetitions
    }

    /// The frames of the different documents.
    pub fn block(&self) -> Vec<u8> {
        let mut frames = BytesMut::new();
        for i in 0..self.block {
            let key = [json!(1_000_000 + i)];
            let store = request::Store {
                binding: (i % self.bindings) as u32,
                key_packed: pack(&key).into(),
                values_packed: pack(&(self.values)(i)).into(),
                ..Default::default()
            };
            let request = materialize::Request::from(Request::Store(store));
            Codec::Proto.encode("Request", &request, &mut frames).unwrap();
        }
        frames.to_vec()
    }

    /// The task that the documents are for.
    pub fn task(&self, url: &str) -> MaterializationSpec {
        let bindings = (0..self.bindings).map(|i| Binding {
            resource_config_json: json!({"workspace": "w", "collection": format!("c{i}")})
                .to_string()
                .into(),
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
    vec![json!(i as f64 * 0.37), json!(text(i, 70))]
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

/// 1 MiB of JSON: texts, and one nested object.
fn large(i: usize) -> Vec<Value> {
    let mut values: Vec<Value> = (0..12).map(|n| json!(text(i + n, 64 << 10))).collect();
    let entries: Vec<Value> = (0..2_600)
        .map(|n| json!({"n": n, "name": text(i + n, 30), "position": [n as f64 * 0.5, null, true]}))
        .collect();
    values.push(json!({"entries": entries}));
    values
}
