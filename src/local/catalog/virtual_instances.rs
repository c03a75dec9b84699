//! The virtual instances of the organization.

use super::creator::Creator;
use super::definition::check_name;
use super::virtual_instance::{MAIN, MAIN_ID, Settings, VirtualInstance};
use super::{Catalog, kept};
use crate::local::error::ApiError;
use crate::local::journal::Change;
use crate::rockset::enums::{ErrorType, VirtualInstanceState as State};
use crate::rockset::types;
use std::collections::BTreeMap;
#[cfg(feature = "engine")]
use tracing::warn;

/// All virtual instances, by identifier.
pub(super) type Instances = BTreeMap<String, VirtualInstance>;

/// The instances at first.
pub(super) fn first() -> Instances {
    let main = VirtualInstance::main();
    BTreeMap::from([(main.id.clone(), main)])
}

impl Catalog {
    /// All instances, the main one first.
    pub fn instances(&self) -> Vec<types::VirtualInstance> {
        let instances = self.instances.read();
        let mut sorted: Vec<&VirtualInstance> = instances.values().collect();
        sorted.sort_by_key(|it| !it.is_main());
        sorted.into_iter().map(|it| it.show(it.state(self.ready_after))).collect()
    }

    /// The read replicas that are alive, as instances.
    #[cfg(feature = "engine")]
    pub async fn replica_instances(&self) -> Vec<types::VirtualInstance> {
        let Some(replicas) = &self.replicas else { return Vec::new() };
        let alive = replicas.alive().await.unwrap_or_else(|error| {
            warn!(%error, "the read replicas of the store are not known");
            Vec::new()
        });
        alive.into_iter().map(|it| VirtualInstance::replica(it).show(State::Active)).collect()
    }

    #[cfg(not(feature = "engine"))]
    pub async fn replica_instances(&self) -> Vec<types::VirtualInstance> {
        Vec::new()
    }

    /// The read replica of an identifier or RRN, as an instance, if it is alive.
    pub async fn replica_instance(&self, id: &str) -> Option<types::VirtualInstance> {
        let is_meant = |it: &types::VirtualInstance| {
            [&it.id, &it.rrn].into_iter().flatten().any(|named| named == id)
        };
        self.replica_instances().await.into_iter().find(is_meant)
    }

    pub fn instance(&self, id: &str) -> Result<types::VirtualInstance, ApiError> {
        let instances = self.instances.read();
        let found = find(&instances, id)?;
        Ok(found.show(found.state(self.ready_after)))
    }

    /// The identifier of an instance that takes queries.
    #[cfg(feature = "engine")]
    pub fn active_instance(&self, id: &str) -> Result<String, ApiError> {
        let instances = self.instances.read();
        let found = find(&instances, id)?;
        let state = found.state(self.ready_after);
        if state == State::Active {
            return Ok(found.id.clone());
        }
        let name = &found.settings.name;
        let message = format!("Virtual instance {name:?} is {state}, and takes queries if ACTIVE");
        Err(ApiError::new(ErrorType::NotReady, message))
    }

    pub fn create_instance(
        &self,
        settings: Settings,
        creator: Creator,
    ) -> Result<types::VirtualInstance, ApiError> {
        check_name("name", &settings.name)?;
        let mut instances = self.instances.write();
        check_free(&instances, &settings.name)?;
        let created = VirtualInstance::new(settings, creator);
        let shown = created.show(State::Initializing);
        self.put_instance(&mut instances, created);
        Ok(shown)
    }

    /// Changes the settings of an instance.
    pub fn update_instance(
        &self,
        id: &str,
        change: impl FnOnce(&mut Settings),
    ) -> Result<types::VirtualInstance, ApiError> {
        let mut instances = self.instances.write();
        let mut changed = find(&instances, id)?.clone();
        let before = changed.clone();
        change(&mut changed.settings);
        if changed.is_static() && !before.is_static() {
            self.take_moments(&mut changed);
        }
        if changed.settings.name != before.settings.name {
            check_own(&before, "renamed")?;
            check_name("name", &changed.settings.name)?;
            check_free(&instances, &changed.settings.name)?;
        }
        let shown = changed.show(changed.state(self.ready_after));
        self.put_instance(&mut instances, changed);
        Ok(shown)
    }

    /// Answers the state that follows, however soon it has passed.
    pub fn suspend_instance(&self, id: &str) -> Result<types::VirtualInstance, ApiError> {
        let mut instances = self.instances.write();
        let mut changed = find(&instances, id)?.clone();
        check_own(&changed, "suspended")?;
        changed.suspend();
        let shown = changed.show(State::Suspending);
        self.put_instance(&mut instances, changed);
        Ok(shown)
    }

    /// Answers the state that follows, however soon it has passed.
    pub fn resume_instance(&self, id: &str) -> Result<types::VirtualInstance, ApiError> {
        let mut instances = self.instances.write();
        let mut changed = find(&instances, id)?.clone();
        changed.resume();
        let shown = changed.show(State::Resuming);
        self.put_instance(&mut instances, changed);
        Ok(shown)
    }

    pub fn delete_instance(&self, id: &str) -> Result<types::VirtualInstance, ApiError> {
        let mut instances = self.instances.write();
        let found = find(&instances, id)?.clone();
        check_own(&found, "deleted")?;
        if self.deployment.read().names(&found.id) {
            let name = &found.settings.name;
            let message = format!(
                "Virtual instance {name:?} can't be deleted: it is the default_query_vi of the \
                 deployment settings"
            );
            return Err(ApiError::new(ErrorType::Dependentresources, message));
        }
        instances.remove(&found.id);
        self.keep(|| Change::delete(kept::INSTANCE, &found.id));
        Ok(found.show(State::Deleted))
    }

    /// The identifier of the main instance.
    pub fn main_instance(&self) -> String {
        main_of(&self.instances.read()).to_string()
    }

    /// The names by which privileges may name an instance, given by any of them.
    pub fn names_of_instance(&self, id: &str) -> Vec<String> {
        match find(&self.instances.read(), id) {
            Ok(found) if found.is_main() => vec![found.id.clone(), MAIN.to_string()],
            _ => vec![id.to_string()],
        }
    }

    /// Gives the main instance another identifier.
    pub(in crate::local) fn identify_main(&self, id: &str) {
        let mut instances = self.instances.write();
        let before = main_of(&instances).to_string();
        if before == id {
            return;
        }
        if let Some(mut main) = instances.remove(&before) {
            self.keep(|| Change::delete(kept::INSTANCE, &before));
            main.id = id.to_string();
            self.put_instance(&mut instances, main);
        }
    }

    /// The number of instances that aren't suspended.
    #[cfg(feature = "engine")]
    pub fn running_instances(&self) -> usize {
        let instances = self.instances.read();
        let states = instances.values().map(|it| it.state(self.ready_after));
        states.filter(|it| !matches!(it, State::Suspending | State::Suspended)).count()
    }

    pub(super) fn put_instance(&self, instances: &mut Instances, instance: VirtualInstance) {
        self.keep(|| Change::put(kept::INSTANCE, &instance.id, &instance));
        instances.insert(instance.id.clone(), instance);
    }
}

/// The identifier of the main instance.
pub(super) fn main_of(instances: &Instances) -> &str {
    instances.values().find(|it| it.is_main()).map_or(MAIN_ID, |it| &it.id)
}

pub(super) fn find<'a>(
    instances: &'a Instances,
    id: &str,
) -> Result<&'a VirtualInstance, ApiError> {
    let missing = || ApiError::not_found("Virtual instance", id);
    instances.values().find(|instance| instance.is(id)).ok_or_else(missing)
}

fn check_free(instances: &Instances, name: &str) -> Result<(), ApiError> {
    match instances.values().any(|known| known.settings.name == name) {
        true => Err(ApiError::already_exists("Virtual instance", name)),
        false => Ok(()),
    }
}

/// Fails for the main instance.
fn check_own(instance: &VirtualInstance, what: &str) -> Result<(), ApiError> {
    if instance.is_main() {
        let message = format!("The main virtual instance can't be {what}");
        return Err(ApiError::new(ErrorType::Forbidden, message));
    }
    Ok(())
}
