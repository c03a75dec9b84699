//! Contents of the organization: workspaces, their collections, integrations.

pub mod access;
mod alias;
mod aliases;
mod collection;
mod creator;
mod credentials;
#[cfg(feature = "engine")]
pub mod cron;
pub mod definition;
mod deployment;
pub mod durations;
pub mod event;
mod event_time;
mod events;
#[cfg(feature = "engine")]
mod follow;
mod integration;
mod integrations;
mod kept;
#[cfg(feature = "engine")]
pub mod lambda;
#[cfg(feature = "engine")]
mod lambdas;
mod mount;
mod mounts;
mod names;
#[cfg(feature = "engine")]
mod reading;
#[cfg(feature = "engine")]
mod resolve;
#[cfg(feature = "engine")]
mod restore;
#[cfg(feature = "engine")]
pub mod schedule;
#[cfg(feature = "engine")]
mod schedules;
pub mod source;
mod source_entry;
mod sources;
mod transformation;
mod view;
mod views;
pub mod virtual_instance;
mod virtual_instances;
mod workspace;

pub use collection::Collection;
pub use event_time::EventTimeSource;
pub use events::Events;
pub use integrations::Subscriber;
#[cfg(feature = "engine")]
pub use lambdas::Save;
#[cfg(feature = "engine")]
pub use reading::ReadState;
#[cfg(feature = "engine")]
pub use resolve::Meaning;
pub use source_entry::SourceEntry;
pub use transformation::{Group, Transform, Transformation, Transformed};

use super::error::ApiError;
use super::journal::{Change, Following, Journal};
#[cfg(feature = "engine")]
use super::journal::{Replicas, Sizes};
use super::storage::{Memory, Snapshot};
use crate::rockset::enums::ErrorType;
use crate::rockset::types::{self, CreateWorkspaceRequest};
use access::Access;
use creator::Creator;
use definition::{Definition, check_name};
use deployment::Deployment;
#[cfg(feature = "engine")]
use parking_lot::Mutex;
use parking_lot::RwLock;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
#[cfg(feature = "engine")]
use tokio::sync::Notify;
use virtual_instances::Instances;
use workspace::Workspace;

/// The user who always exists.
pub(super) const CREATOR: &str = "local@localhost";

/// External ID with which Rockset assumes roles in AWS; the organization has one.
pub(super) const EXTERNAL_ID: &str = "local-rockset";

/// Name of the API key of the start, which most things say that they are created with.
const KEY_NAME: &str = "local";

/// The workspace that always exists.
pub(super) const COMMONS: &str = "commons";

/// The collection of `commons` that tells what happens.
const EVENTS: &str = "_events";

/// Everything that exists, in memory. The journal, if there is one, makes changes durable.
#[derive(Debug)]
pub(super) struct Catalog {
    ready_after: Duration,
    /// The memory for documents.
    memory: Memory,
    journal: Option<Journal>,
    /// How far this process follows the one that writes, if it is a read replica.
    following: Option<Following>,
    /// The address of the server that writes to the store, if it is known.
    writer: RwLock<Option<String>>,
    /// How many bytes the store has of each collection, if there is one.
    #[cfg(feature = "engine")]
    sizes: Option<Sizes>,
    /// The replicas that follow the store, if there is one.
    #[cfg(feature = "engine")]
    replicas: Option<Replicas>,
    workspaces: RwLock<BTreeMap<String, Workspace>>,
    integrations: RwLock<BTreeMap<String, integration::StoredIntegration>>,
    instances: RwLock<Instances>,
    deployment: RwLock<Deployment>,
    access: RwLock<Access>,
    /// The log of what happens.
    events: Events,
    /// Statistics of query lambdas, by workspace and name.
    #[cfg(feature = "engine")]
    lambda_stats: Mutex<BTreeMap<(String, String), types::QueryLambdaStats>>,
    /// Wakes who waits for the next execution of a query lambda.
    #[cfg(feature = "engine")]
    schedules_changed: Arc<Notify>,
}

impl Catalog {
    pub(super) fn new(ready_after: Duration) -> Self {
        let events = Events::new();
        let mut commons = Workspace::commons();
        commons.collections.insert(EVENTS.to_string(), events.collection.clone());
        Self {
            ready_after,
            memory: Memory::default(),
            journal: None,
            following: None,
            writer: RwLock::default(),
            #[cfg(feature = "engine")]
            sizes: None,
            #[cfg(feature = "engine")]
            replicas: None,
            workspaces: RwLock::new(BTreeMap::from([(COMMONS.to_string(), commons)])),
            integrations: RwLock::default(),
            instances: RwLock::new(virtual_instances::first()),
            deployment: RwLock::default(),
            access: RwLock::new(Access::new()),
            events,
            #[cfg(feature = "engine")]
            lambda_stats: Mutex::default(),
            #[cfg(feature = "engine")]
            schedules_changed: Arc::default(),
        }
    }

    /// The same catalog, whose documents take this memory.
    pub(super) fn within(self, memory: Memory) -> Self {
        Self { memory, ..self }
    }

    pub(super) fn workspaces(&self) -> Vec<types::Workspace> {
        self.workspaces.read().iter().map(|(name, workspace)| workspace.show(name)).collect()
    }

    pub(super) fn workspace(&self, name: &str) -> Result<types::Workspace, ApiError> {
        let workspaces = self.workspaces.read();
        workspaces
            .get(name)
            .map(|workspace| workspace.show(name))
            .ok_or_else(|| ApiError::no_workspace(name))
    }

    pub(super) fn create_workspace(
        &self,
        request: CreateWorkspaceRequest,
        creator: Creator,
    ) -> Result<types::Workspace, ApiError> {
        check_name("name", &request.name)?;
        let mut workspaces = self.workspaces.write();
        if workspaces.contains_key(&request.name) {
            return Err(ApiError::already_exists("Workspace", &request.name));
        }
        let workspace = Workspace::new(request.description, creator);
        let shown = workspace.show(&request.name);
        self.keep(|| Change::put(kept::WORKSPACE, &request.name, &workspace));
        workspaces.insert(request.name, workspace);
        Ok(shown)
    }

    pub(super) fn delete_workspace(&self, name: &str) -> Result<types::Workspace, ApiError> {
        let mut workspaces = self.workspaces.write();
        let workspace = workspaces.get(name).ok_or_else(|| ApiError::no_workspace(name))?;
        if name == COMMONS {
            let message = format!("Workspace {COMMONS:?} always exists");
            return Err(ApiError::new(ErrorType::Forbidden, message));
        }
        if let Some(held) = workspace.holds() {
            let message = format!("Workspace {name:?} can't be deleted: it holds {held}");
            return Err(ApiError::new(ErrorType::Dependentresources, message));
        }
        let shown = workspace.show(name);
        workspaces.remove(name);
        self.keep(|| Change::delete(kept::WORKSPACE, name));
        Ok(shown)
    }

    /// Changes a workspace, or what it holds.
    #[cfg(feature = "engine")]
    fn change<T>(
        &self,
        workspace: &str,
        change: impl FnOnce(&mut Workspace) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let mut workspaces = self.workspaces.write();
        change(workspaces.get_mut(workspace).ok_or_else(|| ApiError::no_workspace(workspace))?)
    }

    /// Hands a change of an entry over to the journal. The caller holds the lock under which the
    /// thing itself changes, so that changes come in their order.
    fn keep(&self, change: impl FnOnce() -> Change) {
        if let Some(journal) = &self.journal {
            journal.commit(change());
        }
    }

    /// Whether another process writes, and this one only follows it.
    pub(super) fn is_replica(&self) -> bool {
        self.following.is_some()
    }

    /// How far this process follows the one that writes, if it is a read replica.
    pub(super) fn following(&self) -> Option<&Following> {
        self.following.as_ref()
    }

    /// Fails if nothing can be changed here, or nothing can be made durable now.
    pub(super) fn check_journal(&self) -> Result<(), ApiError> {
        if self.is_replica() {
            return Err(ApiError::read_replica(self.writer.read().as_deref()));
        }
        self.journal.as_ref().map_or(Ok(()), Journal::check)
    }

    /// Waits until all changes so far are durable.
    pub(super) async fn settled(&self) -> Result<(), ApiError> {
        match &self.journal {
            None => Ok(()),
            Some(journal) => journal.settled().await,
        }
    }

    /// All collections.
    pub(super) fn collections(&self) -> Vec<Arc<Collection>> {
        self.workspaces.read().values().flat_map(Workspace::collections).cloned().collect()
    }

    /// The documents of all collections.
    #[cfg(feature = "engine")]
    pub(super) fn snapshots(&self) -> Vec<Arc<Snapshot>> {
        self.collections().iter().map(|collection| collection.snapshot()).collect()
    }

    /// The collections of a workspace.
    pub(super) fn collections_of(&self, workspace: &str) -> Vec<Arc<Collection>> {
        let workspaces = self.workspaces.read();
        let within = names::within(&workspaces, Some(workspace));
        within.into_iter().flat_map(Workspace::collections).cloned().collect()
    }

    /// A collection at any stage of its life.
    pub(super) fn collection(
        &self,
        workspace: &str,
        name: &str,
    ) -> Result<Arc<Collection>, ApiError> {
        let workspaces = self.workspaces.read();
        let found = workspaces.get(workspace).ok_or_else(|| ApiError::no_workspace(workspace))?;
        let collection = found.collections.get(name).filter(|collection| !collection.is_gone());
        collection.cloned().ok_or_else(|| ApiError::no_collection(workspace, name))
    }

    /// Deletes a collection that no alias and no view depends on. The caller gets its documents and
    /// frees their memory, which may take long.
    pub(super) fn delete_collection(
        &self,
        workspace: &str,
        name: &str,
    ) -> Result<(Arc<Collection>, Arc<Snapshot>), ApiError> {
        let collection = self.collection(workspace, name)?;
        collection.changeable()?;
        // Held while it is deleted, so that nothing begins to depend on it, and so that who finds
        // it under this lock gets all of its documents.
        let workspaces = self.workspaces.write();
        names::check_unused(&workspaces, "Collection", workspace, name)?;
        let documents = collection.delete();
        Ok((collection, documents))
    }

    /// Adds a source to a collection.
    pub(super) fn add_source(
        &self,
        collection: &Collection,
        source: SourceEntry,
    ) -> Result<types::Source, ApiError> {
        // Held until the source is added, so that its integration isn't deleted meanwhile.
        let integrations = self.integrations.read();
        if let Some(name) = integration::named(source.source()) {
            let found = integrations.get(name).ok_or_else(|| ApiError::no_integration(name))?;
            integration::check_kind(source.source(), &found.integration)?;
        }
        collection.add_source(source)
    }

    pub(super) fn create_collection(
        &self,
        workspace: &str,
        definition: Definition,
    ) -> Result<Arc<Collection>, ApiError> {
        // Held until the collection exists, so that no integration of its sources is deleted
        // meanwhile.
        let integrations = self.integrations.read();
        for source in definition.sources.iter().map(SourceEntry::source) {
            let Some(name) = integration::named(source) else { continue };
            let found = integrations.get(name).ok_or_else(|| ApiError::no_integration(name))?;
            integration::check_kind(source, &found.integration)?;
        }
        let mut workspaces = self.workspaces.write();
        let within =
            workspaces.get_mut(workspace).ok_or_else(|| ApiError::no_workspace(workspace))?;
        within.collections.retain(|_, collection| !collection.is_gone());
        within.check_free(&definition.name)?;
        let journal = self.journal.clone();
        let collection =
            Collection::new(workspace, definition, self.ready_after, journal).within(&self.memory);
        collection.keep(&mut collection.state());
        let collection = Arc::new(collection);
        within.collections.insert(collection.name().to_string(), collection.clone());
        Ok(collection)
    }
}

/// The present time, as the API writes the time of a creation.
pub(super) fn timestamp() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}
