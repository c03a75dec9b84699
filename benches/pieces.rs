//! The pieces of a document's path, each on its own.
//!
//! ```console
//! $ cargo bench --bench pieces
//! ```

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../tests/support/pack.rs"]
#[allow(dead_code)]
mod pack;
#[path = "pipeline/workload.rs"]
#[allow(dead_code)]
mod workload;

use bytes::{Bytes, BytesMut};
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use fearless_simd::{Level, Simd, dispatch};
use materialize_rockset::config::DocumentId;
use materialize_rockset::driver::Limits;
use materialize_rockset::driver::bench::{Batch, Layout, Operation, Pool};
use materialize_rockset::encode::Error;
use materialize_rockset::encode::buffer::{Buffer, Writer};
use materialize_rockset::encode::embedded;
use materialize_rockset::encode::tuple::Reader;
use materialize_rockset::flow::codec::FrameReader;
use materialize_rockset::flow::materialize::{self, request};
use materialize_rockset::flow::spec::FieldSelection;
use materialize_rockset::flow::{Codec, Request, Store};
use materialize_rockset::rockset::client::documents::{Statuses, written_id};
use pack::pack;
use serde_json::{Value, json};

fn main() {
    divan::main();
}

fn values() -> Vec<Value> {
    vec![
        json!("text of some length, \"quoted\" and größer than ASCII"),
        json!(1234567),
        json!(52.379189),
        json!(true),
        json!({"lat": 52.379189, "deep": {"on": 7, "tags": ["a", "b", null]}}),
    ]
}

fn stores(count: usize) -> Vec<request::Store> {
    let store = |id: usize| request::Store {
        key_packed: pack(&[json!(1_000_000 + id)]).into(),
        values_packed: pack(&values()).into(),
        ..Default::default()
    };
    (0..count).map(store).collect()
}

fn layout() -> Layout {
    let selection = FieldSelection {
        keys: vec!["id".to_string()],
        values: ["text", "number", "latitude", "live", "position"].map(String::from).to_vec(),
        ..FieldSelection::default()
    };
    Layout::new(0, "w.c", &selection, &[], DocumentId::PackedKey).unwrap()
}

const FRAMES: usize = 1_000;

/// From the bytes of the pipe to Stores that can be looked at.
#[divan::bench]
fn frames(bencher: Bencher) {
    let mut bytes = BytesMut::new();
    for store in stores(FRAMES) {
        let request = materialize::Request::from(Request::Store(store));
        Codec::Proto.encode("Request", &request, &mut bytes).unwrap();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    bencher.counter(ItemsCount::new(FRAMES)).counter(BytesCount::new(bytes.len())).bench_local(
        || {
            let mut reader = FrameReader::new(&bytes[..], Codec::Proto);
            let mut keys = 0;
            while runtime.block_on(reader.fill()).unwrap() {
                while let Some(frame) = reader.buffered().unwrap() {
                    keys += Store::from_request(frame).unwrap().key_packed.len();
                }
            }
            keys
        },
    );
}

#[inline(always)]
fn write_tuple<S: Simd>(
    simd: S,
    packed: &Vec<u8>,
    count: usize,
    out: &mut Writer<'_>,
) -> Result<(), Error> {
    let mut tuple = Reader::new(divan::black_box(packed));
    for _ in 0..count {
        tuple.write_json(simd, out)?;
    }
    Ok(())
}

/// A packed tuple as JSON values.
#[divan::bench]
fn tuple(bencher: Bencher) {
    let packed = pack(&values());
    let count = values().len();
    let mut out = Buffer::default();
    bencher.counter(BytesCount::new(packed.len())).bench_local(|| {
        out.truncate(0);
        out.append(|out| dispatch!(Level::new(), simd => write_tuple(simd, &packed, count, out)))
            .unwrap();
        out.len()
    });
}

/// A long text, with an escape here and there.
#[divan::bench(args = [100, 10_000, 1_000_000])]
fn text(bencher: Bencher, length: usize) {
    let text =
        "Plain words of some length go on and on, \"quoted\" at times.\n".repeat(length / 60 + 1);
    let packed = pack(&[json!(text[..length])]);
    let mut out = Buffer::default();
    bencher.counter(BytesCount::new(length)).bench_local(|| {
        out.truncate(0);
        out.append(|out| dispatch!(Level::new(), simd => write_tuple(simd, &packed, 1, out)))
            .unwrap();
        out.len()
    });
}

/// Nested JSON that comes as text.
#[divan::bench]
fn embedded(bencher: Bencher) {
    let entries: Vec<Value> = (0..100).map(|_| json!(values())).collect();
    let text = json!(entries).to_string();
    let mut out = Buffer::default();
    bencher.counter(BytesCount::new(text.len())).bench_local(|| {
        out.truncate(0);
        let text = divan::black_box(text.as_bytes());
        out.append(|out| dispatch!(Level::new(), simd => embedded::write(simd, text, out)))
            .unwrap();
        out.len()
    });
}

/// From Stores to the body of a full request.
#[divan::bench]
fn batch(bencher: Bencher) {
    let (layout, limits) = (layout(), Limits::default());
    let stores = stores(limits.documents);
    let mut batch = Batch::new(Operation::Add, &Pool::default());
    bencher.counter(ItemsCount::new(stores.len())).bench_local(|| {
        for store in &stores {
            batch.push(200, |out| layout.write(&Store::from(store), out)).unwrap();
        }
        batch.take(batch.bytes()).close().len()
    });
}

/// From the bytes of the pipe to bodies of requests.
#[divan::bench(args = ["128 B", "1 KiB", "1 MiB"])]
fn documents(bencher: Bencher, name: &str) {
    let workload = workload::all().into_iter().find(|workload| workload.name == name).unwrap();
    let frames = workload.block().frames;
    let binding = &workload.task("").bindings[0];
    let selection = binding.field_selection.as_ref().unwrap();
    let layout = Layout::new(0, "w.c", selection, &[], DocumentId::PackedKey).unwrap();
    let limits = Limits::default();
    let mut batch = Batch::new(Operation::Add, &Pool::default());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    bencher.counter(BytesCount::new(frames.len())).bench_local(|| {
        let mut reader = FrameReader::new(&frames[..], Codec::Proto);
        while runtime.block_on(reader.fill()).unwrap() {
            while let Some(frame) = reader.buffered().unwrap() {
                let store = Store::from_request(frame).unwrap();
                batch.push(store.values_packed.len(), |out| layout.write(&store, out)).unwrap();
                if batch.is_full(limits) {
                    drop(batch.take(batch.bytes()).close());
                }
            }
        }
    });
}

/// Whether all documents of a full request are stored.
#[divan::bench(args = ["at a glance", "in full"])]
fn statuses(bencher: Bencher, how: &str) {
    const COUNT: usize = 20_000;
    let status =
        r#"{"_collection":"c","_id":"FoAPQkA","error":null,"patch_id":null,"status":"ADDED"}"#;
    let answer = format!(r#"{{"data":[{}],"last_offset":"f1:0"}}"#, vec![status; COUNT].join(","));
    let statuses = Statuses::from(Bytes::from(answer));
    bencher.counter(ItemsCount::new(COUNT)).bench_local(|| match how {
        "at a glance" => {
            let documents = std::iter::repeat_n(br#"{"_id":"FoAPQkA"}"#.as_slice(), COUNT);
            statuses.are_all(documents.map(written_id), &[br#""ADDED""#])
        }
        _ => statuses.read().unwrap().len() == COUNT,
    });
}
