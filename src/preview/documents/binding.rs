//! Bindings: how each packs and reduces its documents.

use super::arena::Arena;
use super::extract::{self, Extractor};
use super::source::Filter;
use super::transaction::{Entry, Packed, parse};
use crate::flow::spec::{Projection, materialization_spec};
use crate::preview::Error;
use crate::preview::catalog::Collection;
use crate::preview::reduce::plan::Plan;
use crate::preview::reduce::{self, Failure};
use crate::preview::runtime::checkpoint;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// A binding, ready to combine and to store.
#[derive(Debug)]
pub struct BindingPlan {
    pub collection: Arc<Collection>,
    pub keys: Vec<Extractor>,
    pub values: Vec<Extractor>,
    pub selects_document: bool,
    pub delta_updates: bool,
    /// The source's name in checkpoints.
    pub source: String,
    /// Which documents the binding reads.
    pub filter: Arc<Filter>,
    plan: Arc<Plan>,
    is_associative: bool,
}

/// Two reduced documents, as long as the documents before them are unknown.
pub enum Partial {
    One(Value),
    /// The reduction isn't associative and has to wait.
    Two(Value, Value),
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
                None => Arc::new(compile(collection)?),
            };
            plans.insert(&collection.name, Arc::clone(&plan));
            planned.push(Self::new(collection, filter, binding, plan));
        }
        Ok(planned)
    }

    fn new(
        collection: &Arc<Collection>,
        filter: &Arc<Filter>,
        binding: &materialization_spec::Binding,
        plan: Arc<Plan>,
    ) -> Self {
        let selection = binding.field_selection.clone().unwrap_or_default();
        let spec = binding.collection.as_ref();
        let projections = spec.map(|spec| spec.projections.as_slice()).unwrap_or_default();
        Self {
            collection: Arc::clone(collection),
            keys: extractors(&selection.keys, projections),
            values: extractors(&selection.values, projections),
            selects_document: !selection.document.is_empty(),
            delta_updates: binding.delta_updates,
            source: checkpoint::source(&collection.name, &binding.journal_read_suffix),
            filter: Arc::clone(filter),
            is_associative: plan.is_associative(),
            plan,
        }
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

    /// Whether documents are reduced at all, and don't just replace each other.
    pub fn reduces(&self) -> bool {
        self.plan.reduces()
    }

    /// Whether a document deletes its key.
    pub fn is_deletion(&self, document: &Value) -> bool {
        self.plan.is_deletion(document)
    }

    /// Reduces a later document into an earlier one, which may have others before it.
    pub fn reduce_partially(&self, left: Value, right: Value) -> Result<Partial, Error> {
        let spare = (!self.is_associative).then(|| (left.clone(), right.clone()));
        match (reduce::reduce(&self.plan, left, right, false), spare) {
            (Ok(reduced), _) => Ok(Partial::One(reduced)),
            (Err(Failure::NotAssociative), Some((left, right))) => Ok(Partial::Two(left, right)),
            (Err(failure), _) => Err(self.failed(failure)),
        }
    }

    /// Reduces all documents of an entry, after the endpoint's document of its key.
    pub fn settle(&self, entry: &mut Entry, before: Option<Value>) -> Result<(), Error> {
        let mut document = entry.packed.document();
        if let Some(before) = before.filter(|_| !entry.is_fresh) {
            document = self.reduce(before, document)?;
        }
        for later in entry.rest.drain(..) {
            document = self.reduce(document, parse(&later))?;
        }
        entry.packed = self.pack(&document, &mut Arena::default());
        Ok(())
    }

    /// Reduces a later document into an earlier one, which has no others before it.
    fn reduce(&self, left: Value, right: Value) -> Result<Value, Error> {
        reduce::reduce(&self.plan, left, right, true).map_err(|failure| self.failed(failure))
    }

    fn failed(&self, failure: Failure) -> Error {
        let (pointer, reason) = match failure {
            Failure::Impossible { pointer, reason } => (pointer, reason),
            Failure::NotAssociative => (String::new(), "it is not associative".to_string()),
        };
        Error::Reduce { collection: self.collection.name.clone(), pointer, reason }
    }
}

fn compile(collection: &Collection) -> Result<Plan, Error> {
    Plan::compile(&collection.schema)
        .map_err(|reason| Error::Collection { collection: collection.name.clone(), reason })
}

fn extractors(fields: &[String], projections: &[Projection]) -> Vec<Extractor> {
    let find = |field: &String| projections.iter().find(|projection| projection.field == *field);
    fields.iter().filter_map(find).map(Extractor::new).collect()
}
