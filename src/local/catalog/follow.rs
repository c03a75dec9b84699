//! What the log says of the catalog, done again: at the start, and as another process writes.

use super::alias::Alias;
use super::deployment::Deployment;
use super::integration::StoredIntegration;
use super::kept::{self, KeptCollection};
use super::lambda::Lambda;
use super::names::Workspaces;
use super::restore::{Plan, transformation};
use super::schedule::Schedule;
use super::view::View;
use super::virtual_instance::VirtualInstance;
use super::workspace::Workspace;
use super::{Catalog, Collection, Definition};
use crate::local::journal::{Change, Documents, News, Recovered};
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// Kinds of entries that others refer to, which are made first.
const FIRST: [&str; 1] = [kept::WORKSPACE];

impl Catalog {
    /// Makes everything that was recovered. An error names what can't be read.
    pub(super) fn recover(&self, recovered: &Recovered, plan: Plan) -> Result<(), String> {
        let put = |(path, value): (&String, &Arc<str>)| Change::Put {
            path: path.clone(),
            value: value.to_string(),
        };
        self.change_all(recovered.entries.iter().map(put).collect(), plan)?;
        self.replace_documents(recovered);
        Ok(())
    }

    /// Does what another process has done. An error names what can't be read.
    pub(in crate::local) fn follow(&self, news: News, plan: Plan) -> Result<(), String> {
        let News { changes, documents } = news;
        match documents {
            Documents::All(recovered) => {
                self.change_all(changes, plan)?;
                self.replace_documents(&recovered);
                Ok(())
            }
            Documents::Written(written) => {
                changes.iter().try_for_each(|it| self.change_entry(it, plan))?;
                let collections = self.collections();
                let found = collections.iter().find(|it| it.id == written.collection());
                found.map_or(Ok(()), |collection| collection.follow(written))
            }
            Documents::None => changes.iter().try_for_each(|it| self.change_entry(it, plan)),
        }
    }

    /// Makes changes that come in no order of their own.
    fn change_all(&self, mut changes: Vec<Change>, plan: Plan) -> Result<(), String> {
        // What is gone first, since its name may be another's now.
        changes.sort_by_key(|change| match change {
            Change::Put { path, .. } if FIRST.contains(&split(path).0) => 1,
            Change::Put { .. } => 2,
            Change::Delete { .. } | Change::DeleteAll { .. } => 0,
        });
        changes.iter().try_for_each(|change| self.change_entry(change, plan))
    }

    /// Changes what an entry is about. Entries of kinds that are not known here are of a newer
    /// program, and passed over.
    fn change_entry(&self, change: &Change, plan: Plan) -> Result<(), String> {
        match change {
            Change::Put { path, value } => self
                .put_entry(split(path), value, plan)
                .map_err(|error| format!("the entry {path} can't be read: {error}")),
            Change::Delete { path } => {
                self.delete_entry(split(path));
                Ok(())
            }
            Change::DeleteAll { prefix } => {
                // How far objects of sources are read is deleted so, too, which nobody asks here.
                if let (kept::API_KEY, of) = split(prefix) {
                    self.access.write().delete_keys(of);
                }
                Ok(())
            }
        }
    }

    fn put_entry(&self, (kind, key): (&str, &str), text: &str, plan: Plan) -> Result<(), String> {
        match kind {
            kept::WRITER => *self.writer.write() = Some(read(text)?),
            kept::INTEGRATION => {
                let integration = read::<StoredIntegration>(text)?;
                self.integrations.write().insert(key.to_string(), integration);
            }
            kept::INSTANCE => {
                let instance = read::<VirtualInstance>(text)?;
                let mut instances = self.instances.write();
                if instance.is_main() {
                    // It may have had another identifier.
                    instances.retain(|_, it| !it.is_main());
                }
                instances.insert(key.to_string(), instance);
            }
            kept::WORKSPACE => {
                let workspace = read::<Workspace>(text)?;
                let mut workspaces = self.workspaces.write();
                let within = workspaces.remove(key);
                workspaces.insert(key.to_string(), workspace.with_content_of(within));
            }
            kept::COLLECTION => self.put_collection(key, read(text)?, plan)?,
            kept::ALIAS => {
                let alias = read::<Alias>(text)?;
                let mut workspaces = self.workspaces.write();
                let within = holder(&mut workspaces, &alias.workspace)?;
                within.aliases.insert(alias.name.clone(), alias);
            }
            kept::VIEW => {
                let view = read::<View>(text)?;
                let mut workspaces = self.workspaces.write();
                holder(&mut workspaces, &view.workspace)?.views.insert(view.name.clone(), view);
            }
            kept::LAMBDA => {
                let lambda = read::<Lambda>(text)?;
                let mut workspaces = self.workspaces.write();
                let within = holder(&mut workspaces, &lambda.workspace)?;
                within.lambdas.insert(lambda.name.clone(), lambda);
            }
            kept::SCHEDULE => {
                let schedule = read::<Schedule>(text)?;
                let mut workspaces = self.workspaces.write();
                let within = holder(&mut workspaces, &schedule.workspace)?;
                within.schedules.insert(schedule.id.clone(), schedule);
            }
            kept::EVENT => self.events.put_entry(key, text)?,
            kept::DEPLOYMENT => *self.deployment.write() = read::<Deployment>(text)?,
            kept::USER | kept::ROLE | kept::API_KEY => {
                self.access.write().put_entry(kind, key, text)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn delete_entry(&self, (kind, key): (&str, &str)) {
        let within = |delete: fn(&mut Workspace, &str)| {
            if let Some((workspace, name)) = key.split_once('/')
                && let Some(workspace) = self.workspaces.write().get_mut(workspace)
            {
                delete(workspace, name);
            }
        };
        match kind {
            kept::INTEGRATION => drop(self.integrations.write().remove(key)),
            kept::INSTANCE => drop(self.instances.write().remove(key)),
            kept::WORKSPACE => drop(self.workspaces.write().remove(key)),
            kept::COLLECTION => self.remove_collection(key),
            kept::ALIAS => within(|workspace, name| drop(workspace.aliases.remove(name))),
            kept::VIEW => within(|workspace, name| drop(workspace.views.remove(name))),
            kept::LAMBDA => within(|workspace, name| drop(workspace.lambdas.remove(name))),
            kept::SCHEDULE => within(|workspace, id| drop(workspace.schedules.remove(id))),
            kept::EVENT => self.events.delete_entry(key),
            kept::USER | kept::ROLE | kept::API_KEY => {
                self.access.write().delete_entry(kind, key);
            }
            _ => {}
        }
    }

    /// Makes a collection, or changes the one with its identifier.
    fn put_collection(
        &self,
        key: &str,
        kept: KeptCollection<Definition>,
        plan: Plan,
    ) -> Result<(), String> {
        let id = kept::identifier(key)?;
        let transformation = transformation(&kept, plan)?;
        let mut workspaces = self.workspaces.write();
        let within = holder(&mut workspaces, &kept.workspace)?;
        let known = within.collections.get(&kept.definition.name).filter(|known| known.id == id);
        if let Some(known) = known {
            known.take_over(kept, transformation);
            return Ok(());
        }
        let (ready_after, journal) = (self.ready_after, self.journal.clone());
        let new = Collection::restored(id, kept, transformation, ready_after, journal)
            .within(&self.memory)
            .measured_by(self.sizes.clone());
        within.collections.insert(new.name().to_string(), Arc::new(new));
        Ok(())
    }

    fn remove_collection(&self, key: &str) {
        let mut workspaces = self.workspaces.write();
        let is_it = |it: &Collection| kept::key(it.id) == key;
        for workspace in workspaces.values_mut() {
            // Its documents may take longer to free than a lock should be held.
            workspace.collections.retain(|_, it| !is_it(it));
        }
    }

    /// Replaces the documents of all collections at once, so that no query sees the older ones of a
    /// collection beside the newer ones of another.
    fn replace_documents(&self, recovered: &Recovered) {
        let collections = self.collections();
        let collections: Vec<_> = collections.iter().filter(|it| !it.is_of_server()).collect();
        let turns: Vec<_> = collections.iter().map(|collection| collection.turn()).collect();
        let mut states: Vec<_> = collections.iter().map(|collection| collection.state()).collect();
        for (collection, state) in collections.iter().zip(&mut states) {
            collection.recover(state, recovered);
        }
        drop(states);
        drop(turns);
    }
}

/// Kind and key of an entry.
fn split(path: &str) -> (&str, &str) {
    path.split_once('/').unwrap_or((path, ""))
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// The workspace that holds what an entry is about.
fn holder<'a>(workspaces: &'a mut Workspaces, name: &str) -> Result<&'a mut Workspace, String> {
    workspaces.get_mut(name).ok_or_else(|| format!("it names workspace {name:?}, which is missing"))
}
