//! A collection as the API shows it.

use super::Collection;
use crate::local::catalog::mount::Mount;
use crate::local::catalog::source_entry::SourceEntry;
use crate::rockset::types::{self, FieldMappingQuery};
use std::sync::atomic::Ordering;

impl Collection {
    /// The collection as the API shows it.
    pub fn show(&self) -> types::Collection {
        let mut stats = self.read().stats();
        if let Some(sizes) = &self.sizes {
            stats.total_size = i64::try_from(sizes.of(self.id)).ok();
        }
        stats.last_queried_ms = Some(self.queried.load(Ordering::Relaxed));
        let state = self.state();
        types::Collection {
            clustering_key: self.definition.clustering_key.clone(),
            created_at: Some(self.created_at.clone()),
            created_by: Some(self.definition.creator.email.clone()),
            created_by_apikey_name: Some(self.definition.creator.key.clone()),
            description: state.description.clone(),
            field_schemas: self.definition.field_schemas.clone(),
            field_mapping_query: state
                .transformation
                .as_ref()
                .map(|query| FieldMappingQuery { sql: Some(query.sql.clone()) }),
            insert_only: Some(self.definition.insert_only),
            name: Some(self.definition.name.clone()),
            read_only: Some(self.is_of_server),
            retention_secs: self.definition.retention_secs,
            rrn: Some(self.rrn.clone()),
            sources: state.sources.iter().map(SourceEntry::show).collect(),
            stats: Some(stats),
            status: Some(self.status(&state)),
            storage_type: Some("HOT".to_string()),
            storage_compression_type: Some(self.definition.compression.clone()),
            workspace: Some(self.workspace.clone()),
            ..types::Collection::default()
        }
    }

    /// Its mount on the main virtual instance, which exists as long as the collection does.
    pub(in crate::local::catalog) fn on_main(&self) -> Mount {
        let id = self.rrn.rsplit(':').next().unwrap_or_default().to_string();
        let queried = self.queried.load(Ordering::Relaxed);
        Mount::on_main(id, self.path(), self.id, &self.created_at, queried)
    }
}
