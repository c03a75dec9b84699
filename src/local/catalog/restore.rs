//! The catalog that an earlier process has left, or that another process writes.

use super::kept::{self, KeptCollection};
use super::{COMMONS, CREATOR, Catalog, Definition, Transformation};
use crate::local::error::ApiError;
use crate::local::journal::{Change, Follower, Journal, Recovered};
use crate::rockset::types::FieldMappingQuery;
use std::time::Duration;

/// Plans the SQL of an ingest transformation.
pub(in crate::local) type Plan =
    fn(Option<&FieldMappingQuery>) -> Result<Option<Transformation>, ApiError>;

impl Catalog {
    /// The catalog that was recovered, whose changes the journal makes durable. An error names what
    /// can't be read. Needs stack for deep SQL.
    pub(in crate::local) fn restored(
        ready_after: Duration,
        journal: Journal,
        recovered: &Recovered,
        plan: Plan,
    ) -> Result<Self, String> {
        let mut catalog = Self::new(ready_after).within(recovered.memory.clone());
        catalog.sizes = Some(journal.sizes().clone());
        catalog.replicas = Some(journal.replicas().clone());
        catalog.journal = Some(journal);
        catalog.recover(recovered, plan)?;
        catalog.keep_first(recovered);
        Ok(catalog)
    }

    /// The catalog that was recovered, and that another process changes.
    pub(in crate::local) fn replica(
        ready_after: Duration,
        follower: &Follower,
        recovered: &Recovered,
        plan: Plan,
    ) -> Result<Self, String> {
        let mut catalog = Self::new(ready_after).within(recovered.memory.clone());
        catalog.sizes = Some(follower.sizes().clone());
        catalog.replicas = Some(follower.replicas());
        catalog.following = Some(follower.following());
        catalog.recover(recovered, plan)?;
        Ok(catalog)
    }

    /// Tells replicas where this server takes writes.
    pub(in crate::local) fn advertise(&self, url: &str) {
        let before = self.writer.write().replace(url.to_string());
        if before.as_deref() != Some(url) {
            self.keep(|| Change::put(kept::WRITER, "", &url));
        }
    }

    /// Keeps what exists from the start, so that it is the same after the next one.
    fn keep_first(&self, recovered: &Recovered) {
        let is_new = |kind, key| recovered.texts(kind, key).next().is_none();
        if let Some(commons) = self.workspaces.read().get(COMMONS)
            && is_new(kept::WORKSPACE, COMMONS)
        {
            self.keep(|| Change::put(kept::WORKSPACE, COMMONS, commons));
        }
        let instances = self.instances.read();
        if let Some(main) = instances.values().find(|it| it.is_main())
            && is_new(kept::INSTANCE, &main.id)
        {
            self.keep(|| Change::put(kept::INSTANCE, &main.id, main));
        }
        if let Some(first) = self.access.read().users.get(CREATOR)
            && is_new(kept::USER, CREATOR)
        {
            self.keep(|| Change::put(kept::USER, CREATOR, first));
        }
    }
}

/// The transformation of a collection that was kept.
pub(super) fn transformation(
    kept: &KeptCollection<Definition>,
    plan: Plan,
) -> Result<Option<Transformation>, String> {
    let sql = kept.transformation.clone().map(|sql| FieldMappingQuery { sql: Some(sql) });
    plan(sql.as_ref()).map_err(|error| {
        let path = format!("{}.{}", kept.workspace, kept.definition.name);
        format!("the transformation of collection {path:?}: {}", error.message())
    })
}
