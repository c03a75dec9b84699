//! A workspace: a name space for collections, aliases and views, and another for query lambdas.

use super::alias::Alias;
use super::creator::Creator;
#[cfg(feature = "engine")]
use super::lambda::Lambda;
#[cfg(feature = "engine")]
use super::schedule::Schedule;
use super::view::View;
use super::{Collection, timestamp};
use crate::rockset::types;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Workspace {
    created_by: Option<String>,
    description: Option<String>,
    created_at: String,
    #[serde(skip)]
    pub(super) collections: BTreeMap<String, Arc<Collection>>,
    #[serde(skip)]
    pub(super) aliases: BTreeMap<String, Alias>,
    #[serde(skip)]
    pub(super) views: BTreeMap<String, View>,
    #[cfg(feature = "engine")]
    #[serde(skip)]
    pub(super) lambdas: BTreeMap<String, Lambda>,
    /// Schedules of query lambdas, by identifier.
    #[cfg(feature = "engine")]
    #[serde(skip)]
    pub(super) schedules: BTreeMap<String, Schedule>,
}

impl Workspace {
    pub(super) fn new(description: Option<String>, creator: Creator) -> Self {
        let created_by = Some(creator.email);
        Self {
            created_by,
            description,
            created_at: timestamp(),
            collections: BTreeMap::new(),
            aliases: BTreeMap::new(),
            views: BTreeMap::new(),
            #[cfg(feature = "engine")]
            lambdas: BTreeMap::new(),
            #[cfg(feature = "engine")]
            schedules: BTreeMap::new(),
        }
    }

    /// The workspace that always exists, without a creator.
    pub(super) fn commons() -> Self {
        let description = Some("default workspace".to_string());
        Self { created_by: None, ..Self::new(description, Creator::default()) }
    }

    /// The workspace with what it held before.
    #[cfg(feature = "engine")]
    pub(super) fn with_content_of(self, before: Option<Self>) -> Self {
        let Some(before) = before else { return self };
        let Self { created_by, description, created_at, .. } = self;
        Self { created_by, description, created_at, ..before }
    }

    /// All collections, with those that are being deleted.
    pub(super) fn collections(&self) -> impl Iterator<Item = &Arc<Collection>> {
        self.collections.values().filter(|collection| !collection.is_gone())
    }

    /// Something that it holds, with its kind.
    pub(super) fn holds(&self) -> Option<String> {
        let collections = self.collections().map(|it| ("collection", it.name()));
        let aliases = self.aliases.keys().map(|name| ("alias", name.as_str()));
        let views = self.views.keys().map(|name| ("view", name.as_str()));
        let held = collections.chain(aliases).chain(views);
        #[cfg(feature = "engine")]
        let held = held
            .chain(self.lambdas.keys().map(|name| ("query lambda", name.as_str())))
            .chain(self.schedules.keys().map(|id| ("scheduled query lambda", id.as_str())));
        held.map(|(kind, name)| format!("{kind} {name:?}")).next()
    }

    pub(super) fn show(&self, name: &str) -> types::Workspace {
        types::Workspace {
            collection_count: i64::try_from(self.collections().count()).ok(),
            created_at: Some(self.created_at.clone()),
            created_by: self.created_by.clone(),
            description: self.description.clone(),
            name: Some(name.to_string()),
        }
    }
}
