//! Combining: the documents of a transaction, one for each binding and key.

use super::binding::BindingPlan;
use super::fixture::Fixture;
use super::journals::{Journals, Readers};
use super::memtable::MemTable;
use super::transaction::Transaction;
use crate::preview::Error;
use crate::preview::runtime::checkpoint::PRODUCER;
use crate::preview::schema::field::UUID_POINTER;
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// Combines the documents of the open transaction.
pub struct Combiner {
    bindings: Arc<[BindingPlan]>,
    journals: Journals,
    memtable: MemTable,
    /// The open transaction, as yet without its documents.
    open: Transaction,
    /// How many times a binding has skipped a document since `take_skipped`.
    skipped: u64,
}

impl Combiner {
    /// A combiner for a number of shards, with the first offset that each binding reads.
    pub fn new(bindings: Arc<[BindingPlan]>, positions: Vec<u64>, shards: u32) -> Self {
        Self {
            journals: Journals::new(&bindings, positions),
            memtable: MemTable::new(Arc::clone(&bindings), shards),
            bindings,
            open: Transaction::default(),
            skipped: 0,
        }
    }

    /// Adds the document that a fixture's last line holds.
    pub fn add(
        &mut self,
        collection: &str,
        mut document: Value,
        bytes: u64,
        fixture: &Fixture,
    ) -> Result<(), Error> {
        let Some(readers) = self.journals.next(collection) else {
            self.open.ignored += 1;
            return Ok(());
        };
        self.advance(&readers);
        if readers.bindings.is_empty() {
            return Ok(());
        }
        identify(&mut document).map_err(|e| fixture.error(format!("{collection}: {e}")))?;
        let mut takers = readers.bindings;
        takers.retain(|index| self.bindings[*index].filter.takes(&document));
        let Some((last, others)) = takers.split_last() else {
            self.open.left_out += 1;
            return Ok(());
        };
        self.validate(*last, &document).map_err(|e| fixture.error(e))?;
        self.open.documents += 1;
        self.open.bytes += bytes;
        for index in others {
            self.combine(*index, document.clone(), fixture)?;
        }
        self.combine(*last, document, fixture)
    }

    /// The open transaction, as yet without its documents.
    pub fn open(&self) -> &Transaction {
        &self.open
    }

    /// How many times a binding has skipped a document since this was asked.
    pub fn take_skipped(&mut self) -> u64 {
        std::mem::take(&mut self.skipped)
    }

    /// Ends the transaction and begins the next one.
    pub fn finish(&mut self) -> Transaction {
        let transaction = std::mem::take(&mut self.open);
        Transaction { shards: self.memtable.drain(), ..transaction }
    }

    fn advance(&mut self, readers: &Readers) {
        self.skipped += readers.skipped;
        for index in &readers.bindings {
            self.open.read_through.insert(*index, readers.read_through);
        }
    }

    /// Checks a document by its collection's schema.
    fn validate(&self, index: usize, document: &Value) -> Result<(), String> {
        let collection = &self.bindings[index].collection;
        let violations = collection.schema.violations(document);
        if violations.is_empty() {
            return Ok(());
        }
        Err(format!(
            "the document is not valid by the schema of {}: {}",
            collection.name,
            violations.join("; ")
        ))
    }

    fn combine(&mut self, index: usize, document: Value, fixture: &Fixture) -> Result<(), Error> {
        self.memtable.add(index, document).map_err(|e| fixture.error(e.to_string()))
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
