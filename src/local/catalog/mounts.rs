//! The mounts of all virtual instances. The main instance has every collection; others have what
//! is mounted on them.

use super::mount::Mount;
use super::virtual_instance::VirtualInstance;
use super::{Catalog, Collection, virtual_instances};
use crate::local::error::ApiError;
#[cfg(feature = "engine")]
use crate::local::storage::View;
use crate::rockset::enums::{
    CollectionMountState as State, ErrorType, VirtualInstanceState as InstanceState,
};
use crate::rockset::types::{CollectionMount, GetCollectionCommit};
use std::sync::Arc;

impl Catalog {
    pub fn mounts(&self, instance: &str) -> Result<Vec<CollectionMount>, ApiError> {
        let instances = self.instances.read();
        let found = virtual_instances::find(&instances, instance)?;
        let mounts = self.mounts_of(found);
        Ok(mounts.iter().map(|(mount, _)| self.show_mount(found, mount)).collect())
    }

    pub fn mount(&self, instance: &str, path: &str) -> Result<CollectionMount, ApiError> {
        let instances = self.instances.read();
        let found = virtual_instances::find(&instances, instance)?;
        Ok(self.show_mount(found, &self.find_mount(found, path)?.0))
    }

    /// Mounts collections on an instance. What is mounted already stays so.
    pub fn mount_collections(
        &self,
        instance: &str,
        paths: &[String],
    ) -> Result<Vec<CollectionMount>, ApiError> {
        let mut instances = self.instances.write();
        let mut changed = virtual_instances::find(&instances, instance)?.clone();
        let state = changed.state(self.ready_after);
        if matches!(state, InstanceState::Suspending | InstanceState::Suspended) {
            let name = &changed.settings.name;
            let message = format!("Virtual instance {name:?} is {state}: resume it first");
            return Err(ApiError::new(ErrorType::NotReady, message));
        }
        if paths.is_empty() {
            return Err(ApiError::invalid("Wrong in collection_paths: it names no collection"));
        }
        let mut shown = Vec::new();
        for path in paths {
            let collection = self.at_path(path)?;
            if let Ok((mount, _)) = self.find_mount(&changed, path) {
                shown.push(self.show_mount(&changed, &mount));
                continue;
            }
            changed.mounts.retain(|mount| mount.path != *path);
            let mut mount = Mount::new(path.clone(), collection.id);
            if changed.is_static() {
                mount.take(collection.read());
            }
            let new = mount.show(changed.host(), State::Creating, self.ready_after);
            // The hosted service told the time only later.
            shown.push(CollectionMount { created_at: None, ..new });
            changed.mounts.push(mount);
        }
        self.put_instance(&mut instances, changed);
        Ok(shown)
    }

    pub fn unmount(&self, instance: &str, path: &str) -> Result<CollectionMount, ApiError> {
        let mut instances = self.instances.write();
        let mut changed = virtual_instances::find(&instances, instance)?.clone();
        let (mount, _) = self.find_mount(&changed, path)?;
        if changed.is_main() {
            let message = "Every collection is mounted on the main virtual instance";
            return Err(ApiError::new(ErrorType::Forbidden, message));
        }
        changed.mounts.retain(|known| known.path != mount.path);
        let shown = mount.show(changed.host(), State::Deleting, self.ready_after);
        self.put_instance(&mut instances, changed);
        Ok(shown)
    }

    /// Whether all writes up to the highest of the offsets can be queried through a mount.
    pub fn mount_passed(
        &self,
        instance: &str,
        path: &str,
        fences: &[String],
    ) -> Result<GetCollectionCommit, ApiError> {
        let instances = self.instances.read();
        let found = virtual_instances::find(&instances, instance)?;
        let (mount, collection) = self.find_mount(found, path)?;
        match mount.taken().filter(|_| found.is_static()) {
            Some(taken) => collection.passed_in(fences, taken.writes()),
            None => collection.passed(fences),
        }
    }

    /// The documents of a collection as a query on an instance reads them: those of its mount, if
    /// that keeps them, and else all that there are.
    #[cfg(feature = "engine")]
    pub fn read_on(&self, instance: &str, path: &str, documents: View) -> View {
        if self.instances.read().get(instance).is_none_or(VirtualInstance::is_main) {
            return documents;
        }
        let mut instances = self.instances.write();
        let Some(found) = instances.get_mut(instance) else { return documents };
        let host = found.host();
        let id = self.at_path(path).map(|collection| collection.id).ok();
        let mut mounts = found.mounts.iter_mut();
        match mounts.find(|mount| mount.path == path && Some(mount.collection) == id) {
            Some(mount) => mount.read(&host, documents),
            None => documents,
        }
    }

    /// Keeps the documents of this moment for an instance whose mounts follow writes no longer.
    pub(super) fn take_moments(&self, instance: &mut VirtualInstance) {
        for mount in &mut instance.mounts {
            if let Ok(collection) = self.at_path(&mount.path) {
                mount.take(collection.read());
            }
        }
    }

    /// The mounts of an instance whose collections still exist.
    fn mounts_of(&self, instance: &VirtualInstance) -> Vec<(Mount, Arc<Collection>)> {
        if instance.is_main() {
            let collections = self.collections().into_iter().filter(|it| !it.is_deleted());
            return collections.map(|it| (it.on_main(), it)).collect();
        }
        let found = |mount: &Mount| {
            let collection = self.at_path(&mount.path).ok()?;
            (collection.id == mount.collection).then(|| (mount.clone(), collection))
        };
        instance.mounts.iter().filter_map(found).collect()
    }

    fn find_mount(
        &self,
        instance: &VirtualInstance,
        path: &str,
    ) -> Result<(Mount, Arc<Collection>), ApiError> {
        let mut mounts = self.mounts_of(instance).into_iter();
        mounts.find(|(mount, _)| mount.path == path).ok_or_else(|| {
            let name = &instance.settings.name;
            let message =
                format!("Collection {path:?} is not mounted on virtual instance {name:?}");
            ApiError::new(ErrorType::Notfound, message)
        })
    }

    fn show_mount(&self, instance: &VirtualInstance, mount: &Mount) -> CollectionMount {
        let state = mount.state(&instance.state(self.ready_after), self.ready_after);
        mount.show(instance.host(), state, self.ready_after)
    }

    /// The collection of a `workspace.collection`.
    fn at_path(&self, path: &str) -> Result<Arc<Collection>, ApiError> {
        let Some((workspace, name)) = path.rsplit_once('.') else {
            let message =
                format!("Wrong in collection_paths: {path:?} is not workspace.collection");
            return Err(ApiError::invalid(message));
        };
        let found = self.collection(workspace, name)?;
        let missing = || ApiError::no_collection(workspace, name);
        Some(found).filter(|collection| !collection.is_deleted()).ok_or_else(missing)
    }
}
