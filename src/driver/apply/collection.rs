//! The work on one collection: to create, recreate or update it, or to leave it as it is.
//!
//! It is done in steps. Each step depends only on what exists then, so the work continues where an
//! earlier Apply was cut off, and one read tells the next step of all collections of a workspace.

use super::marker::Marker;
use super::tally::Tally;
use super::workspace;
use crate::config::Resource;
use crate::driver::differences::{changes, describe, has_source};
use crate::driver::occupant;
use crate::driver::survey;
use crate::driver::task::Target;
use crate::driver::{Doing, Error};
use crate::rockset::enums::{CollectionStatus, ErrorType};
use crate::rockset::types::{
    Collection, CreateCollectionRequest, CreateCollectionResponse, UpdateCollectionRequest,
};
use crate::rockset::{self, Client, call};
use std::sync::Arc;
use tracing::info;

/// How often Rockset may refuse to create a collection because it exists, although it can't be read
/// or is gone when it is read.
const REFUSALS: u32 = 5;

/// What is to be done to one collection, and what has been done.
pub(super) struct Work {
    pub client: Client,
    pub target: Arc<Target>,
    pub resource: Resource,
    pub definition: CreateCollectionRequest,
    /// The last published configuration of the resource.
    pub last: Option<Resource>,
    /// Whether the collection is to be deleted and created again, if it exists.
    pub is_recreated: bool,
    /// The note in the collection that this has been done.
    pub marker: Marker,
    pub tally: Arc<Tally>,
    pub progress: WorkProgress,
}

/// What has been done so far.
#[derive(Debug, Default)]
pub(super) struct WorkProgress {
    /// What was done, one line each.
    pub actions: Vec<String>,
    /// Changed settings that can't be changed in the collection, one line each.
    pub reported: Vec<String>,
    is_planned: bool,
    was_deleted: bool,
    /// How often Rockset refused to create the collection because it exists.
    refusals: u32,
}

/// What follows a step.
pub(super) enum Next {
    /// Nothing: the work is done.
    Done,
    /// Another read. `is_being_deleted`: the collection has been deleted, and isn't gone yet.
    Look { is_being_deleted: bool },
    /// Another step, because this collection exists.
    Step(Box<Collection>),
}

enum Step {
    Create,
    Delete,
    Wait,
    Follow,
}

impl Work {
    fn step(&self, existing: Option<&Collection>) -> Step {
        match existing {
            None => Step::Create,
            Some(existing) if existing.status == Some(CollectionStatus::Deleted) => Step::Wait,
            Some(existing) if self.is_recreated && !self.has_been_recreated(existing) => {
                Step::Delete
            }
            Some(_) => Step::Follow,
        }
    }

    /// Whether a collection is the one that was created again.
    fn has_been_recreated(&self, existing: &Collection) -> bool {
        let description = existing.description.as_deref().unwrap_or_default();
        self.progress.was_deleted || Marker::split(description).1.as_ref() == Some(&self.marker)
    }

    /// Counts the calls to make, depending on what exists.
    pub fn plan(&mut self, existing: Option<&Collection>) {
        match (self.step(existing), existing) {
            (Step::Follow, Some(existing)) => {
                if self.update(existing).is_some() {
                    self.tally.updating.plan();
                }
                return;
            }
            (Step::Delete, _) => self.tally.deleting.plan(),
            _ => {}
        }
        self.progress.is_planned = true;
        self.tally.creating.plan();
    }

    /// Takes the next step, depending on what exists.
    pub async fn advance(&mut self, existing: Option<&Collection>) -> Result<Next, Error> {
        let next = match (self.step(existing), existing) {
            (Step::Wait, _) => Ok(Next::Look { is_being_deleted: true }),
            (Step::Delete, _) => {
                let deleted = self.delete().await;
                self.tally.deleting.done();
                deleted.map(|()| Next::Look { is_being_deleted: true })
            }
            (Step::Follow, Some(existing)) => self.follow(existing).await.map(|()| Next::Done),
            _ => self.create().await,
        };
        if self.progress.is_planned && matches!(next, Ok(Next::Done) | Err(_)) {
            self.tally.creating.done();
        }
        next
    }

    fn done(&mut self, action: String) {
        info!("{action}");
        self.progress.actions.push(action);
    }

    /// Creates the collection. Another process may do so at the same time.
    async fn create(&mut self) -> Result<Next, Error> {
        let mut definition = self.definition.clone();
        if self.is_recreated {
            let description = definition.description.as_deref().unwrap_or_default();
            definition.description = Some(Marker::append(description, Some(&self.marker)));
        }
        let Target { workspace, .. } = &*self.target;
        let mut answer = call(self.client.create_collection(workspace, &definition)).await;
        // A server may answer an empty list for a workspace that doesn't exist.
        if matches!(answer, Err(rockset::Error::NotFound(_))) {
            let created = workspace::create(&self.client, workspace).await?;
            self.progress.actions.extend(created);
            answer = call(self.client.create_collection(workspace, &definition)).await;
        }
        match answer {
            Ok(CreateCollectionResponse { data: Some(_), .. }) => {}
            Ok(_) => {
                let nothing = "an answer without the collection".to_string();
                let error = rockset::Error::Unexpected(nothing);
                return Err(error).doing(|| self.doing("creating"));
            }
            Err(error @ rockset::Error::AlreadyExists(_)) => return self.refused(error).await,
            Err(error) => return Err(error).doing(|| self.doing("creating")),
        }
        let mut action = format!("Created collection {}", self.target);
        if let Some(source) = &self.resource.initialize_from_s3 {
            action.push_str(&format!(", filled from {}", describe(source)));
        }
        self.done(action);
        Ok(Next::Done)
    }

    /// Finds out what exists after Rockset refused to create the collection because it exists.
    async fn refused(&mut self, refusal: rockset::Error) -> Result<Next, Error> {
        self.progress.refusals += 1;
        let refusals = self.progress.refusals;
        let Target { binding, workspace, collection, .. } = &*self.target;
        let existing = match survey::get(&self.client, workspace, collection).await {
            Ok(existing) => Some(existing),
            Err(rockset::Error::NotFound(_)) => None,
            Err(error) => return Err(error).doing(|| self.doing("looking for")),
        };
        match existing {
            Some(existing) if refusals < REFUSALS => Ok(Next::Step(existing.into())),
            // A deleted collection may have gone since the refusal.
            None if refusals == 1 => Ok(Next::Look { is_being_deleted: false }),
            existing => {
                let occupant = match existing {
                    Some(_) => None,
                    None => occupant::find(&self.client, workspace, collection).await,
                };
                let target = &self.target;
                let why = match occupant {
                    Some(what) => occupant::told(what, &target.to_string()),
                    None => format!(
                        "Rockset says that {target} exists, and when it is looked at it is not \
                         there: look in Rockset at what has that name, and whether somebody else \
                         creates and deletes it, or name another collection in the binding's \
                         resource"
                    ),
                };
                Err(refusal).doing(|| {
                    format!(
                        "bindings[{binding}]: collection {target} can't be created, because {why}"
                    )
                })
            }
        }
    }

    async fn delete(&mut self) -> Result<(), Error> {
        let Target { workspace, collection, .. } = &*self.target;
        match call(self.client.delete_collection(workspace, collection)).await {
            Ok(_) | Err(rockset::Error::NotFound(_)) => {}
            Err(error) if has_dependents(&error) => {
                return Err(error).doing(|| {
                    format!(
                        "{}, on which aliases or views depend: delete those in Rockset, or let \
                         them refer to another collection",
                        self.doing("deleting")
                    )
                });
            }
            Err(error) => return Err(error).doing(|| self.doing("deleting")),
        }
        self.progress.was_deleted = true;
        self.done(format!("Deleted collection {}, to fill it anew", self.target));
        Ok(())
    }

    /// Updates a collection that exists, and reports the changed settings that can't be updated.
    async fn follow(&mut self, existing: &Collection) -> Result<(), Error> {
        if let Some(source) = &self.resource.initialize_from_s3
            && !self.is_recreated
            && !has_source(existing, source)
        {
            return Err(Error::request(
                "Apply",
                format!(
                    "bindings[{}]: collection {} exists and has no source that reads {}; backfill \
                     the binding to create the collection anew, or leave initializeFromS3 out",
                    self.target.binding,
                    self.target,
                    describe(source),
                ),
            ));
        }
        if let Some(update) = self.update(existing) {
            let updated = self.send(update).await;
            self.tally.updating.done();
            updated?;
        }
        // A collection that was created again has all configured settings.
        let last = self.last.as_ref().filter(|_| !self.is_recreated);
        let changes = last.map(|last| changes(last, &self.resource, existing));
        self.progress.reported = changes
            .into_iter()
            .flatten()
            .map(|change| {
                format!(
                    "Kept {} of collection {} at {}, although it is configured as {} now: a \
                     backfill of the binding creates the collection anew",
                    change.setting, self.target, change.has, change.wanted
                )
            })
            .collect();
        Ok(())
    }

    /// The update of what is configured, differs, and can be changed in place.
    fn update(&self, existing: &Collection) -> Option<Update> {
        let differs = |wanted: Option<&str>, has: &str| wanted.is_some_and(|wanted| wanted != has);
        let wanted = &self.definition;
        let whole = existing.description.as_deref().unwrap_or_default();
        let (has, marker) = Marker::split(whole);
        // The marker of another backfill or of another task is out of date.
        let marker = marker.filter(|marker| marker.is_of_backfill(&self.marker));
        let description = wanted.description.as_deref();
        let new_description = differs(description, has) && differs(description, whole);
        let (wanted_sql, sql) = (&wanted.field_mapping_query, &existing.field_mapping_query);
        let sql_of = |query: &Option<_>| sql_text(query.as_ref());
        let new_sql = differs(sql_of(wanted_sql).as_deref(), &sql_of(sql).unwrap_or_default());

        // Properties that stay are sent again, because a server may remove what is left out.
        let is_stale = Marker::append(has, marker.as_ref()) != whole && !new_description;
        let described = match (description, &existing.description) {
            (None, None) => None,
            (description, _) if new_description || is_stale => {
                Some(Marker::append(description.unwrap_or(has), marker.as_ref()))
            }
            (_, existing) => existing.clone(),
        };
        (new_description || new_sql || is_stale).then(|| Update {
            body: UpdateCollectionRequest {
                description: described,
                field_mapping_query: wanted_sql.clone().or_else(|| sql.clone()),
            },
            new_description,
            new_sql,
        })
    }

    async fn send(&mut self, update: Update) -> Result<(), Error> {
        let Target { workspace, collection, .. } = &*self.target;
        call(self.client.update_collection(workspace, collection, &update.body))
            .await
            .doing(|| self.doing("updating"))?;
        let target = self.target.clone();
        if update.new_description {
            self.done(format!("Updated the description of collection {target}"));
        }
        if update.new_sql {
            self.done(format!(
                "Updated the ingest transformation of collection {target}, for documents that come \
                 from now on"
            ));
        }
        Ok(())
    }

    /// What is being done to the collection, for errors.
    fn doing(&self, verb: &str) -> String {
        format!("bindings[{}]: {verb} collection {}", self.target.binding, self.target)
    }
}

/// A change in place.
struct Update {
    body: UpdateCollectionRequest,
    new_description: bool,
    new_sql: bool,
}

/// Whether Rockset refuses to delete something because something else depends on it.
fn has_dependents(error: &rockset::Error) -> bool {
    let kind = error.rejection().and_then(|rejection| rejection.model.type_.as_ref());
    kind == Some(&ErrorType::Dependentresources)
}

fn sql_text(query: Option<&crate::rockset::types::FieldMappingQuery>) -> Option<String> {
    query.and_then(|query| query.sql.clone())
}
