//! Combining: the documents of a transaction, one for each binding and key.

use super::arena::Arena;
use super::extract::{self, Extractor};
use super::fixture::{Fixture, Line};
use super::key_range;
use super::source::Filter;
use crate::flow::spec::{Projection, materialization_spec};
use crate::preview::Error;
use crate::preview::catalog::Collection;
use crate::preview::output::report::Progress;
use crate::preview::reduce::plan::Plan;
use crate::preview::reduce::{self, Failure};
use crate::preview::runtime::checkpoint::{self, PRODUCER};
use crate::preview::schema::projections::UUID_POINTER;
use bytes::Bytes;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tokio::sync::mpsc;
use uuid::Uuid;

/// A binding, ready to combine and to store.
#[derive(Debug)]
pub struct BindingPlan {
    pub collection: Arc<Collection>,
    pub keys: Vec<Extractor>,
    pub values: Vec<Extractor>,
    pub selects_document: bool,
    pub delta_updates: bool,
    /// Its name in checkpoints.
    pub source: String,
    /// Which documents it reads.
    filter: Arc<Filter>,
    plan: Arc<Plan>,
    is_associative: bool,
}

/// One document, as it is going to be stored.
#[derive(Debug)]
pub struct Entry {
    pub binding: u32,
    pub key: Bytes,
    pub packed: Packed,
    /// Later documents of the key, as JSON, to be reduced into what comes before them.
    pub rest: Vec<Bytes>,
    /// Whether the key is to be deleted.
    pub is_deletion: bool,
    /// Whether the document follows a deletion, and owes nothing to what was before.
    pub is_fresh: bool,
    /// Whether the endpoint holds the key already.
    pub exists: bool,
}

/// A document as bytes, which take less memory than the document.
#[derive(Debug, Default)]
pub struct Packed {
    /// The tuple of the selected values.
    pub values: Bytes,
    /// The whole document, as JSON.
    pub json: Bytes,
}

impl Packed {
    /// The document.
    pub fn document(&self) -> Value {
        parsed(&self.json)
    }
}

/// The combined documents of a transaction.
#[derive(Debug, Default)]
pub struct Transaction {
    /// For each shard its own, sorted by binding and key.
    pub shards: Vec<Vec<Entry>>,
    /// How many documents were read.
    pub documents: u64,
    /// The length of their lines.
    pub bytes: u64,
    /// How many documents were of collections that the task doesn't read.
    pub ignored: u64,
    /// How many documents no binding's source takes.
    pub left_out: u64,
    /// Of each binding that read documents, where it goes on.
    pub read_through: BTreeMap<usize, u64>,
}

impl Transaction {
    /// How many documents were read that nobody takes.
    fn passed_by(&self) -> u64 {
        self.ignored + self.left_out
    }
}

/// Where to read a fixture from.
#[derive(Debug, Clone)]
pub struct Begin {
    /// Of each binding, the offset of the first document of its collection that it reads.
    pub positions: Vec<u64>,
    /// Whether the fixture was read before: transactions before the first document aren't
    /// run once more, though they be empty.
    pub is_again: bool,
}

impl BindingPlan {
    /// Plans all bindings of a task, each collection once.
    pub fn all(
        collections: &[Arc<Collection>],
        filters: &[Arc<Filter>],
        bindings: &[materialization_spec::Binding],
    ) -> Result<Vec<Self>, Error> {
        let mut plans: HashMap<&str, Arc<Plan>> = HashMap::new();
        let mut planned = Vec::new();
        for ((collection, filter), binding) in collections.iter().zip(filters).zip(bindings) {
            let plan = match plans.get(collection.name.as_str()) {
                Some(plan) => Arc::clone(plan),
                None => Arc::new(Plan::compile(&collection.schema).map_err(|reason| {
                    Error::Collection { collection: collection.name.clone(), reason }
                })?),
            };
            plans.insert(&collection.name, Arc::clone(&plan));

            let selection = binding.field_selection.clone().unwrap_or_default();
            let projections = binding
                .collection
                .as_ref()
                .map(|spec| spec.projections.as_slice())
                .unwrap_or_default();
            planned.push(Self {
                collection: Arc::clone(collection),
                keys: extractors(&selection.keys, projections),
                values: extractors(&selection.values, projections),
                selects_document: !selection.document.is_empty(),
                delta_updates: binding.delta_updates,
                source: checkpoint::source(&collection.name, &binding.journal_read_suffix),
                filter: Arc::clone(filter),
                is_associative: plan.is_associative(),
                plan,
            });
        }
        Ok(planned)
    }

    /// Packs a document.
    pub fn pack(&self, document: &Value, arena: &mut Arena) -> Packed {
        let values = arena.write(|out| extract::pack(&self.values, document, out));
        let json = arena.write(|out| {
            // Writing a value to memory can't fail.
            let _ = serde_json::to_writer(out, document);
        });
        Packed { values, json }
    }

    /// Reduces a later document into an earlier one; `full` if nothing comes before that.
    pub fn reduce(&self, left: Value, right: Value, full: bool) -> Result<Value, Error> {
        reduce::reduce(&self.plan, left, right, full).map_err(|failure| self.failed(failure))
    }

    /// Reduces all documents of an entry, after what the endpoint holds of it.
    pub fn settle(&self, entry: &mut Entry, before: Option<Value>) -> Result<(), Error> {
        let mut document = entry.packed.document();
        if let Some(before) = before.filter(|_| !entry.is_fresh) {
            document = self.reduce(before, document, true)?;
        }
        for later in entry.rest.drain(..) {
            document = self.reduce(document, parsed(&later), true)?;
        }
        entry.packed = self.pack(&document, &mut Arena::default());
        Ok(())
    }

    fn failed(&self, failure: Failure) -> Error {
        let (pointer, reason) = match failure {
            Failure::Impossible { pointer, reason } => (pointer, reason),
            Failure::NotAssociative => (String::new(), "it is not associative".to_string()),
        };
        Error::Reduce { collection: self.collection.name.clone(), pointer, reason }
    }
}

/// A document of this program's own making.
fn parsed(json: &[u8]) -> Value {
    serde_json::from_slice(json).unwrap_or_default()
}

fn extractors(fields: &[String], projections: &[Projection]) -> Vec<Extractor> {
    let find = |field: &String| projections.iter().find(|projection| projection.field == *field);
    fields.iter().filter_map(find).map(Extractor::new).collect()
}

/// Reads a fixture to its end and hands over its transactions. One whose documents have
/// all been read before is left out.
pub fn read(
    mut fixture: Fixture,
    bindings: Arc<[BindingPlan]>,
    begin: Begin,
    shards: u32,
    progress: &Progress,
    transactions: &mpsc::Sender<Result<Transaction, Error>>,
) {
    let mut keeps_empty = !begin.is_again;
    let mut is_first = keeps_empty;
    let mut combiner = Combiner::new(bindings, begin.positions, shards);
    loop {
        let is_last = match fixture.next() {
            Ok(Some(Line::Document { collection, document, bytes })) => {
                progress.document();
                if let Err(error) = combiner.add(&collection, document, bytes, &fixture) {
                    let _ = transactions.blocking_send(Err(error));
                    return;
                }
                continue;
            }
            Ok(Some(Line::Commit)) => false,
            Ok(None) => true,
            Err(error) => {
                let _ = transactions.blocking_send(Err(error));
                return;
            }
        };
        let skipped = std::mem::take(&mut combiner.skipped);
        progress.skipped(skipped);
        let transaction = &combiner.transaction;
        let is_due = match (transaction.documents, skipped, is_last) {
            (1.., _, _) => true,
            (0, 1.., _) => false,
            // An empty transaction is one, and an empty fixture is one empty transaction.
            (0, 0, false) => keeps_empty,
            (0, 0, true) => is_first || keeps_empty && transaction.passed_by() > 0,
        };
        is_first = false;
        if is_due {
            keeps_empty = true;
            if transactions.blocking_send(Ok(combiner.finish())).is_err() {
                return;
            }
        }
        if is_last {
            return;
        }
    }
}

/// The documents of a key.
struct Held {
    first: Content,
    /// Those that can't be reduced into the one before yet.
    rest: Vec<Value>,
    is_deletion: bool,
    is_fresh: bool,
}

/// Most keys come once in a transaction, and are packed right away.
enum Content {
    Once(Packed),
    Reduced(Value),
}

impl Content {
    fn take(&mut self) -> Value {
        match self {
            Self::Once(packed) => packed.document(),
            Self::Reduced(document) => document.take(),
        }
    }

    fn pack(self, plan: &BindingPlan, arena: &mut Arena) -> Packed {
        match self {
            Self::Once(packed) => packed,
            Self::Reduced(document) => plan.pack(&document, arena),
        }
    }
}

impl Held {
    fn add(&mut self, plan: &BindingPlan, document: Value, arena: &mut Arena) -> Result<(), Error> {
        if !plan.plan.reduces() {
            self.first = Content::Once(plan.pack(&document, arena));
            return Ok(());
        }
        // What is going to be reduced into the endpoint's is reduced into the first one then.
        if self.rest.is_empty() && !plan.delta_updates {
            self.rest.push(document);
            return Ok(());
        }
        let left = self.rest.last_mut().map_or_else(|| self.first.take(), Value::take);
        let spare = (!plan.is_associative).then(|| (left.clone(), document.clone()));
        match (reduce::reduce(&plan.plan, left, document, false), spare) {
            (Ok(reduced), _) => self.put_last(reduced),
            (Err(Failure::NotAssociative), Some((left, document))) => {
                self.put_last(left);
                self.rest.push(document);
            }
            (Err(failure), _) => return Err(plan.failed(failure)),
        }
        Ok(())
    }

    fn put_last(&mut self, document: Value) {
        match self.rest.last_mut() {
            Some(last) => *last = document,
            None => self.first = Content::Reduced(document),
        }
    }

    /// Those of a binding with delta updates are stored one by one.
    fn into_entries(
        self,
        (binding, plan): (u32, &BindingPlan),
        key: Bytes,
        arena: &mut Arena,
        entries: &mut Vec<Entry>,
    ) {
        let Self { first, rest, is_deletion, is_fresh } = self;
        let packed = first.pack(plan, arena);
        let entry = |packed, rest, is_deletion| {
            let key = key.clone();
            Entry { binding, key, packed, rest, is_deletion, is_fresh, exists: false }
        };
        if !plan.delta_updates {
            let json = |document| plan.pack(&document, arena).json;
            entries.push(entry(packed, rest.into_iter().map(json).collect(), is_deletion));
            return;
        }
        entries.push(entry(packed, Vec::new(), is_deletion && rest.is_empty()));
        for document in rest {
            entries.push(entry(plan.pack(&document, arena), Vec::new(), is_deletion));
        }
    }
}

/// The open transaction.
struct Combiner {
    bindings: Arc<[BindingPlan]>,
    /// By collection.
    journals: HashMap<String, Journal>,
    /// Of each binding, the first offset that it reads.
    positions: Vec<u64>,
    /// How many documents bindings didn't read, since this was looked at.
    skipped: u64,
    /// By shard, then by binding, then by packed key.
    open: Vec<Vec<HashMap<Bytes, Held>>>,
    transaction: Transaction,
    key: Vec<u8>,
    arena: Arena,
}

/// What a collection's documents in the fixture stand for.
#[derive(Debug, Default)]
struct Journal {
    /// Of the next document.
    offset: u64,
    /// Who reads it.
    bindings: Vec<usize>,
}

impl Combiner {
    fn new(bindings: Arc<[BindingPlan]>, positions: Vec<u64>, shards: u32) -> Self {
        let mut journals: HashMap<String, Journal> = HashMap::new();
        for (index, binding) in bindings.iter().enumerate() {
            let journal = journals.entry(binding.collection.name.clone()).or_default();
            journal.bindings.push(index);
        }
        let empty = || bindings.iter().map(|_| HashMap::new()).collect();
        let open = (0..shards).map(|_| empty()).collect();
        Self {
            bindings,
            journals,
            positions,
            skipped: 0,
            open,
            transaction: Transaction::default(),
            key: Vec::new(),
            arena: Arena::default(),
        }
    }

    /// The bindings that read a document, and those that have read it before are counted.
    /// None, if its collection isn't read at all.
    fn readers(&mut self, collection: &str) -> Option<Vec<usize>> {
        let journal = self.journals.get_mut(collection)?;
        let (offset, positions) = (journal.offset, &self.positions);
        let is_due = |index: &usize| positions.get(*index).is_none_or(|from| offset >= *from);
        let readers: Vec<usize> = journal.bindings.iter().copied().filter(is_due).collect();
        self.skipped += (journal.bindings.len() - readers.len()) as u64;
        journal.offset += 1;
        for index in &readers {
            self.transaction.read_through.insert(*index, journal.offset);
        }
        Some(readers)
    }

    fn add(
        &mut self,
        collection: &str,
        mut document: Value,
        bytes: u64,
        fixture: &Fixture,
    ) -> Result<(), Error> {
        let Some(readers) = self.readers(collection) else {
            self.transaction.ignored += 1;
            return Ok(());
        };
        if readers.is_empty() {
            return Ok(());
        }
        identify(&mut document).map_err(|e| fixture.error(format!("{collection}: {e}")))?;
        let mut takers = readers;
        takers.retain(|index| self.bindings[*index].filter.takes(&document));
        let Some((last, others)) = takers.split_last() else {
            self.transaction.left_out += 1;
            return Ok(());
        };
        let violations = self.bindings[*last].collection.schema.violations(&document);
        if !violations.is_empty() {
            let violations = violations.join("; ");
            return Err(fixture.error(format!(
                "the document is not valid by the schema of {collection}: {violations}"
            )));
        }
        self.transaction.documents += 1;
        self.transaction.bytes += bytes;
        for binding in others {
            self.combine(*binding, document.clone(), fixture)?;
        }
        self.combine(*last, document, fixture)
    }

    fn combine(&mut self, index: usize, document: Value, fixture: &Fixture) -> Result<(), Error> {
        let binding = &self.bindings[index];
        self.key.clear();
        extract::pack(&binding.keys, &document, &mut self.key);
        let shard = key_range::shard_of(&self.key, self.open.len());
        let is_deletion = binding.plan.is_deletion(&document);

        let open = &mut self.open[shard][index];
        let Some(held) = open.get_mut(self.key.as_slice()) else {
            let first = Content::Once(binding.pack(&document, &mut self.arena));
            let held = Held { first, rest: Vec::new(), is_deletion, is_fresh: false };
            let key = self.arena.write(|out| out.extend_from_slice(&self.key));
            open.insert(key, held);
            return Ok(());
        };
        if held.is_deletion {
            held.first = Content::Once(binding.pack(&document, &mut self.arena));
            held.rest.clear();
            held.is_fresh = true;
        } else {
            let added = held.add(binding, document, &mut self.arena);
            added.map_err(|e| fixture.error(e.to_string()))?;
        }
        held.is_deletion = is_deletion;
        Ok(())
    }

    /// Ends the transaction and begins the next one.
    fn finish(&mut self) -> Transaction {
        let mut transaction = std::mem::take(&mut self.transaction);
        let arena = &mut self.arena;
        for bindings in &mut self.open {
            let mut stores = Vec::with_capacity(bindings.iter().map(HashMap::len).sum());
            for ((index, plan), held) in (0..).zip(self.bindings.iter()).zip(bindings) {
                let mut held: Vec<(Bytes, Held)> = held.drain().collect();
                held.sort_unstable_by(|a, b| a.0.cmp(&b.0));
                for (key, held) in held {
                    held.into_entries((index, plan), key, arena, &mut stores);
                }
            }
            transaction.shards.push(stores);
        }
        transaction
    }
}

/// Gives a document the identifier that Flow would have given it.
fn identify(document: &mut Value) -> Result<(), String> {
    let Value::Object(root) = document else { return Err("the document is no object".to_string()) };
    match root.entry("_meta").or_insert_with(|| json!({})) {
        Value::Object(meta) => {
            meta.entry("uuid")
                .or_insert_with(|| Value::String(Uuid::now_v1(&PRODUCER).to_string()));
            Ok(())
        }
        _ => Err(format!("\"_meta\" must be an object, to hold {UUID_POINTER}")),
    }
}
