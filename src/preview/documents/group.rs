//! Groups: the documents of one key in a transaction.

use super::arena::Arena;
use super::binding::{BindingPlan, Partial};
use super::transaction::{Entry, Packed};
use crate::preview::Error;
use bytes::Bytes;
use serde_json::Value;

/// The documents of one key, reduced as far as is possible without the endpoint's document.
pub struct Group {
    first: Content,
    /// Later documents, which can't be reduced into the one before them yet.
    rest: Vec<Value>,
    is_deletion: bool,
    is_fresh: bool,
}

/// Most keys come once in a transaction. Their document is packed right away, which takes
/// less memory.
enum Content {
    Packed(Packed),
    Reduced(Value),
}

impl Group {
    /// A group of one document.
    pub fn new(binding: &BindingPlan, document: &Value, arena: &mut Arena) -> Self {
        Self {
            first: Content::Packed(binding.pack(document, arena)),
            rest: Vec::new(),
            is_deletion: binding.is_deletion(document),
            is_fresh: false,
        }
    }

    /// Adds a later document. After a deletion the group begins again.
    pub fn add(
        &mut self,
        binding: &BindingPlan,
        document: Value,
        arena: &mut Arena,
    ) -> Result<(), Error> {
        if self.is_deletion {
            *self = Self { is_fresh: true, ..Self::new(binding, &document, arena) };
            return Ok(());
        }
        self.is_deletion = binding.is_deletion(&document);
        self.combine(binding, document, arena)
    }

    fn combine(
        &mut self,
        binding: &BindingPlan,
        document: Value,
        arena: &mut Arena,
    ) -> Result<(), Error> {
        if !binding.reduces() {
            self.first = Content::Packed(binding.pack(&document, arena));
            return Ok(());
        }
        // `BindingPlan::settle` reduces the first document into the endpoint's before all others.
        if self.rest.is_empty() && !binding.delta_updates {
            self.rest.push(document);
            return Ok(());
        }
        match binding.reduce_partially(self.take_last(), document)? {
            Partial::One(reduced) => self.put_last(reduced),
            Partial::Two(left, right) => {
                self.put_last(left);
                self.rest.push(right);
            }
        }
        Ok(())
    }

    fn take_last(&mut self) -> Value {
        self.rest.last_mut().map_or_else(|| self.first.take(), Value::take)
    }

    fn put_last(&mut self, document: Value) {
        match self.rest.last_mut() {
            Some(last) => *last = document,
            None => self.first = Content::Reduced(document),
        }
    }

    /// Appends the group's entries: one, or, with delta updates, one for each document left.
    pub fn drain_into(
        self,
        (index, binding): (u32, &BindingPlan),
        key: Bytes,
        arena: &mut Arena,
        entries: &mut Vec<Entry>,
    ) {
        let Self { first, rest, is_deletion, is_fresh } = self;
        let packed = first.pack(binding, arena);
        let entry = |packed, rest, is_deletion| {
            let key = key.clone();
            Entry { binding: index, key, packed, rest, is_deletion, is_fresh, exists: false }
        };
        if !binding.delta_updates {
            let json = |document| binding.pack(&document, arena).json;
            entries.push(entry(packed, rest.into_iter().map(json).collect(), is_deletion));
            return;
        }
        entries.push(entry(packed, Vec::new(), is_deletion && rest.is_empty()));
        for document in rest {
            entries.push(entry(binding.pack(&document, arena), Vec::new(), is_deletion));
        }
    }
}

impl Content {
    fn take(&mut self) -> Value {
        match self {
            Self::Packed(packed) => packed.document(),
            Self::Reduced(document) => document.take(),
        }
    }

    fn pack(self, binding: &BindingPlan, arena: &mut Arena) -> Packed {
        match self {
            Self::Packed(packed) => packed,
            Self::Reduced(document) => binding.pack(&document, arena),
        }
    }
}
