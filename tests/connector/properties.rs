//! Whatever documents Flow sends, and however they are batched, what is stored is what
//! serde_json writes of them.
//!
//! Every run goes through the same cases. `PROPTEST_CASES=10000 PROPTEST_RNG_SEED=7` looks
//! for more of them; one that fails is kept in `tests/properties.regressions`.

use crate::support::local::Local;
use crate::support::pack::{pack_double, pack_integer, pack_string};
use crate::support::task::{
    acknowledge, apply, binding, configured, endpoint, flush, open, start_commit, task,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use materialize_rockset::driver::{self, Limits, Options};
use materialize_rockset::flow::codec::{FrameReader, FrameWriter};
use materialize_rockset::flow::materialize::request::Store;
use materialize_rockset::flow::spec::{FieldSelection, MaterializationSpec};
use materialize_rockset::flow::{Codec, Request, Response, materialize};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, FileFailurePersistence, RngSeed};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tokio::io::DuplexStream;

/// All that a session depends on.
#[derive(Debug, Clone)]
struct Plan {
    codec: Codec,
    /// How many bytes are on their way at once, and so where frames are cut.
    pipe: usize,
    limits: Limits,
    concurrency: u8,
    hard_delete: bool,
    bindings: Vec<BindingPlan>,
    /// Whether keys come in ascending order, binding by binding, as Flow stores them.
    ordered: bool,
    transactions: Vec<Vec<Visit>>,
}

#[derive(Debug, Clone)]
struct BindingPlan {
    id: Id,
    /// Names of fields, no two the same.
    names: Vec<String>,
    values: usize,
    document: bool,
    /// The keys that its documents may have.
    keys: Vec<Vec<Element>>,
}

/// Where the `_id` comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Id {
    PackedKey,
    /// `documentId: key`
    Key,
    /// The key is a field called `_id`.
    Selected,
}

/// Stores of a key within a transaction, which follow each other.
#[derive(Debug, Clone)]
struct Visit {
    binding: Index,
    key: Index,
    stores: Vec<StorePlan>,
}

#[derive(Debug, Clone)]
struct StorePlan {
    delete: bool,
    values: Vec<Element>,
    document: String,
}

/// An element of a packed tuple.
#[derive(Debug, Clone, PartialEq)]
enum Element {
    Null,
    Bool(bool),
    Integer(i128),
    Double(f64),
    Text(String),
    /// JSON text in a byte string.
    Json(String),
}

impl Element {
    fn pack(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.push(0x00),
            Self::Bool(value) => out.push(if *value { 0x27 } else { 0x26 }),
            Self::Integer(value) => pack_integer(*value, out),
            Self::Double(value) => pack_double(*value, out),
            Self::Text(text) => pack_string(0x02, text.as_bytes(), out),
            Self::Json(text) => pack_string(0x01, text.as_bytes(), out),
        }
    }

    /// As serde_json writes it.
    fn json(&self) -> String {
        let written = match self {
            Self::Null => serde_json::to_string(&()),
            Self::Bool(value) => serde_json::to_string(value),
            Self::Integer(value) => serde_json::to_string(value),
            Self::Double(value) => serde_json::to_string(value),
            Self::Text(text) => serde_json::to_string(text),
            Self::Json(text) => Ok(text.clone()),
        };
        written.unwrap()
    }
}

fn pack(elements: &[Element]) -> Vec<u8> {
    let mut out = Vec::new();
    elements.iter().for_each(|element| element.pack(&mut out));
    out
}

fn character() -> impl Strategy<Value = char> {
    prop_oneof![
        4 => prop::char::range(' ', '~'),
        2 => prop::char::range('\0', '\u{1f}'),
        2 => prop::sample::select(vec!['\0', '"', '\\', '/', '\u{7f}', '\u{2028}', '\u{feff}', 'é']),
        1 => prop::char::range('\u{10000}', '\u{10ffff}'),
        1 => any::<char>(),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        9 => vec(character(), 0..12),
        // Longer than what is looked at in one step.
        1 => vec(character(), 60..150),
    ]
    .prop_map(String::from_iter)
}

fn integer() -> impl Strategy<Value = i128> {
    prop_oneof![
        -300..300i128,
        any::<i64>().prop_map(i128::from),
        any::<u64>().prop_map(i128::from),
        any::<i128>(),
        // Where the width changes.
        (0..128u32, -1..=1i128, any::<bool>()).prop_map(|(bits, step, negative)| {
            let value = (1i128 << bits.min(126)) + step;
            if negative { -value } else { value }
        }),
    ]
}

fn double() -> impl Strategy<Value = f64> {
    let all = any::<u64>().prop_map(f64::from_bits).prop_filter("finite", |it| it.is_finite());
    prop_oneof![
        all,
        any::<i32>().prop_map(f64::from),
        (-1e6..1e6).prop_map(|it: f64| it),
        prop::sample::select(vec![0.0, -0.0, 5e-324, f64::MAX, f64::MIN, 1e16, 1e-7, 0.1]),
    ]
}

/// JSON as a tree, of some depth.
fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        double().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((text(), inner), 0..4).prop_map(|entries| entries.into_iter().collect()),
        ]
    })
}

/// JSON text, with white space and without.
fn json_text(tree: impl Strategy<Value = Value>) -> impl Strategy<Value = String> {
    (tree, any::<bool>()).prop_map(|(tree, is_pretty)| match is_pretty {
        true => serde_json::to_string_pretty(&tree).unwrap(),
        false => tree.to_string(),
    })
}

fn element() -> BoxedStrategy<Element> {
    let element = prop_oneof![
        1 => Just(Element::Null),
        1 => any::<bool>().prop_map(Element::Bool),
        2 => integer().prop_map(Element::Integer),
        2 => double().prop_map(Element::Double),
        4 => text().prop_map(Element::Text),
        2 => json_text(tree()).prop_map(Element::Json),
    ];
    element.boxed()
}

/// A text that is an `_id`, or a part of one. It tells from others, joined by colons.
fn id_text() -> impl Strategy<Value = String> {
    vec(character(), 1..8)
        .prop_map(|text| text.into_iter().map(|c| if c == ':' { ';' } else { c }).collect())
}

fn keys(id: Id, parts: usize) -> BoxedStrategy<Vec<Vec<Element>>> {
    let element = match id {
        Id::PackedKey => element().boxed(),
        Id::Selected => id_text().prop_map(Element::Text).boxed(),
        Id::Key => prop_oneof![
            any::<bool>().prop_map(Element::Bool),
            integer().prop_map(Element::Integer),
            id_text().prop_map(Element::Text),
        ]
        .boxed(),
    };
    vec(vec(element, parts), 1..8).boxed()
}

fn binding_plan() -> impl Strategy<Value = BindingPlan> {
    let id = prop::sample::select(vec![Id::PackedKey, Id::PackedKey, Id::Key, Id::Selected]);
    (id, 1..4usize, 0..5usize, any::<bool>())
        .prop_flat_map(|(id, parts, values, document)| {
            let parts = if id == Id::Selected { 1 } else { parts };
            // Two that are the same lose one below.
            let names = vec(text(), parts + values + 1);
            (Just((id, parts, values, document)), names, keys(id, parts))
        })
        .prop_map(|((id, parts, values, document), names, keys)| {
            let mut seen = BTreeSet::new();
            let names = names.into_iter().enumerate().map(|(index, name)| match name.as_str() {
                _ if id == Id::Selected && index == 0 => "_id".to_string(),
                "" | "_id" | "_meta" | "_event_time" => format!("{name}{index}"),
                _ => name,
            });
            let names: Vec<String> = names
                .enumerate()
                .map(|(index, name)| match seen.insert(name.clone()) {
                    true => name,
                    false => format!("{name} {index}"),
                })
                .collect();
            // Keys that have one `_id` are one document.
            let mut ids = BTreeSet::new();
            let mut plan = BindingPlan { id, names, values, document, keys: Vec::new() };
            plan.keys = keys.into_iter().filter(|key| ids.insert(plan.id_of(key))).collect();
            assert_eq!(plan.names.len(), parts + values + 1);
            plan
        })
}

fn visit() -> impl Strategy<Value = Visit> {
    let document = vec((text(), tree()), 0..4).prop_map(|it| it.into_iter().collect::<Value>());
    // In the JSON codec, it has to be on one line.
    let document = document.prop_map(|document| document.to_string());
    let store = (prop::bool::weighted(0.2), vec(element(), 5), document)
        .prop_map(|(delete, values, document)| StorePlan { delete, values, document })
        .boxed();
    let stores = prop_oneof![4 => vec(store.clone(), 1), 1 => vec(store, 2..4)];
    (any::<Index>(), any::<Index>(), stores).prop_map(|(binding, key, stores)| Visit {
        binding,
        key,
        stores,
    })
}

fn plan() -> impl Strategy<Value = Plan> {
    // A body without documents has 11 bytes.
    let limits = (
        prop_oneof![12..400usize, Just(4usize << 20)],
        prop_oneof![1..6usize, Just(20_000usize)],
        prop_oneof![12..400usize, Just(16usize << 20)],
    )
        .prop_map(|(bytes, documents, open)| Limits { bytes, documents, open });
    (
        prop::sample::select(vec![Codec::Proto, Codec::Json]),
        prop::sample::select(vec![1, 7, 64, 4096, 1 << 20]),
        limits,
        1..9u8,
        any::<bool>(),
        vec(binding_plan(), 1..4),
        (any::<bool>(), vec(vec(visit(), 0..12), 1..4)),
    )
        .prop_map(|(codec, pipe, limits, concurrency, hard_delete, bindings, visits)| {
            let (ordered, transactions) = visits;
            Plan { codec, pipe, limits, concurrency, hard_delete, bindings, ordered, transactions }
        })
}

/// A binding, a key of it, and what is stored of that.
type Visited<'a> = (usize, &'a [Element], &'a [StorePlan]);

/// The JSON text of each field.
type Document = BTreeMap<String, String>;

impl BindingPlan {
    fn parts(&self) -> usize {
        self.names.len() - self.values - 1
    }

    fn id_of(&self, key: &[Element]) -> String {
        let plain = |element: &Element| match element {
            Element::Text(text) => text.clone(),
            other => other.json(),
        };
        match self.id {
            Id::PackedKey => STANDARD_NO_PAD.encode(pack(key)),
            Id::Key | Id::Selected => key.iter().map(plain).collect::<Vec<_>>().join(":"),
        }
    }

    fn selection(&self) -> FieldSelection {
        let (parts, values) = (self.parts(), self.values);
        FieldSelection {
            keys: self.names[..parts].to_vec(),
            values: self.names[parts..parts + values].to_vec(),
            document: if self.document {
                self.names[parts + values].clone()
            } else {
                String::new()
            },
            ..FieldSelection::default()
        }
    }

    /// The JSON text of each field.
    fn document(&self, key: &[Element], store: &StorePlan) -> Document {
        let elements = key.iter().chain(&store.values[..self.values]);
        let mut document: Document =
            self.names.iter().cloned().zip(elements.map(Element::json)).collect();
        if self.document {
            document.insert(self.names[self.names.len() - 1].clone(), store.document.clone());
        }
        document.insert("_id".to_string(), Value::from(self.id_of(key)).to_string());
        document
    }
}

impl Plan {
    fn task(&self, url: &str) -> MaterializationSpec {
        let bindings = self.bindings.iter().enumerate().map(|(index, plan)| {
            let FieldSelection { keys, values, .. } = plan.selection();
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            let mut binding = binding("commons", &format!("c{index}"), &keys, &values);
            binding.field_selection = Some(plan.selection());
            let id = if plan.id == Id::Key { "key" } else { "packedKey" };
            configured(binding, json!({ "documentId": id }))
        });
        let mut task = task(url, bindings.collect());
        let mut config = endpoint(url);
        config["max_concurrent_requests"] = json!(self.concurrency);
        config["hardDelete"] = json!(self.hard_delete);
        task.config_json = config.to_string().into();
        task
    }

    /// The transactions.
    fn visits<'a>(&'a self) -> Vec<Vec<Visited<'a>>> {
        let transaction = |visits: &'a Vec<Visit>| {
            let visits = visits.iter().map(|visit| {
                let binding = visit.binding.index(self.bindings.len());
                let keys = &self.bindings[binding].keys;
                (binding, visit.key.get(keys).as_slice(), visit.stores.as_slice())
            });
            let mut visits: Vec<Visited<'_>> = visits.collect();
            if self.ordered {
                visits.sort_by_key(|(binding, key, _)| (*binding, pack(key)));
            }
            visits
        };
        self.transactions.iter().map(transaction).collect()
    }

    /// What each collection is to hold, by `_id`.
    fn expected(&self) -> Vec<BTreeMap<String, Document>> {
        let mut collections = vec![BTreeMap::new(); self.bindings.len()];
        for (index, key, stores) in self.visits().into_iter().flatten() {
            let binding = &self.bindings[index];
            for store in stores {
                match self.hard_delete && store.delete {
                    true => collections[index].remove(&binding.id_of(key)),
                    false => {
                        collections[index].insert(binding.id_of(key), binding.document(key, store))
                    }
                };
            }
        }
        collections
    }

    /// Runs the driver through the whole session.
    async fn run(&self, url: &str) {
        let (ours, input) = tokio::io::duplex(self.pipe);
        let (output, theirs) = tokio::io::duplex(self.pipe);
        let options = Options { limits: self.limits, ..Options::default() };
        let driver = tokio::spawn(driver::run_with(input, output, self.codec, options));
        let mut runtime = Runtime {
            requests: FrameWriter::new(ours, self.codec),
            responses: FrameReader::new(theirs, self.codec),
        };
        let task = self.task(url);
        if runtime.session(&task, self).await.is_none() {
            panic!("the driver ended: {:?}", driver.await);
        }
        drop(runtime);
        driver.await.unwrap().unwrap();
    }
}

/// The runtime's end of a session. What can't be done says that the driver has ended.
struct Runtime {
    requests: FrameWriter<DuplexStream>,
    responses: FrameReader<DuplexStream>,
}

impl Runtime {
    async fn session(&mut self, task: &MaterializationSpec, plan: &Plan) -> Option<()> {
        self.ask(apply(task), "Applied").await?;
        self.ask(open(task), "Opened").await?;
        for visits in plan.visits() {
            self.ask(acknowledge(), "Acknowledged").await?;
            self.ask(flush(), "Flushed").await?;
            for (binding, key, stores) in visits {
                for store in stores {
                    self.send(request(plan, binding, key, store)).await?;
                }
            }
            self.ask(start_commit(), "StartedCommit").await?;
        }
        Some(())
    }

    async fn send(&mut self, request: Request) -> Option<()> {
        self.requests.write("Request", &materialize::Request::from(request)).await.ok()
    }

    async fn ask(&mut self, request: Request, expected: &str) -> Option<()> {
        self.send(request).await?;
        let frame = self.responses.next().await.ok()??;
        let response: materialize::Response =
            self.responses.codec().decode("Response", frame).unwrap();
        assert_eq!(Response::try_from(response).unwrap().name(), expected);
        Some(())
    }
}

fn request(plan: &Plan, binding: usize, key: &[Element], store: &StorePlan) -> Request {
    let values = &store.values[..plan.bindings[binding].values];
    Request::Store(Store {
        binding: binding as u32,
        key_packed: pack(key).into(),
        values_packed: pack(values).into(),
        doc_json: store.document.clone().into(),
        exists: store.delete,
        delete: store.delete,
        ..Store::default()
    })
}

/// The documents of a collection, each field as the text that was sent.
async fn stored(local: &Local, collection: usize) -> BTreeMap<String, Document> {
    #[derive(Deserialize)]
    struct Page {
        data: Vec<BTreeMap<String, Box<RawValue>>>,
        next: Option<String>,
    }
    let path = format!("/local/ws/commons/collections/c{collection}/docs?limit=1000");
    let answer = local.request(reqwest::Method::GET, &path).send().await.unwrap();
    let text = answer.text().await.unwrap();
    let page: Page = serde_json::from_str(&text).unwrap();
    assert_eq!(page.next, None);
    let documents = page.data.into_iter().map(|mut fields| {
        fields.remove("_meta");
        fields.remove("_event_time");
        let id = serde_json::from_str(fields["_id"].get()).unwrap();
        (id, fields.into_iter().map(|(name, json)| (name, json.get().to_string())).collect())
    });
    documents.collect()
}

fn config() -> Config {
    let regressions = FileFailurePersistence::Direct("tests/properties.regressions");
    let mut config =
        Config { failure_persistence: Some(Box::new(regressions)), ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 80;
    }
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(1);
    }
    config
}

#[test]
fn what_is_stored_is_what_was_sent() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    proptest!(config(), |(plan in plan())| {
        let (expected, found) = runtime.block_on(async {
            let local = Local::start();
            plan.run(&local.server.url()).await;
            let mut found = Vec::new();
            for index in 0..plan.bindings.len() {
                found.push(stored(&local, index).await);
            }
            (plan.expected(), found)
        });
        prop_assert_eq!(found, expected);
    });
}
