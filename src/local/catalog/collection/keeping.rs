//! What the journal keeps of a collection.

use super::{Collection, State};
use crate::local::catalog::kept::{self, KeptCollection};
use crate::local::catalog::source_entry::SourceEntry;
use crate::local::journal::{Change, Commit};

impl Collection {
    /// Hands the collection over to the journal, if that knows an older state.
    pub(in crate::local::catalog) fn keep(&self, state: &mut State) {
        if let (Some(journal), Some(change)) = (&self.journal, self.kept(state)) {
            journal.commit(change);
        }
    }

    /// The change by which the journal knows the collection.
    pub(super) fn kept(&self, state: &mut State) -> Option<Change> {
        self.journal.as_ref()?;
        let now = KeptCollection {
            workspace: self.workspace.clone(),
            rrn: self.rrn.clone(),
            created_at: self.created_at.clone(),
            definition: &self.definition,
            description: state.description.clone(),
            transformation: state.transformation.as_ref().map(|it| it.sql.clone()),
            sources: state.sources.iter().map(SourceEntry::kept).collect(),
        };
        let now = serde_json::to_string(&now).unwrap_or_default();
        if now == state.kept {
            return None;
        }
        state.kept.clone_from(&now);
        Some(Change::text(kept::COLLECTION, &kept::key(self.id), now))
    }

    /// Tells the journal that the collection is deleted.
    pub(super) fn forget(&self) {
        if let Some(journal) = &self.journal {
            let key = kept::key(self.id);
            let changes = vec![
                Change::delete(kept::COLLECTION, &key),
                Change::delete_all(kept::OBJECT, &format!("{key}/")),
            ];
            journal.commit(Commit { changes, dropped: Some(self.id), ..Commit::default() });
        }
    }
}
