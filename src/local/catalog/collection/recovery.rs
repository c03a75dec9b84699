//! Collections that come back from the journal, and follow what another process writes there.

use super::{Collection, State};
use crate::local::catalog::definition::Definition;
use crate::local::catalog::kept::{self, KeptCollection};
use crate::local::catalog::source_entry::SourceEntry;
use crate::local::catalog::transformation::Transformation;
use crate::local::journal::{Journal, Recovered, Sizes, Written};
use crate::local::storage::Snapshot;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

impl Collection {
    /// The same collection in a store without a journal.
    pub(in crate::local::catalog) fn measured_by(self, sizes: Option<Sizes>) -> Self {
        Self { sizes, ..self }
    }

    /// A collection that an earlier process has left, without its documents.
    pub(in crate::local::catalog) fn restored(
        id: u64,
        kept: KeptCollection<Definition>,
        transformation: Option<Transformation>,
        ready_after: Duration,
        journal: Option<Journal>,
    ) -> Self {
        let KeptCollection { workspace, rrn, created_at, mut definition, .. } = kept;
        definition.description = kept.description;
        definition.transformation = transformation;
        let new = Self::new(&workspace, definition, ready_after, journal);
        new.state().sources = kept.sources.into_iter().map(SourceEntry::restored).collect();
        // It was ready before.
        let created = new.created.checked_sub(ready_after).unwrap_or(new.created);
        Self { id, rrn, created, created_at, ..new }
    }

    /// Takes over the documents and the progress of sources that were recovered.
    pub(in crate::local::catalog) fn recover(&self, state: &mut State, recovered: &Recovered) {
        let nothing = || Arc::new(Snapshot::new(recovered.memory.clone()));
        let documents = recovered.documents.get(&self.id);
        state.documents = documents.cloned().unwrap_or_else(nothing);
        for source in &mut state.sources {
            let id = source.shown.id.clone().unwrap_or_default();
            let begin = kept::object_key(self.id, &id, "");
            let objects = recovered.texts(kept::OBJECT, &begin);
            source.objects =
                objects.map(|(name, text)| (name.to_string(), text.to_string())).collect();
        }
        // What the journal knows is this.
        drop(self.kept(state));
    }

    /// Takes over what another process has changed, but for the documents.
    pub(in crate::local::catalog) fn take_over(
        &self,
        kept: KeptCollection<Definition>,
        transformation: Option<Transformation>,
    ) {
        let mut state = self.state();
        state.description = kept.description;
        state.transformation = transformation;
        state.sources = kept.sources.into_iter().map(SourceEntry::restored).collect();
    }

    /// Takes over documents that another process has written.
    pub(in crate::local::catalog) fn follow(&self, written: Written) -> Result<(), String> {
        let _turn = self.turn();
        if let Some(after) = written.onto(self.snapshot())? {
            let old = mem::replace(&mut self.state().documents, Arc::new(after));
            // To free it may take longer than the lock should be held.
            drop(old);
        }
        Ok(())
    }
}
